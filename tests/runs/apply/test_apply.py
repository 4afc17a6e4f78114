"""Apply an environment that was really planned, with the real Terraform against moto."""

import pytest

from bot.core.ledger.apply_result import ApplyOutcome
from bot.core.ledger.ledger import Clear, Hidden, Undo
from bot.core.messages.apply_comment import summary
from bot.errors import UserError
from bot.names import StepName
from bot.runs.apply.reviewed_environment import NotReviewed
from tests.support.cut_off import FIRST, present
from tests.support.deploying import DEMO, Deploying

pytestmark = pytest.mark.e2e
NETWORK, DATA, APP = StepName("network"), StepName("data"), StepName("app")
RECORD, FLAGS = StepName("record"), StepName("flags")


def states(outcome: ApplyOutcome) -> dict[str, str]:
    return {step.name: step.state for step in outcome.steps}


def all_in(state: str) -> dict[str, str]:
    return dict.fromkeys(("network", "data", "app", "record", "flags"), state)


def test_what_was_reviewed_is_applied_once_and_nothing_else(deploying: Deploying) -> None:
    head = deploying.deliver()
    code = deploying.repo.root / "envs" / DEMO / "app" / "main.tf"
    reviewed = code.read_text()
    code.write_text(f"{reviewed}\n# by hand\n")
    with pytest.raises(NotReviewed, match="differs from what was reviewed"):
        deploying.apply(head)
    assert deploying.parameters() == {}
    assert deploying.ledger.steps == {}

    code.write_text(reviewed)
    outcome = deploying.apply(head)
    assert states(outcome) == all_in("succeeded"), deploying.lines
    assert outcome.has_succeeded
    assert outcome.url == "https://demo-x.example"
    assert present(deploying) == FIRST
    assert deploying.ran() == ["apply", "verify"]
    assert deploying.ledger.lease is None
    _nothing_sensitive_is_kept_or_said(deploying, outcome)
    _the_ledger_holds_what_undo_needs(deploying)

    again = deploying.apply(head)
    assert states(again) == all_in("skipped")
    assert again.url == "https://demo-x.example"
    assert present(deploying) == FIRST
    assert deploying.ran() == ["apply", "verify"]


def _nothing_sensitive_is_kept_or_said(deploying: Deploying, outcome: ApplyOutcome) -> None:
    assert "token-of-demo-x" not in deploying.everything_kept() + outcome.model_dump_json() + summary(outcome, 60_000)
    assert "[record] the token is ***" in deploying.lines
    assert "token-of-demo-x" in deploying.secrets
    outputs = deploying.ledger.steps[NETWORK].outputs
    assert isinstance(outputs["token"], Hidden)
    assert isinstance(outputs["group_arn"], Clear)
    assert next(step for step in outcome.steps if step.name == NETWORK).hidden == ("token",)


def _the_ledger_holds_what_undo_needs(deploying: Deploying) -> None:
    steps = deploying.ledger.steps
    undo = {name: entry.undo or Undo() for name, entry in steps.items()}
    assert undo[APP].record == {"directory": "envs/demo-x/app"}
    assert undo[RECORD].run == ("python3", "hooks/record.py")
    assert undo[RECORD].record == {"undo": {"place": str(deploying.place), "login": ""}}
    [login] = undo[RECORD].redactions
    assert (login.parts[0], getattr(login.parts[1], "source", None)) == ("alice:", "network.token")
    assert undo[FLAGS].uses == "aws.parameter"
    tree = deploying.repo.git("rev-parse", f"HEAD:envs/{DEMO}").strip()
    assert {entry.tree for entry in steps.values()} == {tree}


def test_failed_steps_block_only_what_needs_them_and_are_gone_on_with(deploying: Deploying) -> None:
    head = deploying.deliver()
    in_the_way = deploying.place / "have-token"
    in_the_way.touch()
    (deploying.place / "fail").touch()
    outcome = deploying.apply(head)
    assert states(outcome) == {**all_in("succeeded"), "app": "failed", "record": "failed", "flags": "blocked"}
    stack, record = outcome.failed
    assert "already exists" in stack.reason
    assert "main.tf:" in stack.reason
    assert record.reason == "`python3` (apply) exited with code 1: the token is *** / told to fail with ***"
    assert outcome.steps[-1].reason == "it needs `app`, which failed"
    assert "**Next:**" in summary(outcome, 60_000)
    assert deploying.parameters()["/demo-x/group"][1] == 1

    in_the_way.unlink()
    (deploying.place / "fail").unlink()
    outcome = deploying.apply(head)
    assert states(outcome) == {**all_in("succeeded"), "network": "skipped", "data": "skipped"}, deploying.lines
    assert "[app] resuming what an earlier run of this review started" in deploying.lines
    assert deploying.parameters()["/demo-x/group"][1] == 1
    assert present(deploying) == FIRST
    assert deploying.ran() == ["apply", "apply", "verify"]
    assert deploying.ledger.steps[RECORD].attempt == deploying.ledger.steps[APP].attempt == 2


def test_a_plan_is_applied_only_while_it_is_the_reviewed_one(deploying: Deploying) -> None:
    deploying.apply(deploying.deliver())
    head = deploying.deliver(greeting="good day")
    greeting = "/demo-x/greeting"
    deploying.change_outside("data", "greeting", "changed behind our back")
    outcome = deploying.apply(head)
    [failed] = outcome.failed
    assert failed.name == DATA
    assert failed.reason.startswith(
        "The plan of stack `data` differs from the reviewed plan:\n- terraform_data.greeting"
    )
    assert deploying.parameters()[greeting] == ("changed behind our back", 1)

    deploying.review(head)  # planned again, so that reviewers see what is there now
    deploying.repo.git("checkout", "-q", "main")
    outcome = deploying.apply(head)
    assert states(outcome)["data"] == "succeeded", deploying.lines
    assert states(outcome)["network"] == states(outcome)["flags"] == "skipped"
    assert present(deploying) == {**FIRST, greeting: ("good day", 2)}


def test_what_was_never_planned_is_refused(deploying: Deploying) -> None:
    head = deploying.propose()
    deploying.merge(head)
    with pytest.raises(NotReviewed, match="There is no reviewed plan"):
        deploying.apply(head)


def test_an_environment_that_is_not_there_is_named(deploying: Deploying) -> None:
    with pytest.raises(UserError, match="envs/demo-x does not exist"):
        deploying.apply("0" * 40)
