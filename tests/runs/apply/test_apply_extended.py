"""An environment is given a longer life, repaired, and planned before the states are there that it reads."""

from datetime import UTC, datetime, timedelta

import boto3
import pytest

from bot.clients.git.checkout import Checkout
from bot.commands.model import Extend
from bot.core.messages.plan_comment import complete
from bot.core.plans.plan import Counts
from bot.core.plans.review import read_review, review_key
from bot.core.rendering.assemble import read_manifest
from bot.core.requests.change import Changed, ChangeSubject, draft_change
from bot.core.requests.versions.repair import draft_repair
from bot.model.policy import Policy
from bot.model.risk import Risk
from bot.model.roots import DEFAULT as ROOTS
from bot.runs.plan.plan import Planned, plan
from bot.runs.plan.request import PlanRequest
from tests.support.cloud import REGION
from tests.support.deploying import DEMO, Deploying
from tests.support.product import template

pytestmark = pytest.mark.e2e
_KEPT = """
resource "terraform_data" "kept" {
  input = "one"
}
output "kept" { value = terraform_data.kept.output }
"""


def test_a_longer_life_changes_no_resource_and_runs_no_step_and_a_repair_what_is_due(deploying: Deploying) -> None:
    assert deploying.apply(deploying.deliver()).has_succeeded, deploying.lines
    repo, now = deploying.repo, datetime.now(UTC)
    files = Checkout(repo.root).environment(DEMO)
    mortal = read_manifest(files, "envs/demo-x").model_copy(update={"expires_at": now})
    longer = draft_change(
        Extend(DEMO, timedelta(days=7)), ChangeSubject(mortal, template(deploying.stacks), Policy()), now
    )
    assert isinstance(longer, Changed)
    repo.git("checkout", "-q", "-B", "longer")
    repo.put("envs/demo-x", longer.files)
    head = repo.commit("extend demo-x")
    deploying.review(head)
    stored = deploying.store.read(review_key(DEMO, head))
    assert stored is not None
    review = read_review(stored.data, DEMO, head)
    assert review.counts == Counts()
    assert not any(step.parts for step in review.steps.values())
    deploying.merge(head)
    assert {step.state for step in deploying.apply(head).steps} == {"skipped"}
    assert deploying.ran() == ["apply", "verify"]
    _a_repair_does_what_is_due_and_nothing_else(deploying)


def _a_repair_does_what_is_due_and_nothing_else(deploying: Deploying) -> None:
    """What changed outside is put back although no input has changed: in a stack by its plan, in a hook by its check."""
    repo, before = deploying.repo, deploying.parameters()
    deploying.change_outside("data", "greeting", "tampered")
    boto3.client("ssm", REGION).delete_parameter(Name="/demo-x/flags/a")
    files = Checkout(repo.root).environment(DEMO)
    repo.git("checkout", "-q", "-B", "repair")
    repo.put("envs/demo-x", draft_repair(read_manifest(files, "envs/demo-x"), files, datetime.now(UTC), ROOTS).files)
    head = repo.commit("repair demo-x")
    deploying.review(head)
    deploying.merge(head)
    done = deploying.apply(head)
    assert {step.name: step.state for step in done.steps} == {
        "network": "skipped",
        "data": "succeeded",
        "app": "skipped",
        "record": "skipped",
        "flags": "succeeded",
    }
    after = deploying.parameters()
    assert {name: value for name, (value, _) in after.items()} == {name: value for name, (value, _) in before.items()}
    assert {step.state for step in deploying.apply(head).steps} == {"skipped"}


def test_a_stack_that_reads_the_state_of_another_is_planned_before_that_is_there(deploying: Deploying) -> None:
    deploying.drop("data")
    deploying.stacks["network"] += _KEPT
    deploying.stacks["app"] += f"""
data "terraform_remote_state" "network" {{
  backend = "s3"
  config = {{
    bucket = "{deploying.repo.bucket}"
    key    = "${{var.name}}/network/terraform.tfstate"
    region = "{REGION}"
  }}
}}
resource "terraform_data" "read" {{
  input = {{ name = "/${{var.name}}/read", value = data.terraform_remote_state.network.outputs.kept }}
}}
"""
    head = deploying.propose()
    deploying.repo.git("checkout", "-q", head)
    outcome = plan(PlanRequest(DEMO, head, "create"), deploying.planner())
    assert isinstance(outcome, Planned), outcome
    [app] = [stack for stack in outcome.plan.stacks if stack.name == "app"]
    assert (app.unread_states, app.waits_for) == (("network",), ("network",))
    assert (
        "**Planned without a state that does not exist yet, or is about to change:** `app` waits for `network`."
        in complete(outcome.plan, Risk.UNKNOWN)
    )
    assert deploying.repo.git("status", "--porcelain", "--ignored") == "", "nothing is written into the checkout"
    deploying.merge(head)
    assert deploying.apply(head).has_succeeded, deploying.lines
    assert deploying.parameters()["/demo-x/read"][0] == "one"
    again = plan(PlanRequest(DEMO, head, "update"), deploying.planner())
    assert isinstance(again, Planned), again
    assert not any(stack.is_preview or stack.changes_anything for stack in again.plan.stacks), "the state is read"
    _what_another_stack_will_say_otherwise_is_not_read_before(deploying)


def _what_another_stack_will_say_otherwise_is_not_read_before(deploying: Deploying) -> None:
    """What changes in the state that it reads reaches it by the same apply, as if it were an input, and so it is reviewed."""
    for text, reads, states in (
        (deploying.stacks["network"].replace("one", "two"), ("network",), {"network": "succeeded", "app": "succeeded"}),
        (
            deploying.stacks["network"] + 'output "other" { value = 1 }\n',
            (),
            {"network": "succeeded", "app": "skipped"},
        ),
    ):
        deploying.stacks["network"] = text.replace("one", "two")
        head = deploying.propose()
        deploying.repo.git("checkout", "-q", head)
        outcome = plan(PlanRequest(DEMO, head, "update"), deploying.planner())
        assert isinstance(outcome, Planned), outcome
        [app] = [stack for stack in outcome.plan.stacks if stack.name == "app"]
        assert (app.unread_states, app.changes_anything) == (reads, bool(reads))
        deploying.merge(head)
        done = {step.name: step.state for step in deploying.apply(head).steps}
        assert {name: done[name] for name in done if name in states} == states, deploying.lines
        assert deploying.parameters()["/demo-x/read"][0] == "two"
