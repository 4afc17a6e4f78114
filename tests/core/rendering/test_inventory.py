"""Environments of one template at two of its revisions, between which a parameter got another name (law 5)."""

from bot.clouds.registry import FACTS
from bot.core.rendering.assemble import TemplateAt, read_template
from bot.core.rendering.collisions import collisions
from bot.core.rendering.inventory import Inventory, renamed
from bot.core.rendering.parameter_values import Origin, RequestedEnvironment, origin, resolve
from bot.core.tree import File
from bot.model.environment import Manifest
from bot.model.roots import DEFAULT as ROOTS
from bot.names import EnvironmentName, ParameterName, PurposeName, TemplateName
from tests.support import example

OLD, NEW = ParameterName("vpc_cidr"), ParameterName("network")


NAMES = tuple(f"demo-{letter}" for letter in "abcdefgh")
"""Enough that some of them begin to look for a network at the one that is held."""


def template(text: str) -> TemplateAt:
    files = {**example.template_files(), "template.yaml": File(text.encode())}
    return read_template(TemplateName("shop"), files, FACTS)


def older() -> TemplateAt:
    """Return a template with a pool of two networks."""
    return template(example.DECLARATION.replace("pool: 10.64.0.0/16", "pool: 10.64.0.0/23"))


def newer() -> TemplateAt:
    """Return the same, in which the network has another name, and so has the greeting."""
    text = older().files["template.yaml"].data.decode()
    text = text.replace("vpc_cidr: {", "network: {renamed_from: [vpc_cidr], ")
    return template(text.replace("greeting: {", "salute: {renamed_from: [greeting], "))


def clone(at: TemplateAt, *others: Manifest, name: str = "demo-y", inventory: Inventory | None = None) -> Manifest:
    """Return the manifest of a clone of a production that is behind, with values of a template."""
    source = example.production(older())
    every = inventory or Inventory({each.name: each for each in (source, *others)})
    request = RequestedEnvironment(EnvironmentName(name), PurposeName("demo"), {}, source)
    return source.model_copy(
        update={
            "name": EnvironmentName(name),
            "source": source.name,
            "revision": at.revision,
            "purpose": request.purpose,
            "parameters": resolve(at.declaration, request, every),
        }
    )


def test_law_5_a_network_that_an_environment_behind_holds_by_its_former_name_is_taken() -> None:
    for name in NAMES:
        theirs = clone(older(), name="demo-x")
        assert clone(newer(), theirs, name=name).parameters[NEW] != theirs.parameters[OLD]


def test_law_5_a_network_that_an_environment_ahead_holds_by_its_later_name_is_taken() -> None:
    for name in NAMES:
        theirs = clone(newer(), name="demo-x")
        live = {theirs.name: theirs}
        inventory = Inventory(live, renamed=renamed(newer().declaration.parameters))
        assert clone(older(), name=name, inventory=inventory).parameters[OLD] != theirs.parameters[NEW]


def test_law_5_the_check_finds_one_network_under_two_names() -> None:
    behind, ahead = clone(older(), name="demo-x"), clone(newer(), name="demo-y")
    templates = {each.revision: each for each in (older(), newer())}
    same = ahead.model_copy(update={"parameters": {**ahead.parameters, NEW: behind.parameters[OLD]}})
    assert len(collisions([behind, same], templates, ROOTS)) == 1
    other = ahead.model_copy(update={"parameters": {**ahead.parameters, NEW: "10.99.0.0/24"}})
    assert collisions([behind, other], templates, ROOTS) == []


def test_a_clone_of_a_source_that_is_behind_has_its_values_under_their_new_names() -> None:
    source = example.production(older())
    source = source.model_copy(update={"parameters": {**source.parameters, ParameterName("greeting"): "ave"}})
    request = RequestedEnvironment(EnvironmentName("demo-y"), PurposeName("demo"), {}, source)
    values = resolve(newer().declaration, request, Inventory({}))
    salute = ParameterName("salute")
    assert values[salute] == "ave"
    made = clone(newer())
    assert origin(newer().declaration, made, source, salute) is Origin.SOURCE
