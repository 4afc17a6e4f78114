"""A protected environment whose state was not found is not built a second time."""

from collections.abc import Mapping

import pytest

from bot.clouds.registry import FACTS
from bot.core.checks.backend import state_place
from bot.core.checks.second_production import claimed_states, created_again
from bot.core.plans.environment_plan import StackPlan
from bot.core.plans.plan import Action, PlannedChange, TerraformPlan
from bot.core.tree import File
from bot.model.account import AccountState, PolicyAccount
from bot.model.environment import Manifest
from bot.model.policy import Policy
from bot.names import EnvironmentName, StepName

NAME = EnvironmentName("production")


def manifest(state: Mapping[str, str] | None = None) -> Manifest:
    return Manifest.model_validate(
        {
            "name": NAME,
            "template": "production",
            "revision": "0" * 40,
            "purpose": "live",
            "owner": "kim",
            "parameters": {},
            "stacks": {},
            "state": {stack: {"key": key} for stack, key in state.items()} if state else None,
        }
    )


def stack(name: str, *actions: Action, is_data: bool = False, is_import: bool = False) -> StackPlan:
    changes = tuple(
        PlannedChange(
            f"terraform_data.x{n}", "terraform_data", action, None, None, is_data=is_data, is_import=is_import
        )
        for n, action in enumerate(actions)
    )
    return StackPlan(StepName(name), TerraformPlan(changes))


def found(*stacks: StackPlan, policy: Policy | None = None, state: Mapping[str, str] | None = None) -> list[str]:
    return [str(each) for each in created_again(manifest(state), stacks, policy or Policy())]


def test_a_plan_that_creates_everything_is_stopped() -> None:
    said = found(stack("network", Action.CREATE, Action.CREATE), stack("app", Action.CREATE))
    assert len(said) == 1
    assert said[0].startswith("envs/production/environment.yaml:1: every resource of `production` would be created")
    assert "add `production` to `may_be_created` in .github/envclone.yml" in said[0]


def test_what_reads_data_or_holds_nothing_doesn_t_hide_it() -> None:
    assert found(stack("empty"), stack("app", Action.CREATE))
    assert found(stack("app", Action.CREATE), stack("reader", Action.READ, is_data=True))


@pytest.mark.parametrize("other", [Action.NO_OP, Action.UPDATE, Action.REPLACE, Action.DELETE])
def test_a_new_stack_beside_what_exists_is_created(other: Action) -> None:
    assert found(stack("network", other), stack("app", Action.CREATE)) == []


def test_what_is_imported_exists() -> None:
    assert found(stack("app", Action.CREATE, is_import=True)) == []


def test_a_plan_of_nothing_is_fine() -> None:
    assert found(stack("app")) == []


def test_a_new_protected_environment_is_named_by_the_policy() -> None:
    assert found(stack("app", Action.CREATE), policy=Policy(may_be_created=(NAME,))) == []


def test_a_clone_is_created_whole() -> None:
    assert found(stack("app", Action.CREATE), policy=Policy(protected=())) == []


def test_a_state_that_was_declared_is_there() -> None:
    state = {"app": "legacy/app.tfstate"}
    stacks = [stack("network", Action.NO_OP), stack("app", Action.CREATE)]
    for policy in (Policy(), Policy(may_be_created=(NAME,))):
        said = found(*stacks, policy=policy, state=state)
        assert len(said) == 1
        assert "the state of stack `app` is at `legacy/app.tfstate`, but there is none" in said[0]
    assert found(stack("app", Action.NO_OP), state=state) == []


def test_a_state_that_was_declared_and_is_empty_is_not_there() -> None:
    assert found(stack("network", Action.NO_OP), stack("app"), state={"app": "legacy/app.tfstate"})


def backend(key: str) -> Mapping[str, File]:
    text = f'terraform {{\n  backend "s3" {{\n    bucket = "state"\n    key    = "{key}"\n  }}\n}}\n'
    return {"app/backend.tf": File(text.encode())}


@pytest.mark.parametrize(
    ("adopted", "other", "theirs", "is_theirs"),
    [
        ("old/app.tfstate", "staging", "old/app.tfstate", True),  # declared twice
        ("staging/app/terraform.tfstate", "staging", "staging/app/other.tfstate", True),  # below another's own name
        ("demo-x/network/terraform.tfstate", "demo-x", "demo-x/app/terraform.tfstate", True),
        ("old/app.tfstate", "staging", "staging/app/terraform.tfstate", False),
    ],
)
def test_no_state_is_taken_from_another_environment(adopted: str, other: str, theirs: str, is_theirs: bool) -> None:
    place = state_place(manifest({"app": adopted}), PolicyAccount(state_bucket="state"), Policy(), FACTS)
    said = [str(each) for each in claimed_states(place, {EnvironmentName(other): backend(theirs)}, "envs/production")]
    want = f"envs/production/environment.yaml:1: `state` gives stack `app` the state `{adopted}`, which is that of `{other}`."
    assert said == ([want] if is_theirs else [])


@pytest.mark.parametrize("adopted", ["live/demo-x/network", "live//demo-x/network", "live/old", "/live/old/"])
def test_no_state_is_taken_below_the_accounts_own_name_however_it_is_written(adopted: str) -> None:
    account = PolicyAccount(
        state=AccountState.model_validate({"backend": "gcs", "with": {"bucket": "state", "prefix": "live"}})
    )
    place = state_place(manifest({"app": adopted}), account, Policy(), FACTS)
    text = b'terraform {\n  backend "gcs" {\n    bucket = "state"\n    prefix = "live/old"\n  }\n}\n'
    said = claimed_states(place, {EnvironmentName("demo-x"): {"app/backend.tf": File(text)}}, "envs/production")
    assert ["which is that of `demo-x`" in str(each) for each in said] == [True]
