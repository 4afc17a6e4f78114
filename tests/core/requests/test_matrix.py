"""Which environments a change touches and with which role; whatever isn't known is a complaint."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.core.requests.matrix import LONGEST_OUTPUT, MatrixChange, Phase, Target, Targets, targets
from bot.model.account import PolicyAccount
from bot.model.environment import Manifest
from bot.model.policy import Policy
from bot.names import EnvironmentName
from tests.support.example import production


def account(number: str) -> PolicyAccount:
    return PolicyAccount(
        plan_role=f"arn:aws:iam::{number}:role/plan",
        apply_role=f"arn:aws:iam::{number}:role/apply",
        region="eu-central-1",
        state_bucket=f"state-{number}",
    )


POLICY = Policy(accounts={number: account(number) for number in ("111111111111", "222222222222")})


def manifest(name: str = "demo-x", number: str | int = "222222222222", source: str | None = "production") -> Manifest:
    found = production()
    return found.model_copy(
        update={
            "name": EnvironmentName(name),
            "source": EnvironmentName(source) if source else None,
            "parameters": {**found.parameters, "account_id": number},
        }
    )


RESET = manifest("production", source=None).model_copy(update={"data_reset_at": datetime(2026, 7, 1, tzinfo=UTC)})


def _names(*names: str) -> tuple[EnvironmentName, ...]:
    return tuple(map(EnvironmentName, names))


def test_a_new_environment_is_created_with_the_role_of_its_account() -> None:
    found = targets([MatrixChange("demo-x", None, manifest())], POLICY, "plan")
    role = "arn:aws:iam::222222222222:role/plan"
    [target] = found.targets
    assert target == Target(
        EnvironmentName("demo-x"),
        "create",
        "222222222222",
        "eu-central-1",
        role,
        "state-222222222222",
        terraform="1.11.4",
    )
    assert found.complaints == ()


def test_the_policy_s_tool_and_its_version_are_in_the_row() -> None:
    policy = POLICY.model_copy(update={"tool": "opentofu", "opentofu_version": "1.9.0"})
    [target] = targets([MatrixChange("demo-x", None, manifest())], policy, "plan").targets
    assert {"tool": "opentofu", "terraform": "1.9.0"}.items() <= target.row().items()


def test_a_clone_s_plan_gets_the_role_that_reads_what_it_was_cloned_from() -> None:
    clone = MatrixChange("demo-x", None, manifest(), production())
    [target] = targets([clone], POLICY, "plan").targets
    assert (target.source, target.source_account) == ("production", "111111111111")
    assert (target.source_region, target.source_role) == ("eu-central-1", "arn:aws:iam::111111111111:role/plan")
    [applied] = targets([clone], POLICY, "apply").targets
    assert applied.source_role == "", "an apply compares nothing"


def test_what_else_a_cloud_must_be_told_stands_in_the_matrix_and_another_cloud_s_source_is_not_read() -> None:
    elsewhere = PolicyAccount(cloud="moon", plan_role="reader", apply_role="writer", identity={"tenant_id": "t-1"})
    both = Policy(accounts={"111111111111": elsewhere, "222222222222": elsewhere})
    clone = MatrixChange("demo-x", None, manifest(), production())
    found = targets([clone], both, "plan")
    [row] = found.matrices()[0]["include"]
    assert (row["cloud"], row["role"], row["tenant_id"]) == ("moon", "reader", "t-1")
    assert (row["source_role"], row["source_tenant_id"]) == ("reader", "t-1")
    [by_account] = found.accounts()["include"]
    assert (by_account["cloud"], by_account["tenant_id"]) == ("moon", "t-1")
    mixed = Policy(accounts={"111111111111": account("111111111111"), "222222222222": elsewhere})
    [target] = targets([clone], mixed, "plan").targets
    assert (target.cloud, target.source_role) == ("moon", ""), "one job holds one cloud's credentials"


def test_without_the_source_s_account_in_the_policy_there_is_no_role_and_no_complaint() -> None:
    only = Policy(accounts={"222222222222": account("222222222222")})
    found = targets([MatrixChange("demo-x", None, manifest(), production())], only, "plan")
    assert (found.targets[0].source_role, found.complaints) == ("", ())


def test_an_apply_gets_the_role_that_applies() -> None:
    found = targets([MatrixChange("demo-x", manifest(), manifest())], POLICY, "apply")
    assert [(t.change, t.role) for t in found.targets] == [("update", "arn:aws:iam::222222222222:role/apply")]


def test_a_clone_whose_directory_is_removed_is_destroyed_in_the_account_that_it_was_in() -> None:
    found = targets([MatrixChange("demo-x", manifest(), None)], POLICY, "plan")
    role = "arn:aws:iam::222222222222:role/plan"
    assert [(t.change, t.account, t.role) for t in found.targets] == [("destroy", "222222222222", role)]
    assert found.complaints == ()


def test_a_clone_s_data_may_be_made_again() -> None:
    again = manifest().model_copy(update={"data_reset_at": datetime(2026, 7, 1, tzinfo=UTC)})
    assert targets([MatrixChange("demo-x", manifest(), again)], POLICY, "plan").complaints == ()


def test_the_matrix_is_plain_texts_in_the_order_of_names() -> None:
    found = targets([MatrixChange(name, None, manifest(name)) for name in ("b2", "a1")], POLICY, "plan")
    rows = json.loads(json.dumps(found.matrices()[0]))["include"]
    assert [row["environment"] for row in rows] == ["a1", "b2"]
    assert all(isinstance(value, str) for row in rows for value in row.values())


def test_only_what_the_policy_protects_may_have_been_cloned_from_nothing() -> None:
    alone = [MatrixChange(name, None, manifest(name, source=None)) for name in ("production", "staging")]
    found = targets(alone, POLICY, "plan")
    assert [target.environment for target in found.targets] == ["production"]
    (complaint,) = found.complaints
    assert complaint == (
        "envs/staging/environment.yaml: `source` is missing, so there is nothing to compare this environment with. "
        "Set the environment that it was cloned from, for example `source: production`; or, if others are cloned "
        "from `staging`, first add it to `protected` in .github/envclone.yml on the default branch."
    )
    both = POLICY.model_copy(update={"protected": (*POLICY.protected, EnvironmentName("staging"))})
    assert targets(alone, both, "plan").complaints == ()
    # What is merged was let pass by a plan; nobody is helped if its apply, or the look for drift, says no.
    assert targets(alone, POLICY, "drift").complaints == ()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (MatrixChange("Demo_X", None, manifest()), "is not a valid environment name"),
        (MatrixChange("all", None, manifest()), "reserved"),
        (MatrixChange("README.md", None, None), "is not a valid environment name"),
        (MatrixChange("$(id)", None, manifest()), "is not a valid environment name"),
        (MatrixChange("production", manifest("production", source=None), None), "`production` is protected"),
        (
            MatrixChange("production", manifest("production", source=None), RESET),
            "`data_reset_at` would undo what fills it with data",
        ),
        (MatrixChange("demo-x", None, manifest(source=None)), "`source` is missing"),
        (MatrixChange("demo-x", manifest(), manifest(source=None)), "`source` is missing"),
        (MatrixChange("demo-x", None, manifest(source="demo-x")), "`source` leads back to `demo-x` itself"),
        (
            MatrixChange("demo-x", None, manifest(source="demo-y"), None, _names("demo-y", "demo-x")),
            "`source` leads back to `demo-x`",
        ),
        (MatrixChange("other", manifest("other", source=None), None), "`other` is not a clone"),
        (MatrixChange("demo-x", None, None), "never had one on this branch: it is not an environment"),
        (
            MatrixChange("demo-x", "envs/demo-x/environment.yaml:3: `owner` is missing.", None),
            "Fix it before removing the directory",
        ),
        (MatrixChange("demo-x", None, "envs/demo-x/environment.yaml:3: `owner` is missing"), "`owner` is missing"),
        (MatrixChange("demo-x", None, manifest(number="333333333333")), "`333333333333` is not in the policy"),
        (MatrixChange("demo-x", None, manifest(number=222222222222)), "is not in the policy"),
        (MatrixChange("demo-x", manifest(number="111111111111"), manifest()), "can't move to another account."),
    ],
)
def test_what_can_not_be_told_is_a_complaint_and_no_target(change: MatrixChange, complaint: str) -> None:
    found = targets([change], POLICY, "plan")
    assert found.targets == ()
    assert complaint in found.complaints[0]


def of_many(count: int, phase: Phase, policy: Policy = POLICY) -> Targets:
    known = manifest("demo-x")
    changed = [known.model_copy(update={"name": EnvironmentName(f"demo-{number}")}) for number in range(count)]
    return targets([MatrixChange(each.name, each, each) for each in changed], policy, phase)


def named(matrices: Sequence[Mapping[str, Sequence[Mapping[str, str]]]]) -> list[list[str]]:
    """Return the environments of each matrix, of which GitHub takes none that is longer, and but the first none that is empty."""
    found = [[row["environment"] for row in matrix["include"]] for matrix in matrices]
    assert len(found) <= 3
    assert max(map(len, found)) <= 256
    assert all(found[1:])
    return found


@pytest.mark.parametrize(("count", "parts"), [(0, 1), (256, 1), (257, 2), (768, 3)])
def test_more_environments_than_a_matrix_takes_are_planned_by_several(count: int, parts: int) -> None:
    names = sorted(target.environment for target in of_many(count, "drift").targets)
    for phase in ("plan", "apply"):
        found = of_many(count, phase)
        assert found.complaints == ()
        rows = named(found.matrices())
        assert len(rows) == parts
        assert sorted(name for row in rows for name in row) == names


LONG_ROLE = f"arn:aws:iam::222222222222:role/{'x' * 1500}"
LONG = POLICY.model_copy(
    update={
        "accounts": {
            name: account.model_copy(update={"plan_role": LONG_ROLE, "apply_role": LONG_ROLE})
            for name, account in POLICY.accounts.items()
        }
    }
)


@pytest.mark.parametrize(
    ("count", "policy", "turns", "alone"),
    [(0, POLICY, 1, 1), (256, POLICY, 1, 1), (257, POLICY, 1, 2), (768, POLICY, 1, 3), (769, POLICY, 2, 4), (1537, POLICY, 3, 7), (300, LONG, 2, 4)],
)  # fmt: skip
def test_drift_is_looked_for_by_several_matrices_and_in_turns_that_come_to_each_environment(
    count: int, policy: Policy, turns: int, alone: int
) -> None:
    drift = of_many(count, "drift", policy)
    names = {target.environment for target in drift.targets}
    first_turn = 20_423
    runs = [named(drift.matrices_in_turn(first_turn + turn)) for turn in range(alone + 1)]
    for run in runs:
        assert len({name for matrix in run for name in matrix}) == sum(map(len, run)), "none twice in a run"
        assert len(json.dumps(run)) < LONGEST_OUTPUT
    assert {name for run in runs[:turns] for matrix in run for name in matrix} == names
    firsts = [name for first, *_ in runs[:alone] for name in first]
    assert (len(firsts), {*firsts}) == (count, names), "by a workflow that has one matrix"
    assert runs[alone] == runs[0]


def test_a_new_environment_moves_hardly_any_other_to_another_turn() -> None:
    many = of_many(800, "drift")
    fewer = replace(many, targets=many.targets[1:])
    for turn in range(4):
        for before, after in zip(*(named(each.matrices_in_turn(turn)) for each in (fewer, many)), strict=True):
            assert len({*before} ^ {*after}) <= 2


@pytest.mark.parametrize("phase", ["plan", "apply"])
def test_what_no_run_can_be_told_of_is_refused_and_nothing_of_it_is_planned(phase: Phase) -> None:
    (complaint,) = of_many(769, phase).complaints
    assert complaint.startswith("769 environments are affected at once, which is more than the jobs of one run")
    assert "Split the change" in complaint
    assert of_many(300, phase, LONG).complaints
    assert of_many(769, "drift").complaints == of_many(769, "queue").complaints == ()
