"""Drafting: precedence, allocation, refusals that help, and how deviations are explained (laws 5 and 7)."""

import json
from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.model import Clone
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import compare
from bot.core.rendering.allocate import Held, allocate
from bot.core.rendering.assemble import assemble
from bot.core.rendering.collisions import collisions
from bot.core.rendering.inventory import Claim, Inventory
from bot.core.rendering.parameter_values import Origin, origin
from bot.core.rendering.verify import verify
from bot.core.requests.clone import Base, Draft, draft_clone
from bot.core.requests.preflight import blamed
from bot.core.requests.refusal import Refused
from bot.core.tree import File
from bot.errors import Finding, UserError
from bot.model.environment import ExistingState
from bot.model.policy import Policy, Quota
from bot.model.roots import DEFAULT as ROOTS
from bot.model.template import Choices, Pool
from bot.names import EnvironmentName, Login, ParameterName, PurposeName
from tests.support import example
from tests.support.budget import examples

CIDR = ParameterName("vpc_cidr")


def drafted(base: Base | None = None, name: str = "demo-x", comment: int = 1, **command: Any) -> Draft:
    found = draft_clone(example.asked(name, comment, **command), base or example.base())
    assert isinstance(found, Draft), found
    return found


def refusal(base: Base | None = None, name: str = "demo-x", **command: Any) -> Refused:
    found = draft_clone(example.asked(name, **command), base or example.base())
    assert isinstance(found, Refused), found
    return found


def test_a_value_that_has_to_be_given_is_not_blamed_for_what_else_is_wrong() -> None:
    def found_without(name: ParameterName) -> list[Finding]:
        raise UserError(f"`{name}` needs a value.")

    assert blamed([Finding("main.tf", 1, "wrong")], [CIDR], found_without) == []


def test_values_follow_the_precedence() -> None:
    manifest = drafted(purpose=PurposeName("demo"), set={ParameterName("app_min"): "3"}).manifest
    values: dict[str, object] = {str(name): value for name, value in manifest.parameters.items()}
    template, source = example.template().declaration, example.production()
    assert values["app_min"] == 3
    assert values["db_class"] == "small"
    assert values["account_id"] == "222222222222"
    assert values["domain"] == "demo-x.clones.acme.example"
    assert values["zones"] == ["a", "b", "c"]
    assert values["payments_url"] == "https://payments.invalid/demo-x"
    origins: dict[str, Origin] = {name: origin(template, manifest, source, name) for name in template.parameters}
    assert origins["app_min"] is Origin.OVERRIDE
    assert origins["db_class"] is Origin.PURPOSE
    assert origins["domain"] is Origin.DERIVED
    assert origins["vpc_cidr"] is Origin.ALLOCATED
    assert origins["zones"] is Origin.SOURCE


def test_a_load_test_keeps_productions_sizes() -> None:
    values = drafted(purpose=PurposeName("load-test")).manifest.parameters
    assert (values[ParameterName("db_class")], values[ParameterName("app_min")]) == ("large", 6)


def test_the_manifest_says_who_asked_where_and_until_when() -> None:
    manifest = drafted(ttl=timedelta(days=14), owner=Login("bob")).manifest
    assert manifest.owner == "bob"
    assert manifest.request is not None
    assert manifest.request.by == "alice"
    assert manifest.expires_at == example.NOW + timedelta(days=14, seconds=1)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ({"purpose": PurposeName("dmo")}, "Did you mean `demo`?"),
        (
            {"purpose": PurposeName("party")},
            "add `party: {description: What it is for., match: [topology], differ: [identity]}` under `purposes`",
        ),
        ({"set": {ParameterName("db_clas"): "small"}}, "Did you mean `db_class`?"),
        ({"set": {ParameterName("db_class"): "smal"}}, "Did you mean `small`?"),
        ({"set": {ParameterName("db_class"): "huge"}}, "must be one of"),
        ({"set": {ParameterName("app_min"): "0"}}, "from 1 to 20"),
        ({"set": {ParameterName("app_min"): "1.5"}}, "whole number"),
        ({"set": {ParameterName("app_min"): "many"}}, "must be a number"),
        ({"set": {ParameterName("vpc_cidr"): "10.0.0.1/16"}}, "IPv4 network"),
        ({"set": {ParameterName("vpc_cidr"): "10.0.0.0/16"}}, "the same as in production"),
        ({"set": {ParameterName("account_id"): "111111111111"}}, "the same as in production"),
        ({"set": {ParameterName("account_id"): "1"}}, "must match"),
        ({"set": {ParameterName("name"): "other"}}, "can't be set"),
        ({"set": {ParameterName("greeting"): "a\u202eb"}}, "invisible character U+202E"),
        ({"set": {ParameterName("greeting"): "e\u0301"}}, "normal form NFC"),
        ({"set": {ParameterName("tags"): "[1]"}}, "must be a map"),
        ({"set": {ParameterName("tags"): '{"${x}": "y"}'}}, "has an invalid key"),
        ({"ttl": timedelta(days=31)}, "must be between"),
        ({"source": EnvironmentName("production")}, ""),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_type(command: dict[str, Any], message: str) -> None:
    if not message:
        assert isinstance(draft_clone(example.asked(), example.base()), Draft)
        return
    assert message in refusal(**command).reason


def test_a_name_in_use_or_easily_mistaken_is_refused() -> None:
    other = drafted().manifest
    base = example.base(other)
    taken = refusal(base)
    assert "already exists" in taken.reason
    assert isinstance(taken.instead, Clone)
    assert taken.instead.name == "demo-x-2"
    assert "looks like the existing environment `demo-x`" in refusal(base, "dem0-x").reason
    assert "protected environment `production`" in refusal(base, "pr0duction").reason
    assert "protected environment `production`" in refusal(base, "production").reason
    assert "protected environment `production`" in refusal(base, "productlon").reason
    assert "protected environment `production`" in refusal(base, "producttion").reason


def test_a_name_under_which_an_older_state_lies_is_refused() -> None:
    other = drafted().manifest
    stack = next(iter(other.stacks))
    state = {stack: ExistingState(key="payments/app/terraform.tfstate")}
    base = example.base(other.model_copy(update={"state": state}))
    assert "`demo-x` keeps an older state under the name `payments`" in refusal(base, "payments").reason
    assert drafted(base, "payments-2")


def test_quotas_count_what_exists_and_what_is_proposed() -> None:
    first, second = drafted(name="one").manifest, drafted(name="two").manifest
    base = example.base(first, policy=Policy(quota=Quota(per_owner=2)))
    both = Base(
        base.template,
        base.source,
        base.source_files,
        Inventory(base.inventory.live, {second.name: second}),
        base.policy,
    )
    assert isinstance(draft_clone(example.asked("three"), base), Draft)
    assert "Quota reached: 2 of 2 clones owned by alice" in refusal(both, "three").reason


@pytest.mark.parametrize(
    ("quota", "message"),
    [
        (Quota(total=2), "Quota reached: 2 of 2 clones in total"),
        (Quota(per_owner=1), "Quota reached: 1 of 1 clones owned by alice"),
        (Quota(per_purpose={PurposeName("demo"): 1}), "Quota reached: 1 of 1 clones for demo"),
    ],
)
def test_each_quota_counts_its_own_over_the_default_branch_and_open_pull_requests(quota: Quota, message: str) -> None:
    live = drafted(name="one", purpose=PurposeName("demo")).manifest
    proposed = drafted(name="two", purpose=PurposeName("qa"), owner=Login("bob")).manifest
    base = example.base(live, policy=Policy(quota=quota))
    full = Base(
        base.template,
        base.source,
        base.source_files,
        Inventory(base.inventory.live, {proposed.name: proposed}),
        base.policy,
    )
    assert message in refusal(full, "three", purpose=PurposeName("demo")).reason
    if quota.total != 2:
        other = example.asked("three", purpose=PurposeName("load-test"), owner=Login("carol"))
        assert isinstance(draft_clone(other, full), Draft), "another owner's, for another purpose"


def test_a_clone_that_nobody_asked_for_in_a_comment_counts_as_its_owner_s() -> None:
    by_hand = drafted(name="one").manifest.model_copy(update={"request": None})
    base = example.base(by_hand, policy=Policy(quota=Quota(per_owner=1)))
    assert "Quota reached: 1 of 1 clones owned by alice" in refusal(base, "two").reason
    spared = Policy(quota=Quota(per_owner=1), protected=(EnvironmentName("production"), by_hand.name))
    assert isinstance(draft_clone(example.asked("two"), example.base(by_hand, policy=spared)), Draft)


def test_what_is_being_destroyed_counts_until_it_is() -> None:
    gone = drafted(name="one").manifest
    base = example.base(policy=Policy(quota=Quota(total=1)))
    full = replace(base, inventory=replace(base.inventory, ending={gone.name: gone}))
    reason = refusal(full, "two").reason
    assert "Quota reached: 1 of 1 clones in total" in reason
    assert "Removed but not destroyed yet: `one`" in reason


def test_a_proposed_change_of_a_clone_counts_it_once() -> None:
    live = drafted(name="one").manifest
    base = example.base(live, policy=Policy(quota=Quota(total=2)))
    both = Base(
        base.template, base.source, base.source_files, Inventory(base.inventory.live, {live.name: live}), base.policy
    )
    assert isinstance(draft_clone(example.asked("two"), both), Draft)


def test_law_7_without_overrides_only_the_purposes_declared_deviations_exist() -> None:
    template, source = example.template(), example.production()
    files = assemble(template, source)
    for purpose in ("demo", "qa", "load-test"):
        clone = drafted(purpose=PurposeName(purpose))
        declared = template.declaration
        allowed = set(declared.purposes[PurposeName(purpose)].set) | {
            n for n, p in declared.parameters.items() if p.identity
        }
        found = compare(CodeSide(source, files), CodeSide(clone.manifest, clone.files), template, example.NOW).parity
        assert found.differences
        assert found.holds
        for deviation in found.differences:
            assert deviation.causes, deviation
            assert {cause.parameter for cause in deviation.causes} <= allowed


def test_a_hand_edit_is_an_unexplained_deviation() -> None:
    template, source, clone = example.template(), example.production(), drafted()
    edited = {**clone.files, "app/main.tf": File(example.MAIN + b'resource "x" "y" {}\n')}
    sides = CodeSide(source, assemble(template, source)), CodeSide(clone.manifest, edited)
    found = compare(*sides, template, example.NOW).parity
    assert [(d.kind, d.address, d.file) for d in found.unexplained] == [("extra", "app/x.y", "app/main.tf")]
    assert not found.holds


def test_verify_holds_for_a_draft_and_names_the_line_of_a_hand_edit() -> None:
    template, clone = example.template(), drafted()
    name = clone.manifest.name
    assert verify(name, clone.files, template) == []
    edited = {**clone.files, "app/main.tf": File(example.MAIN.replace(b'"String"', b'"SecureString"'))}
    assert [(f.path, f.line) for f in verify(name, edited, template)] == [("envs/demo-x/app/main.tf", 4)]
    assert "missing" in verify(name, {p: f for p, f in clone.files.items() if p != "app/main.tf"}, template)[0].message
    assert "renders no such file" in verify(name, {**clone.files, "app/extra.tf": File(b"")}, template)[0].message
    assert "executable" in verify(name, {**clone.files, "hooks/seed": File(b"#!/bin/sh\n")}, template)[0].message
    commented = File(clone.files["environment.yaml"].data + b"# a comment\n")
    assert verify(name, {**clone.files, "environment.yaml": commented}, template)


@pytest.mark.parametrize(
    ("was", "now", "message"),
    [
        (b"db_class: small", b"db_class: huge", "must be one of"),
        (b"name: demo-x\ntemplate", b"name: demo-y\ntemplate", "but its directory is that of `demo-x`"),
        (b"purpose: demo", b"purpose: party", "no purpose `party`"),
        (b"  app_min: 1\n", b"", "parameter `app_min` has no value"),
        (b"  app_min: 1\n", b"  app_min: 1\n  app_max: 2\n", "no parameter `app_max`"),
        (b"owner: alice", b"owner: alice\nbogus: 1", "unknown key `"),
        (b"owner: alice", b"owner: alice\nowner: eve", "is defined twice"),
        (b"owner: alice", b"owner: [", "environment.yaml"),
    ],
)
def test_verify_names_what_is_wrong_with_a_manifest(was: bytes, now: bytes, message: str) -> None:
    clone = drafted()
    data = clone.files["environment.yaml"].data
    assert was in data
    found = verify(
        clone.manifest.name, {**clone.files, "environment.yaml": File(data.replace(was, now))}, example.template()
    )
    assert message in "\n".join(map(str, found))


@examples(50)
@given(
    st.lists(st.from_regex(r"[a-z]{2}[a-z0-9]{0,8}", fullmatch=True), min_size=1, max_size=40, unique=True),
    st.integers(20, 28),
)
def test_law_5_allocated_networks_never_overlap(names: list[str], prefix: int) -> None:
    pool = Pool.model_validate({"pool": "10.64.0.0/14", "prefix": prefix})
    held: list[str] = ["10.64.0.0/20", "192.168.0.0/16"]
    for name in names:
        found = allocate(CIDR, pool, [Held(held)], EnvironmentName(f"e-{name}"))
        network = IPv4Network(str(found))
        assert network.subnet_of(pool.pool)
        assert not any(network.overlaps(IPv4Network(other)) for other in held)
        held.append(str(found))


def test_allocation_uses_every_last_value_and_then_says_so() -> None:
    pool = Pool.model_validate({"pool": "10.64.0.0/24", "prefix": 28})
    held: list[str] = []
    for number in range(16):
        held.append(str(allocate(CIDR, pool, [Held(held)], EnvironmentName(f"e-{number}"))))
    assert len(set(held)) == 16
    with pytest.raises(UserError, match="No value is free"):
        allocate(CIDR, pool, [Held(held)], EnvironmentName("late"))
    choices = Choices(choices=("a", "b"))
    assert {
        allocate(CIDR, choices, [Held(["a"])], EnvironmentName("x1")),
        allocate(CIDR, choices, [Held(["b"])], EnvironmentName("x1")),
    } == {"a", "b"}


def test_the_same_request_drafted_twice_is_the_same_draft() -> None:
    assert drafted() == drafted()


def test_claims_that_others_hold_are_avoided() -> None:
    first = drafted()
    (claim,) = first.claims
    base = example.base()
    held = Base(
        base.template,
        base.source,
        base.source_files,
        Inventory(base.inventory.live, {}, {claim: EnvironmentName("other")}),
        base.policy,
    )
    assert drafted(held).claims != first.claims
    assert claim == Claim(CIDR, str(first.manifest.parameters[CIDR]))


def test_collisions_are_found_between_any_two_environments() -> None:
    template = example.template()
    one, two = drafted(name="one").manifest, drafted(name="two", set={CIDR: "10.64.0.0/22"}).manifest
    three = drafted(name="three", set={CIDR: "10.64.1.0/24"}).manifest
    templates = {template.revision: template}
    assert collisions([one, two], templates, ROOTS) == []
    assert len(collisions([one, two, three], templates, ROOTS)) == 1


def test_tfvars_hold_exactly_the_parameters_values() -> None:
    clone = drafted()
    variables = json.loads(clone.files["app/terraform.tfvars.json"].data)
    assert variables == {key: clone.manifest.parameters[ParameterName(key)] for key in variables}
