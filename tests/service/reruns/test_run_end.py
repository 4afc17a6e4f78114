"""The reply to a comment that started a run tells how the run ended, in the place where it said that it is under way."""

from dataclasses import replace

import pytest

from bot.clients.github import CheckState
from bot.core.plans.drift import Drift, StepDrift
from bot.core.requests.branches import branch_of
from bot.events import RunCompleted
from bot.names import EnvironmentName, Login, StepName
from bot.runs.drift.issue import DriftReport, report_check, report_drift
from bot.service.reruns.run_end import place
from tests.support import example
from tests.support.small_monorepo import BOT, MAINTAINER, REPOSITORY, SmallMonorepo
from tests.support.triggers import actions as as_actions
from tests.support.triggers import deployed, workflow_token
from tests.support.workflow_runs import Actions

NAME = EnvironmentName("demo-x")
DRIFT = b"on: {workflow_dispatch: {inputs: {environment: {required: true}, request: {}}}}\n"
FOUND = StepDrift(StepName("app"), "stack", "drifted", text="its load balancer is gone")
SAME = StepDrift(StepName("app"), "stack", "same")


def asked(place: SmallMonorepo, line: str) -> int:
    comment = place.comment(line)
    place.work(place.event(comment, line))
    assert place.server.settle()
    return comment


def looked(place: SmallMonorepo, actions: Actions, drift: Drift) -> str:
    """Let a search for drift report as the workflow's job does, end, and return the page of its run."""
    run = actions.runs[-1]
    to = DriftReport(workflow_token(place, "issues", "checks"), example.REPOSITORY, Login("alice"), actions.page(run))
    assert report_check(drift, report_drift(drift, to), to) == ""
    actions.end(run, "failure" if drift.unchecked else "success")
    return actions.page(run)


@pytest.fixture
def watched(live: SmallMonorepo, actions: Actions) -> SmallMonorepo:
    """A live environment, in a repository that looks for drift."""
    live.server.commit(REPOSITORY, {".github/workflows/drift.yml": DRIFT}, by=MAINTAINER, message="drift")
    return live


@pytest.mark.sample
@pytest.mark.parametrize(
    ("drift", "said"),
    [
        (Drift(NAME, "", (SAME,)), "✅ demo-x: no drift ([log]("),
        (Drift(NAME, "", (FOUND,)), "⚠️ demo-x: 1 change made outside the code ([log]("),
        (
            Drift(NAME, "", because="run-9 is at work on it"),
            "⚠️ demo-x was not compared: run-9 is at work on it ([log](",
        ),
        (Drift(NAME, "", (replace(SAME, state="unchecked"),)), "❌ demo-x: 1 step could not be checked ([log]("),
    ],
)
def test_whoever_asked_is_told_what_the_search_for_drift_found(
    watched: SmallMonorepo, actions: Actions, drift: Drift, said: str
) -> None:
    comment = asked(watched, "/plan demo-x")
    assert "I am checking it for drift" in (watched.reply(comment) or "")
    page = looked(watched, actions, replace(drift, commit=watched.server.head(REPOSITORY) or ""))
    reply = watched.reply(comment) or ""
    assert reply.startswith(f"{said}{page})).")
    assert "checking" not in reply
    assert ("See #" in reply) == bool(drift.drifted)
    assert ("<summary>What was found</summary>" in reply) == bool(drift.drifted or drift.unchecked)


def test_a_run_that_could_not_even_look_is_told_with_what_to_type(watched: SmallMonorepo, actions: Actions) -> None:
    before = asked(watched, "/plan demo-x")
    looked(watched, actions, Drift(NAME, watched.server.head(REPOSITORY) or "", (SAME,)))
    comment = asked(watched, "/plan demo-x")
    actions.end(actions.runs[-1], "failure")
    assert (watched.reply(comment) or "").startswith(
        "❌ The check for drift of `demo-x` failed before it could report anything: [its log]("
    )
    assert "no drift" in (watched.reply(before) or ""), "an earlier run's words stay those of its reply"


def test_a_run_that_ended_while_the_service_was_away_is_told_at_once(watched: SmallMonorepo, actions: Actions) -> None:
    comment = watched.comment("/plan demo-x")
    event = watched.event(comment, "/plan demo-x")
    watched.work(event, "start")
    assert watched.server.settle()
    page = looked(watched, actions, Drift(NAME, watched.server.head(REPOSITORY) or "", (SAME,)))
    watched.work(event)
    assert (watched.reply(comment) or "").startswith(f"✅ demo-x: no drift ([log]({page})).")


def test_an_end_that_is_heard_of_twice_or_by_a_run_of_somebody_else_changes_nothing(
    watched: SmallMonorepo, actions: Actions
) -> None:
    comment = asked(watched, "/plan demo-x")
    marked = f"of #1<!-- envclone:run:drift demo-x for comment {comment} --> x<!-- envclone:run-end -->"
    stranger = watched.comment(marked, by=MAINTAINER)
    looked(watched, actions, Drift(NAME, watched.server.head(REPOSITORY) or "", (SAME,)))
    told = watched.written()
    ended = actions.ended[-1]
    assert isinstance(ended, RunCompleted)
    watched.work(ended)
    watched.work(ended.model_copy(update={"title": f"drift demo-x for comment {comment + 1}"}))
    assert watched.written() == told
    assert [each.body for each in watched.server.comments(REPOSITORY, watched.issue) if each.id == stranger] == [marked]
    for other in ({"trigger": "push"}, {"title": "Merge it"}, {"workflow": ".github/workflows/ci.yml"}):
        assert place(ended.model_copy(update=other)) is None
        watched.work(ended.model_copy(update=other))
    assert watched.written() == told


@pytest.mark.parametrize(
    ("state", "note"), [("success", "demo-x is live: 2 steps run in 3 s"), ("failure", "demo-x: app failed")]
)
def test_whoever_resumed_is_told_how_it_ended(live: SmallMonorepo, actions: Actions, state: str, note: str) -> None:
    deployed(live, "demo-x", "failure", "0" * 40, "demo-x: data failed")
    comment = asked(live, "/resume demo-x")
    assert "Resuming `demo-x` where it stopped" in (live.reply(comment) or "")
    run = actions.runs[-1]
    live.server.note_job(run, "apply (demo-x)", state)
    deployed(live, "demo-x", "success" if state == "success" else "failure", "0" * 40, note, log_url=actions.page(run))
    actions.end(run, state)
    reply = live.reply(comment) or ""
    assert reply.startswith(f"{'✅' if state == 'success' else '❌'} {note} ([log]({actions.page(run)})).")
    assert ("then comment `/resume demo-x` again" in reply) == (state == "failure")
    assert "Resuming" not in reply
    assert "**Why:** demo-x: data failed" in reply, "why it was resumed stays"


@pytest.mark.parametrize("is_at_same_commit", [True, False], ids=["in its deployment", "in another"])
def test_whoever_resumed_is_told_how_it_ended_though_another_run_has_begun_since(
    live: SmallMonorepo, actions: Actions, is_at_same_commit: bool
) -> None:
    deployed(live, "demo-x", "failure", "0" * 40, "demo-x: data failed")
    comment = asked(live, "/resume demo-x")
    run = actions.runs[-1]
    live.server.note_job(run, "apply (demo-x)", "failure")
    deployed(live, "demo-x", "failure", "0" * 40, "demo-x: app failed", log_url=actions.page(run))
    deployed(live, "demo-x", "in_progress", ("0" if is_at_same_commit else "1") * 40)
    actions.end(run, "failure")
    reply = live.reply(comment) or ""
    assert reply.startswith(f"❌ demo-x: app failed ([log]({actions.page(run)})).")
    assert "then comment `/resume demo-x` again" in reply


def test_a_resume_that_is_cancelled_before_it_began_is_told(live: SmallMonorepo, actions: Actions) -> None:
    deployed(live, "demo-x", "failure", "0" * 40, "demo-x: data failed")
    comment = asked(live, "/resume demo-x")
    actions.end(actions.runs[-1], "cancelled")
    assert (live.reply(comment) or "").startswith("⚪ The resumed run of `demo-x` was cancelled ([log](")


@pytest.mark.parametrize("conclusion", ["success", "failure"])
def test_whoever_had_a_pull_request_planned_again_is_told(
    proposed: SmallMonorepo, actions: Actions, conclusion: str
) -> None:
    server, number = proposed.server, proposed.server.pulls(REPOSITORY)[-1].number
    head = server.head(REPOSITORY, branch_of(NAME)) or ""
    run = actions.plan(branch_of(NAME), "failure")
    comment = asked(proposed, "/plan demo-x")
    assert f"#{number} is being planned again" in (proposed.reply(comment) or "")
    is_well = conclusion == "success"
    title = "12 to add" if is_well else "app: the provider could not be configured"
    state = CheckState(
        title, "…", conclusion="success" if is_well else "failure", external_id=f"{actions.page(run)}/attempts/2"
    )
    as_actions(proposed).put_check(example.REPOSITORY, head, "envclone/plan: demo-x", state)
    actions.end(run, conclusion)
    said = f"✅ #{number} was planned: 12 to add" if is_well else f"❌ #{number} could not be planned: {title}"
    assert (proposed.reply(comment) or "").startswith(f"{said} ([log]({actions.page(run)})).")


def test_what_an_earlier_attempt_of_the_plan_said_is_not_told_of_one_that_failed_before_it_planned(
    proposed: SmallMonorepo, actions: Actions
) -> None:
    server, number = proposed.server, proposed.server.pulls(REPOSITORY)[-1].number
    run = actions.plan(branch_of(NAME), "success")
    planned = CheckState("12 to add", "…", conclusion="success", external_id=actions.page(run))
    head = server.head(REPOSITORY, branch_of(NAME)) or ""
    as_actions(proposed).put_check(example.REPOSITORY, head, "envclone/plan: demo-x", planned)
    comment = asked(proposed, "/plan demo-x")
    actions.end(run, "failure")
    reply = proposed.reply(comment) or ""
    assert reply.startswith(f"❌ The plan of #{number} failed before it could report anything: [its log](")
    assert "12 to add" not in reply


def test_several_plans_are_told_each_in_its_line(live: SmallMonorepo, actions: Actions) -> None:
    live.say("/set demo-x app_min=3")
    live.say("/destroy demo-x")
    change, removal = (pull.number for pull in live.server.pulls(REPOSITORY)[-2:])
    runs = [actions.plan(branch_of(NAME, kind), "success") for kind in ("change", "destroy")]
    comment = asked(live, "/plan demo-x")
    actions.end(runs[1], "failure")
    reply = live.reply(comment) or ""
    assert f"#{change} is being planned again" in reply
    assert f"❌ The plan of #{removal} failed before it could report anything" in reply
    actions.end(runs[0], "success")
    assert f"✅ The plan of #{change} completed" in (live.reply(comment) or "")
    assert {each.author.login for each in live.server.comments(REPOSITORY, live.issue)} == {MAINTAINER, BOT}
