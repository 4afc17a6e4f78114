"""Rules between parameters: what they say, what breaks them, and what is proposed instead."""

from typing import Any

import pytest

from bot.clouds.registry import FACTS
from bot.commands.model import Clone, Set
from bot.core.rendering.assemble import TemplateAt, assemble, read_template
from bot.core.rendering.inventory import Inventory
from bot.core.rendering.verify import verify
from bot.core.requests.change import ChangeSubject, draft_change
from bot.core.requests.clone import Base, CloneRequest, Draft, draft_clone
from bot.core.requests.refusal import Refused
from bot.core.requests.template_check.proof import a_clone, check_template
from bot.core.tree import File
from bot.errors import Unreadable
from bot.model.environment import Manifest
from bot.model.policy import Policy, Quota
from bot.names import EnvironmentName, ParameterName, TemplateName
from tests.support import example

PARAMETERS = """parameters:
  app_max: {type: number, integer: true, min: 1, max: 50, default: 40, description: The most tasks.}
  region: {type: enum, values: [eu-central-1, eu-west-1], default: eu-central-1, description: The region.}
  places: {type: list, default: [eu-central-1a, eu-central-1b], description: The zones.}
  nets: {type: list, items: cidr, default: [10.0.0.0/8], description: The networks.}
  warn: {type: duration, default: 1d, description: When to warn.}
  life: {type: duration, default: 7d, description: How long.}
"""
RULES = """rules:
  - {description: The fewest are not more than the most., at_most: [app_min, app_max]}
  - {description: A zone belongs to its region., begins_with: [places, region]}
  - {description: A warning comes before the end., at_most: [warn, life]}
purposes:
"""
POLICY = Policy(quota=Quota(total=1000, per_owner=1000))


def template(rules: str = RULES) -> TemplateAt:
    text = example.DECLARATION.replace("parameters:\n", PARAMETERS, 1).replace("purposes:\n", rules, 1)
    return read_template(
        TemplateName("shop"), {**example.template_files(), "template.yaml": File(text.encode())}, FACTS
    )


def production(at: TemplateAt, **values: Any) -> Manifest:
    defaults = {str(name): p.default for name, p in at.declaration.parameters.items() if p.default is not None}
    parameters: dict[str, Any] = {**defaults, **example.PRODUCTION_VALUES, **values}
    found = example.production(at)
    return found.model_copy(update={"parameters": {name: parameters[name] for name in at.declaration.parameters}})


def base() -> Base:
    at = template()
    source = production(at)
    return Base(at, source, assemble(at, source), Inventory({source.name: source}), POLICY)


def asked(**values: str) -> CloneRequest:
    return example.asked(set={ParameterName(name): text for name, text in values.items()})


@pytest.mark.parametrize(
    ("values", "message", "instead"),
    [
        ({"app_max": "1", "app_min": "3"}, "`app_min` is `3` and must be at most `app_max`, which is `1`", {"app_max": "3", "app_min": "1"}),
        ({"region": "eu-west-1"}, "must begin with `region`, which is `eu-west-1`: A zone belongs to its region.",
         {"region": "eu-west-1", "places": "eu-west-1a,eu-west-1b"}),
        ({"places": "eu-west-1a"}, "`places` is `[\"eu-west-1a\"]` and must begin with", {"places": "eu-central-1a"}),
        ({"places": "moon-1a"}, "`places` is `[\"moon-1a\"]` and must begin with", None),
        ({"warn": "8d"}, "`warn` is `8d` and must be at most `life`, which is `7d`", {"warn": "7d"}),
        ({"life": "12h"}, "`warn` is `1d` and must be at most `life`, which is `12h`", {"life": "1d"}),
        ({"nets": "10.0.0.1/8,10.1.0.0/16"}, "`nets` must be an IPv4 network", {"nets": "10.0.0.0/8,10.1.0.0/16"}),
    ],
)  # fmt: skip
def test_values_that_contradict_each_other_are_refused_with_values_that_do_not(
    values: dict[str, str], message: str, instead: dict[str, str] | None
) -> None:
    found = draft_clone(asked(**values), base())
    assert isinstance(found, Refused)
    assert message in found.reason
    assert instead is None or isinstance(found.instead, Clone)
    assert (found.instead.set if isinstance(found.instead, Clone) else None) == instead
    if found.instead is not None:
        assert isinstance(draft_clone(asked(**(instead or {})), base()), Draft)


def test_a_set_is_held_against_the_rules_as_well() -> None:
    at = template()
    clone = draft_clone(asked(), base())
    assert isinstance(clone, Draft)
    command = Set(clone.manifest.name, {ParameterName("app_max"): "1", ParameterName("app_min"): "2"})
    found = draft_change(command, ChangeSubject(clone.manifest, at, POLICY), example.NOW)
    assert isinstance(found, Refused)
    assert "must be at most `app_max`" in found.reason
    assert found.instead == Set(clone.manifest.name, {ParameterName("app_max"): "2", ParameterName("app_min"): "1"})


def test_verify_names_the_line_of_a_value_that_contradicts_another() -> None:
    at = template()
    manifest = production(at, app_min=20, app_max=3)
    files = assemble(at, manifest)
    (finding,) = verify(manifest.name, files, at)
    line = files["environment.yaml"].data.decode().splitlines()[finding.line - 1]
    assert line == "  app_min: 20"
    assert "must be at most `app_max`" in finding.message


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("at_most: [app_min, app_mx]", "unknown parameter `app_mx`"),
        ("at_most: [app_min, greeting]", "`at_most` doesn't apply to `greeting`, which is a string"),
        ("begins_with: [app_min, region]", "`begins_with` doesn't apply to `app_min`, which is a number"),
    ],
)
def test_template_check_names_the_line_of_a_rule_that_makes_no_sense(rule: str, message: str) -> None:
    at = template(f"rules:\n  - description: Because.\n    {rule}\npurposes:\n")
    proof = check_template(
        at, None, CloneRequest(a_clone(EnvironmentName("production"), example.ALICE), None, example.ALICE, example.NOW)
    )
    (finding,) = [finding for finding in proof.findings if message in finding.message]
    lines = at.files["template.yaml"].data.decode().splitlines()
    assert lines[finding.line - 1] == "  - description: Because."


@pytest.mark.parametrize(
    "rule", ["{description: Both., at_most: [a, b], begins_with: [a, b]}", "{description: None.}", "{at_most: [a, b]}",
             "{description: One., at_most: [a]}", "{description: Code., at_most: [a, b], when: 'a > b'}"]
)  # fmt: skip
def test_a_rule_has_one_form_and_a_reason(rule: str) -> None:
    with pytest.raises(Unreadable, match=r"template.yaml:\d+: .*rules"):
        template(f"rules:\n  - {rule}\npurposes:\n")


UNMANAGED = """unmanaged:
  staging: {name: staging, domain: staging.clones.acme.example, vpc_cidr: 10.64.0.0/17}
  office: {vpc_cidr: 10.0.128.0/17}
purposes:
"""


def test_nobody_gets_the_name_or_a_value_of_an_environment_with_code_of_its_own() -> None:
    at = template(UNMANAGED)
    source = production(at)
    base = Base(at, source, assemble(at, source), Inventory({source.name: source}), POLICY)

    def drafted(name: str = "demo-x", **values: str) -> Draft | Refused:
        given = {ParameterName(key): value for key, value in values.items()}
        return draft_clone(example.asked(name, set=given), base)

    for name in ("staging", "stg"):
        refused = drafted(name)
        assert isinstance(refused, Refused)
        assert "an environment with code of its own" in refused.reason
    for key, value in {"domain": "staging.clones.acme.example", "vpc_cidr": "10.64.3.0/24"}.items():
        refused = drafted(**{key: value})
        assert isinstance(refused, Refused)
        assert f"`{key}` can't be `{value}`" in refused.reason
        assert isinstance(refused.instead, Clone)
        assert not refused.instead.set
    found = drafted()
    assert isinstance(found, Draft)
    assert int(str(found.manifest.parameters[ParameterName("vpc_cidr")]).split(".")[2]) >= 128, "the upper half is free"
    assert not verify(source.name, base.source_files, at), "production's own network holds it"
    # What is written by hand is refused in the pull request.
    values = {**found.manifest.parameters, ParameterName("domain"): "staging.clones.acme.example"}
    named = found.manifest.model_copy(update={"name": EnvironmentName("staging"), "parameters": values})
    said = [each.message for each in verify(named.name, assemble(at, named), at)]
    assert [each.partition(" ")[0] for each in said[:3]] == ["`domain`", "`staging`", "`name`"]


def test_what_has_code_of_its_own_has_values_of_the_template() -> None:
    at = template(UNMANAGED.replace("name: staging,", "nam: x, app_min: none,"))
    request = CloneRequest(a_clone(EnvironmentName("production"), example.ALICE), None, example.ALICE, example.NOW)
    (unknown, wrong, *_) = check_template(at, None, request).findings
    assert "unknown parameter `nam`" in str(unknown)
    assert "`app_min` must be a number" in str(wrong)
