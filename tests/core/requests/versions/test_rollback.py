"""What an environment may go back to: only what it was itself, with values that nobody else has taken since."""

from dataclasses import replace
from typing import Any

import pytest

from bot.clouds.registry import FACTS
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.rendering.assemble import assemble, manifest_file, read_template
from bot.core.rendering.inventory import Claim, Inventory
from bot.core.requests.change import Changed, Unchanged
from bot.core.requests.clone import Draft, draft_clone
from bot.core.requests.refusal import Refused
from bot.core.requests.versions.rollback import EarlierVersion, RollbackSubject, draft_rollback
from bot.core.tree import File
from bot.model.environment import ExistingState, Manifest, Waiver
from bot.model.policy import Policy
from bot.model.roots import DEFAULT as ROOTS
from bot.names import EnvironmentName, Login, ParameterName, StepName, TemplateName
from tests.support import example

CIDR = ParameterName("vpc_cidr")


def clone(name: str = "demo-x") -> Manifest:
    drafted = draft_clone(example.asked(name), example.base())
    assert isinstance(drafted, Draft)
    return drafted.manifest


def version(of: Manifest, **values: Any) -> EarlierVersion:
    at = example.template()
    manifest = of.model_copy(update={"parameters": {**of.parameters, **values}})
    return EarlierVersion("a" * 40, manifest, assemble(at, manifest), at)


def subject(now: Manifest, *others: Manifest) -> RollbackSubject:
    at = example.template()
    inventory = Inventory({each.name: each for each in (now, *others)})
    return RollbackSubject(now, assemble(at, now), at, Policy(), inventory)


def test_an_environment_that_is_as_it_was_is_not_changed() -> None:
    now = clone()
    assert isinstance(draft_rollback(subject(now), version(now), example.NOW), Unchanged)


def test_owner_expiry_and_renewed_waivers_stay() -> None:
    def waiver(reason: str) -> Waiver:
        return Waiver(what="app/x", reason=reason, owner=Login("bob"), expires_at=example.NOW)

    then = clone()
    now = then.model_copy(update={"owner": Login("carol"), "waivers": (waiver("it was renewed since"),)})
    earlier = version(then.model_copy(update={"waivers": (waiver("as it was then"),)}), greeting="ave")
    drafted = draft_rollback(subject(now), earlier, example.NOW)
    assert isinstance(drafted, Changed)
    assert drafted.manifest.owner == "carol"
    assert drafted.manifest.waivers == now.waivers
    assert drafted.files["environment.yaml"] == manifest_file(drafted.manifest, ROOTS)
    assert b"ave" in drafted.files["app/terraform.tfvars.json"].data


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ({"request": None}, "another environment of that name"),
        ({"source": EnvironmentName("qa-1")}, "another environment of that name"),
        ({"state": {StepName("app"): ExistingState(key="old/key")}}, "lies elsewhere since"),
    ],
)
def test_what_bore_the_name_before_is_refused(then: dict[str, Any], said: str) -> None:
    now = clone()
    drafted = draft_rollback(subject(now), version(now.model_copy(update=then), greeting="ave"), example.NOW)
    assert isinstance(drafted, Refused)
    assert said in drafted.reason


def test_another_identity_is_refused() -> None:
    now = clone()
    drafted = draft_rollback(subject(now), version(now, domain="x.example"), example.NOW)
    assert isinstance(drafted, Refused)
    assert "`domain` was `x.example`, which identifies `demo-x`" in drafted.reason


def test_a_value_that_it_held_alone_is_claimed_again_unless_another_has_it_now() -> None:
    then, other = clone(), clone("demo-y")
    without = {name: value for name, value in then.parameters.items() if name != CIDR}
    now = then.model_copy(update={"parameters": without})
    declared = {name: each for name, each in example.template().declaration.parameters.items() if name != CIDR}
    at = example.template()
    narrower = replace(at, declaration=at.declaration.model_copy(update={"parameters": declared}))
    free = RollbackSubject(now, {}, narrower, Policy(), Inventory({now.name: now}))
    drafted = draft_rollback(free, version(then), example.NOW)
    assert isinstance(drafted, Changed)
    assert drafted.claims == [Claim(CIDR, str(then.parameters[CIDR]))]
    taken = other.model_copy(update={"parameters": {**other.parameters, CIDR: then.parameters[CIDR]}})
    refused = draft_rollback(
        replace(free, inventory=Inventory({now.name: now, other.name: taken})), version(then), example.NOW
    )
    assert isinstance(refused, Refused)
    assert "and `demo-y` has that now" in refused.reason


def test_an_identity_that_has_another_name_by_now_is_not_changed_either() -> None:
    then = clone()
    text = example.DECLARATION.replace("vpc_cidr: {", "network: {renamed_from: [vpc_cidr], ")
    files = {**example.template_files(), "template.yaml": File(text.encode())}
    at = read_template(TemplateName("shop"), files, FACTS)
    values = {name: value for name, value in then.parameters.items() if name != CIDR}
    for network, is_refused in (("10.64.9.0/24", True), (then.parameters[CIDR], False)):
        now = then.model_copy(update={"parameters": {**values, ParameterName("network"): network}})
        before = subject(then)
        found = draft_rollback(replace(before, manifest=now, template=at), version(then, greeting="ave"), example.NOW)
        assert isinstance(found, Refused) == is_refused, found
        if isinstance(found, Refused):
            assert "`vpc_cidr` was" in found.reason


def test_what_the_default_branch_demands_by_now_is_demanded_of_an_earlier_version_too() -> None:
    was, greeting, base = clone(), ParameterName("greeting"), example.base()
    now = was.model_copy(update={"parameters": {**was.parameters, greeting: "ave"}, "overrides": (greeting,)})
    before = replace(subject(now), source=CodeSide(base.source, base.source_files))
    earlier = version(was.model_copy(update={"overrides": (greeting,)}))
    assert isinstance(draft_rollback(before, earlier, example.NOW), Changed)
    for demand, said in (
        ("settable: false", "`greeting` can't be overridden"),
        ("outbound: true", "both have the same `greeting` (so the base branch's template demands)"),
    ):
        text = example.DECLARATION.replace("default: hello,", f"default: hello, {demand},", 1)
        files = {**example.template_files(), "template.yaml": File(text.encode())}
        contract = read_template(TemplateName("shop"), files, FACTS).declaration
        found = draft_rollback(replace(before, contract=contract), earlier, example.NOW)
        assert isinstance(found, Refused)
        assert "would not pass the pull request's check now" in found.reason
        assert said in found.reason
