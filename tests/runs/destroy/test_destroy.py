"""Destroy an environment that was really applied, with the real Terraform against moto (law 9)."""

import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from bot.core.ledger.destroy_report import DestroyReport, receipt_key
from bot.core.messages.destroy_receipt import summary, title
from bot.core.plans.review import read_review, review_key, write_review
from bot.errors import UserError
from bot.names import StepName
from bot.runs.apply.reviewed_environment import NotReviewed
from tests.support.cut_off import at_work_in
from tests.support.deploying import DEMO, Deploying
from tests.support.product import ON_AWS
from tests.support.provider_process import provider_process
from tests.support.terraform import program

pytestmark = pytest.mark.e2e
DATA = StepName("data")
STEPS = ("network", "app", "record", "flags")
"""The steps of the environment of law 9: one stack less than the others have, for each is applied and destroyed again and again."""


class Stopped(BaseException):
    """The run is stopped here."""


def stopped_after(deploying: Deploying, count: int, mark: str) -> Callable[[str], None]:
    """Return a log that stops the run, and whatever would begin, once `count` of its lines hold `mark`."""
    seen = []

    def log(line: str) -> None:
        deploying.lines.append(line)
        if f"] {mark}" in line:
            seen.append(line)
        if len(seen) >= count:
            raise Stopped

    return log


@pytest.mark.timeout(900)
def test_law_9_destroy_after_any_prefix_of_apply_leaves_nothing_and_says_so(nested: Deploying) -> None:
    nested.max_parallel = 1
    nested.drop("data")
    head = nested.deliver()
    for done in range(len(STEPS) + 1):
        nested.bring_back(head)
        if done:
            with pytest.raises(Stopped):
                nested.apply(head, replace(nested.world(), log=stopped_after(nested, done, "done:")))
        assert len([e for e in nested.ledger.steps.values() if e.result == "succeeded"]) == done
        receipt = nested.destroy(nested.remove())
        assert receipt.is_clean, (done, title(receipt), receipt)
        assert nested.left() == [], done
        assert "nothing left" in title(receipt)
        assert {entry.result for entry in nested.ledger.steps.values()} <= {"undone"}
    # All of it, at the last: backwards, every hook's undo once.
    assert [step.name for step in receipt.steps][-1] == "network"
    assert sorted(receipt.destroyed) == [
        "app/terraform_data.group",
        "app/terraform_data.token",
        "network/terraform_data.main",
    ]
    assert nested.ran().count("undo") == nested.ran().count("verify")
    stored = nested.store.read(receipt_key(DEMO, receipt.head))
    assert stored is not None
    assert DestroyReport.model_validate_json(stored.data) == receipt


@pytest.mark.timeout(900)
@pytest.mark.provider
def test_law_9_on_aws_what_a_whole_apply_made_is_gone_and_named(
    deploying: Deploying, aws: Mapping[str, str], tmp_path: Path
) -> None:
    deploying.stacks["network"] = ON_AWS["network"]
    with provider_process(aws, ON_AWS["network"]) as reached:
        deploying.terraform = program(tmp_path / "configuration", {**reached, "HOME": str(tmp_path)}, deploying.place)
        assert deploying.apply(deploying.deliver()).has_succeeded, deploying.lines
        assert "/demo-x/main" in deploying.left()
        receipt = deploying.destroy(deploying.remove())
    assert receipt.is_clean, (title(receipt), receipt)
    assert deploying.left() == []
    assert sorted(receipt.destroyed) == [
        "app/terraform_data.group",
        "app/terraform_data.token",
        "data/terraform_data.greeting",
        "network/aws_cloudwatch_log_group.main",
    ]


def test_an_undo_is_given_the_secret_again_that_the_ledger_never_held(deploying: Deploying) -> None:
    deploying.apply(deploying.deliver())
    assert "token-of-demo-x" not in deploying.everything_kept()
    receipt = deploying.destroy(deploying.remove())
    assert receipt.is_clean
    assert (deploying.place / "undone-with").read_text() == "alice:token-of-demo-x"
    assert ("the record is kept", "somebody removes it") in [(each.why, each.until) for each in receipt.remains]
    assert "token-of-demo-x" not in deploying.everything_kept() + receipt.model_dump_json()


def test_a_destroy_that_fails_half_way_is_gone_on_with_though_its_template_has_changed(deploying: Deploying) -> None:
    deploying.apply(deploying.deliver())
    # Reviewed and merged, but never applied: what is destroyed is what was applied, by its own code.
    deploying.stacks["app"] = deploying.stacks["app"].replace('"terraform_data" "group"', '"terraform_data" "other"')
    (deploying.place / "fail-undo").touch()
    head = deploying.remove()
    receipt = deploying.destroy(head)
    assert not receipt.is_undone
    assert [step.name for step in receipt.failed] == ["record"]
    assert next(step for step in receipt.steps if step.name == "network").state == "blocked"
    assert receipt.orphans is None
    text = summary(receipt, 60_000)
    assert "`/resume demo-x`" in text
    assert "token-of-demo-x" not in text + deploying.everything_kept()
    (deploying.place / "fail-undo").unlink()
    again = deploying.destroy(head)
    assert again.is_clean, again
    assert deploying.left() == []
    assert {s.name for s in again.steps if s.state == "skipped"} == {"flags", "app", "data"}
    assert len(again.destroyed) == 4


def test_killed_in_the_middle_of_a_step_an_apply_can_be_destroyed(deploying: Deploying) -> None:
    deploying.deliver()
    (deploying.place / "hang").touch()
    log = deploying.place.parent / "apply.log"
    process = deploying.start(log)
    deploying.until(lambda: "[record] the token" in log.read_text())
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    (deploying.place / "hang").unlink()
    # Whoever removes it sees what Terraform, which goes on by itself, has made in the end.
    deploying.until(lambda: at_work_in(deploying.repo.root / "envs" / DEMO) == [])
    world = replace(deploying.world(), stale_reason=lambda lock_owner: "the test killed it")
    receipt = deploying.destroy(deploying.remove(), world)
    assert receipt.is_clean, receipt
    assert deploying.left() == []
    assert deploying.ran()[-1] == "undo"


def test_what_the_review_does_not_name_is_not_destroyed(deploying: Deploying) -> None:
    deploying.apply(deploying.deliver())
    # Another environment's removal has no review of this one's end.
    deploying.repo.git("checkout", "-q", "main")
    deploying.repo.git("rm", "-q", "-r", f"envs/{DEMO}")
    unreviewed = deploying.repo.commit("remove it by hand")
    with pytest.raises(NotReviewed, match="no reviewed destroy plan of"):
        deploying.destroy(unreviewed)
    deploying.repo.git("reset", "-q", "--hard", "HEAD~1")
    with pytest.raises(UserError, match="exists in this checkout"):
        deploying.destroy(unreviewed)
    head = deploying.remove()
    # The review as it would be, had the reviewer not seen the parameter of `data`, for it was made later.
    stored = deploying.store.read(review_key(DEMO, head))
    assert stored is not None
    review = read_review(stored.data, DEMO, head)
    unseen = review.model_copy(
        update={"steps": {**review.steps, DATA: review.steps[DATA].model_copy(update={"parts": ()})}}
    )
    deploying.store.write(review_key(DEMO, head), write_review(unseen))
    # And gone since: less than was reviewed is fine.
    deploying.lose_outside("network", "main")
    receipt = deploying.destroy(head)
    assert [step.name for step in receipt.failed] == ["data"]
    assert "- terraform_data.greeting" in receipt.failed[0].reason
    assert "/demo-x/greeting" in deploying.parameters()
    deploying.store.write(review_key(DEMO, head), write_review(review))
    assert deploying.destroy(head).is_clean
    assert deploying.left() == []
