"""An environment that is applied is given a longer life, and is repaired."""

from datetime import UTC, datetime, timedelta

import boto3
import pytest

from bot.clients.git.checkout import Checkout
from bot.commands.model import Extend
from bot.core.plans.plan import Counts
from bot.core.plans.review import read_review, review_key
from bot.core.rendering.assemble import read_manifest
from bot.core.requests.change import Changed, ChangeSubject, draft_change
from bot.core.requests.versions.repair import draft_repair
from bot.model.policy import Policy
from bot.model.roots import DEFAULT as ROOTS
from tests.support.cloud import REGION
from tests.support.deploying import DEMO, Deploying
from tests.support.product import template

pytestmark = pytest.mark.e2e


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
