"""`/resume`, `/unlock` and `/plan`: from a comment to a run of a workflow, which is started once."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.requests.branches import branch_of
from bot.events import ReviewApproved, RunCompleted
from bot.names import EnvironmentName
from bot.service.reruns.plans import NOTHING_TO_PLAN
from tests.support.small_monorepo import BOT, MAINTAINER, POLICY, READER, REPOSITORY, SmallMonorepo
from tests.support.triggers import checked, deployed, merged, removed_by_hand
from tests.support.workflow_runs import Actions

NAME = EnvironmentName("demo-x")
CHANGE = branch_of(NAME, "change")
DRIFT = b"on: {workflow_dispatch: {inputs: {environment: {required: true}, request: {}}}}\n"


def say(place: SmallMonorepo, body: str, by: str = MAINTAINER) -> str:
    reply = place.say(body, by) or ""
    assert place.server.settle()
    return reply


@pytest.mark.sample
def test_resume_starts_the_apply_and_says_why(live: SmallMonorepo, actions: Actions) -> None:
    deployed(live, "demo-x", "failure", "0" * 40, "demo-x: app failed")
    comment = live.comment("/resume demo-x")
    live.work(live.event(comment, "/resume demo-x"))
    assert live.server.settle()
    title = f"resume demo-x for comment {comment}"
    assert actions.dispatched == [(".github/workflows/apply.yml", {"environment": "demo-x", "request": title})]
    reply = live.reply(comment) or ""
    assert "Resuming `demo-x` where it stopped: see [the runs of apply.yml](" in reply
    assert f"/{REPOSITORY}/actions/workflows/apply.yml)" in reply
    assert f"**Why:** demo-x: app failed ([log]({live.server.url}/{REPOSITORY}/actions/runs/" in reply
    assert "What failed" in reply


@pytest.mark.parametrize("line", ["/resume demo-x", '/unlock demo-x --because "the runner was switched off"'])
def test_law_4_what_starts_a_run_and_is_killed_finds_the_run_that_it_started(
    live: SmallMonorepo, actions: Actions, line: str
) -> None:
    live.server.set_role(REPOSITORY, MAINTAINER, "maintain")
    deployed(live, "demo-x", "failure", "0" * 40, "demo-x: app failed")
    comment = live.comment(line)
    event = live.event(comment, line)
    live.work(event, "start")
    assert live.server.settle()
    live.work(event)
    assert live.server.settle()
    assert len(actions.dispatched) == 1
    assert "/actions/runs/" in (live.reply(comment) or "")


def test_what_was_never_applied_is_not_resumed(live: SmallMonorepo, actions: Actions) -> None:
    assert "has never been applied, so there is nothing to resume" in say(live, "/resume demo-x")
    assert actions.dispatched == []


def test_nothing_is_resumed_that_is_done_unless_something_was_merged_since(
    live: SmallMonorepo, actions: Actions
) -> None:
    deployed(live, "demo-x", "success", "0" * 40)
    assert "There is nothing to resume" in say(live, "/resume demo-x")
    assert actions.dispatched == []
    live.say("/set demo-x app_min=3")
    merged(live, live.server.pulls(REPOSITORY)[-1].number)
    assert "has not been applied" in say(live, "/resume demo-x")
    assert len(actions.dispatched) == 1


def test_a_run_that_went_silent_is_gone_on_with(live: SmallMonorepo, actions: Actions) -> None:
    deployed(live, "demo-x", "in_progress", "0" * 40)
    assert "has not reported since" in say(live, "/resume demo-x")
    assert len(actions.dispatched) == 1


def test_a_destroy_is_gone_on_with_though_the_directory_is_gone(live: SmallMonorepo, actions: Actions) -> None:
    live.say("/destroy demo-x")
    merged(live, live.server.pulls(REPOSITORY)[-1].number)
    deployed(live, "demo-x", "failure", "0" * 40, "demo-x: network could not be destroyed")
    assert "network could not be destroyed" in say(live, "/resume demo-x")
    assert [inputs["environment"] for _, inputs in actions.dispatched] == ["demo-x"]


@pytest.mark.parametrize("asked", ["/destroy demo-x", "/plan demo-x"])
def test_an_end_that_was_merged_unreviewed_is_planned_once_more(
    live: SmallMonorepo, actions: Actions, asked: str
) -> None:
    live.say("/destroy demo-x")
    number = live.server.pulls(REPOSITORY)[-1].number
    run = actions.plan(branch_of(NAME, "destroy"), "failure")
    actions.plan(branch_of(NAME, "destroy"), "success", title=NOTHING_TO_PLAN)  # somebody changed its text
    merged(live, number)
    deployed(live, "demo-x", "failure", "0" * 40, "There is no reviewed destroy plan of `demo-x`")
    reply = say(live, asked)
    assert f"`demo-x` was removed by #{number}, which was merged without a reviewed plan" in reply
    assert f"#{number} is being planned again: see [the run](" in reply
    assert "then comment `/resume demo-x`" in reply
    assert actions.repeated == [run]
    checked(live, number)
    assert "being planned again" not in say(live, asked)


def test_an_end_that_was_merged_without_any_plan_can_only_be_reverted(live: SmallMonorepo, actions: Actions) -> None:
    number = removed_by_hand(live, "demo-x")[1]
    merged(live, number)
    reply = say(live, "/destroy demo-x")
    assert "has no plan to re-run" in reply
    assert f"Or revert #{number}" in reply


def test_what_is_only_proposed_or_unknown_is_not_resumed(proposed: SmallMonorepo, actions: Actions) -> None:
    assert "hasn't been deployed yet. Merge #" in say(proposed, "/resume demo-x")
    assert "Environment `demo-z` not found" in say(proposed, "/resume demo-z")
    assert actions.dispatched == []


def test_unlock_hands_the_reason_over_and_who_gave_it_where(live: SmallMonorepo, actions: Actions) -> None:
    live.server.set_role(REPOSITORY, MAINTAINER, "maintain")
    reply = say(live, '/unlock demo-x --because "the runner was switched off"')
    [(workflow, inputs)] = actions.dispatched
    assert workflow == ".github/workflows/apply.yml"
    assert inputs["take_over"] == f"the runner was switched off (@alice in #{live.issue})"
    assert "Reason, as recorded in the ledger: *the runner was switched off" in reply
    assert "one job at a time" in reply


@pytest.mark.sample
def test_plan_runs_the_newest_plan_of_an_open_pull_request_again_once(
    proposed: SmallMonorepo, actions: Actions
) -> None:
    run = actions.plan(branch_of(NAME), "failure")
    comment = proposed.comment("/plan demo-x")
    event = proposed.event(comment, "/plan demo-x")
    for _ in range(2):
        proposed.work(event)
        assert proposed.server.settle()
    assert actions.repeated == [run]
    reply = proposed.reply(comment) or ""
    assert "is being planned again: see [the run](" in reply
    assert f"/actions/runs/{run})" in reply
    actions.plan(branch_of(NAME), None)
    assert "is already being planned" in say(proposed, "/plan demo-x")
    assert actions.repeated == [run]


def test_plan_approves_what_its_author_saw_and_nothing_later(proposed: SmallMonorepo, actions: Actions) -> None:
    server = proposed.server
    bot = POLICY + f"bot: {BOT}\n".encode()
    server.commit(REPOSITORY, {".github/envclone.yml": bot}, by=MAINTAINER, message="Name the bot")
    now = server.forge.state.clock()
    number = server.pulls(REPOSITORY)[-1].number

    replies: list[str] = []

    def approved(at: int, where: int = number) -> list[tuple[str, str]]:
        """Comment at a moment, and return what the bot has written down of the head."""
        server.forge.state.clock = lambda: now + timedelta(seconds=at)
        comment = proposed.comment("/plan demo-x", issue=where)
        event = proposed.event(comment, "/plan demo-x")
        proposed.work(event.model_copy(update={"created_at": server.forge.state.clock(), "issue": where}))
        replies.append(proposed.reply(comment) or "")
        assert replies[-1]
        assert server.settle()
        statuses = proposed.service.context.github.statuses(REPOSITORY, server.head(REPOSITORY, branch_of(NAME)) or "")
        return [(status.creator, status.description) for status in statuses]

    actions.plan(branch_of(NAME), "failure")
    assert approved(105) == [], "a writer may not"
    assert "approv" not in replies[-1]
    server.set_role(REPOSITORY, MAINTAINER, "maintain")
    assert approved(110, proposed.issue) == [], "who asks in the issue has not looked at the pull request"
    assert approved(110) == [(BOT, MAINTAINER)]
    head = server.head(REPOSITORY, branch_of(NAME)) or ""
    assert replies[-1].endswith(f"your comment approves commit {head[:12]}.")
    assert approved(115) == [(BOT, MAINTAINER)], "said once"
    server.commit(REPOSITORY, {"envs/demo-x/a": b"b"}, by=READER, message="Later", branch=branch_of(NAME))
    assert approved(120) == [], "nobody has seen a plan of it"
    actions.plan(branch_of(NAME), "failure")
    assert approved(120) == [], "it came in the same moment"
    assert approved(170) == [], "it came while the comment was being written, perhaps"
    assert "Read the commit, then comment `/plan demo-x` again or approve it in a review" in replies[-1]
    assert approved(185) == [(BOT, MAINTAINER)]


def test_a_run_that_a_pushed_workflow_made_is_no_plan(proposed: SmallMonorepo, actions: Actions) -> None:
    """A tag may be named like the branch, and a file that somebody pushed starts on what it likes."""
    server, branch = proposed.server, branch_of(NAME)
    server.commit(
        REPOSITORY, {".github/envclone.yml": POLICY + f"bot: {BOT}\n".encode()}, by=MAINTAINER, message="Name the bot"
    )
    server.set_role(REPOSITORY, MAINTAINER, "maintain")
    number = server.pulls(REPOSITORY)[-1].number
    now = server.forge.state.clock()
    actions.plan(branch, "failure")
    server.forge.state.clock = lambda: now + timedelta(seconds=5)
    head = server.commit(REPOSITORY, {"envs/demo-x/a": b"b"}, by=READER, message="Later", branch=branch)
    actions.plan(branch, "failure", "push", head)
    server.forge.state.clock = lambda: now + timedelta(seconds=10)
    comment = proposed.comment("/plan demo-x", issue=number)
    at = server.forge.state.clock()
    event = proposed.event(comment, "/plan demo-x").model_copy(update={"created_at": at, "issue": number})
    proposed.work(event)
    assert proposed.service.context.github.statuses(REPOSITORY, head) == []
    assert server.settle()
    assert actions.repeated == []
    assert "has no plan to re-run" in (proposed.reply(comment) or "")


def test_an_approving_review_plans_its_head_again_once(proposed: SmallMonorepo, actions: Actions) -> None:
    server, context = proposed.server, proposed.service.context
    server.set_role(REPOSITORY, MAINTAINER, "maintain")
    head = server.head(REPOSITORY, branch_of(NAME)) or ""
    number = server.pulls(REPOSITORY)[-1].number
    run = actions.plan(branch_of(NAME), "failure")

    def approved(by: str, commit: str = head) -> list[int]:
        event = ReviewApproved(
            repository=REPOSITORY, number=number, review=7, commit=commit, author=by, submitted_at=context.now()
        )
        for _ in range(2):  # killed, and run again
            proposed.work(event)
            assert server.settle()
        return actions.repeated

    assert approved(READER) == [], "whoever may not approve starts nothing"
    assert approved(MAINTAINER, "0" * 40) == [], "another commit"
    checked(proposed, number, "failure")
    assert approved(MAINTAINER) == [run]


@pytest.mark.parametrize("by", [MAINTAINER, READER])
def test_an_approval_that_comes_while_the_plan_runs_plans_it_again_once(
    proposed: SmallMonorepo, actions: Actions, by: str
) -> None:
    server = proposed.server
    server.set_role(REPOSITORY, MAINTAINER, "maintain")
    number = server.pulls(REPOSITORY)[-1].number
    run = actions.plan(branch_of(NAME), None)
    server.review(REPOSITORY, number, by=by)
    checked(proposed, number, "failure")
    event = actions.end(run, "failure")
    assert isinstance(event, RunCompleted)
    for _ in range(2):  # killed, and run again
        proposed.work(event)
        assert server.settle()
    assert actions.repeated == ([run] if by == MAINTAINER else [])
    later = event.model_copy(update={"started_at": datetime.now(UTC) + timedelta(seconds=2), "attempt": 2})
    proposed.work(later)
    assert actions.repeated == ([run] if by == MAINTAINER else []), "that one has seen the approval"


def test_a_plan_that_a_comment_approves_while_it_runs_is_planned_again_and_told_at_its_end(
    proposed: SmallMonorepo, actions: Actions
) -> None:
    server, branch = proposed.server, branch_of(NAME)
    bot = POLICY + f"bot: {BOT}\n".encode()
    server.commit(REPOSITORY, {".github/envclone.yml": bot}, by=MAINTAINER, message="Name the bot")
    server.set_role(REPOSITORY, MAINTAINER, "maintain")
    number, now = server.pulls(REPOSITORY)[-1].number, server.forge.state.clock()
    run = actions.plan(branch, None)
    server.forge.state.clock = lambda: now + timedelta(seconds=100)
    comment = proposed.comment("/plan demo-x", issue=number)
    event = proposed.event(comment, "/plan demo-x")
    proposed.work(event.model_copy(update={"created_at": server.forge.state.clock(), "issue": number}))
    assert "is already being planned" in (proposed.reply(comment) or "")
    assert actions.repeated == []
    actions.end(run, "failure")
    assert server.settle()
    assert actions.repeated == [run]
    assert "is already being planned" in (proposed.reply(comment) or ""), "its end is not known yet"
    actions.end(run, "success")
    assert f"✅ The plan of #{number} completed" in (proposed.reply(comment) or "")


def test_plan_of_a_live_environment_plans_its_change_or_looks_for_drift(live: SmallMonorepo, actions: Actions) -> None:
    live.server.commit(REPOSITORY, {".github/workflows/drift.yml": DRIFT}, by=MAINTAINER, message="drift")
    comment = live.comment("/plan demo-x")
    for _ in range(2):  # killed before it answered, and run again
        live.work(live.event(comment, "/plan demo-x"))
        assert live.server.settle()
    assert "I am checking it for drift: see [the run](" in (live.reply(comment) or "")
    title = f"drift demo-x for comment {comment}"
    assert actions.dispatched == [(".github/workflows/drift.yml", {"environment": "demo-x", "request": title})]
    live.say("/set demo-x app_min=3")
    live.say("/destroy demo-x")
    number = live.server.pulls(REPOSITORY)[-2].number
    run = actions.plan(CHANGE, "success")
    reply = say(live, "/plan demo-x")
    assert f"- #{number} is being planned again" in reply
    assert "has no plan to re-run" in reply
    assert actions.repeated == [run]
    assert len(actions.dispatched) == 1


def test_what_github_refuses_is_explained(live: SmallMonorepo, actions: Actions) -> None:
    files: dict[str, bytes | None] = {
        ".github/workflows/apply.yml": b"on: {workflow_dispatch: {inputs: {environment: {}}}}\n",
        ".github/workflows/drift.yml": None,
    }
    live.server.commit(REPOSITORY, files, by=MAINTAINER, message="an old version")
    deployed(live, "demo-x", "failure", "0" * 40, "demo-x: app failed")
    assert 'Unexpected inputs provided: ["request"]' in say(live, "/resume demo-x")
    assert "Check that `.github/workflows/drift.yml` exists" in say(live, "/plan demo-x")
    assert actions.dispatched == []


@pytest.mark.parametrize(
    ("line", "by", "role"),
    [
        ("/resume demo-x", READER, "write"),
        ("/plan demo-x", READER, "write"),
        ('/unlock demo-x --because "I know it is dead"', READER, "maintain"),
        ('/unlock demo-x --because "I know it is dead"', MAINTAINER, "maintain"),  # who may only write
    ],
)
def test_whoever_may_not_is_told_so(live: SmallMonorepo, actions: Actions, line: str, by: str, role: str) -> None:
    assert f"requires the `{role}` permission" in say(live, line, by)
    assert actions.dispatched == []
