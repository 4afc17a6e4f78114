"""What GitHub and git refuse for good is answered at once; what may pass is told of once it takes longer than a minute."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.clients.store import SqliteStore
from bot.jobs.alone import OwnProcess
from bot.jobs.attempt import Patience
from bot.jobs.figures import Figures
from bot.jobs.runner import JobRunner, Seen
from bot.jobs.step_attempts import StepAttempts
from bot.sandbox.github import GitHubServer
from bot.sandbox.github.repository_settings import archive, rename_default_branch, rename_repository, restrict_creation
from tests.support.job_memory import JobMemory
from tests.support.small_monorepo import BOT, MAINTAINER, REPOSITORY, STRANGER, SmallMonorepo, small_monorepo

CLONE = "/clone production as demo-x for demo"


@pytest.fixture
def runner(place: SmallMonorepo, tmp_path: Path) -> Iterator[JobRunner]:
    """The service's jobs, run as the engine runs them."""
    store = SqliteStore(tmp_path / "steps.sqlite3")
    yield JobRunner(place.service, Seen(Figures("test")), Patience(), StepAttempts(store, OwnProcess(())))
    store.close()


def carried_out(
    place: SmallMonorepo, runner: JobRunner, memory: JobMemory, comment: int, by: str = MAINTAINER
) -> object:
    """Run the job of a comment to its end; return how it ended."""
    request = place.service.plan_of("delivery-1", place.event(comment, CLONE, by))
    assert request is not None
    return runner.run(request, memory)["outcome"]


@pytest.mark.sample
@pytest.mark.parametrize(
    ("forbid", "way", "words"),
    [
        (
            lambda server: server.protect(REPOSITORY, "envclone/demo-x"),
            "Let the App push there",
            "GH006: Protected branch update failed for refs/heads/envclone/demo-x.",
        ),
        (
            lambda server: restrict_creation(server.forge, REPOSITORY, "refs/heads/envclone/*"),
            "Add the App to the ruleset's bypass list",
            "Cannot create ref due to creations being restricted.",
        ),
    ],
    ids=["protected", "by a ruleset"],
)
def test_a_push_that_a_rule_forbids_is_told_at_once_with_the_servers_words(
    place: SmallMonorepo, runner: JobRunner, forbid: Callable[[GitHubServer], None], way: str, words: str
) -> None:
    forbid(place.server)
    memory, comment = JobMemory(), place.comment(CLONE)
    assert carried_out(place, runner, memory, comment) == "refused"
    assert memory.slept == []
    reply = place.reply(comment) or ""
    assert way in reply
    assert words in reply
    assert place.server.pulls(REPOSITORY) == []


def test_a_bot_that_may_not_push_is_told_which_permission_it_needs(place: SmallMonorepo, runner: JobRunner) -> None:
    place.server.set_role(REPOSITORY, BOT, "triage")
    memory, comment = JobMemory(), place.comment(CLONE)
    assert carried_out(place, runner, memory, comment) == "refused"
    assert memory.slept == []
    assert "Grant it the permission `contents: write`" in (place.reply(comment) or "")


def test_an_archived_repository_ends_the_job_and_the_log_says_why(
    place: SmallMonorepo, runner: JobRunner, caplog: pytest.LogCaptureFixture
) -> None:
    memory, comment = JobMemory(), place.comment(CLONE)
    archive(place.server.forge, REPOSITORY)
    assert carried_out(place, runner, memory, comment) == "refused"
    assert memory.slept == []
    assert "the answer could not be given: The repository is archived. Unarchive it" in caplog.text


@pytest.mark.parametrize(
    ("refused", "told"),
    [
        (("", "", 403, 1000, "This installation has been suspended"), "The App's installation is suspended. Unsuspend"),
        (("POST", "/comments$", 410, 1000, "Issues has been disabled in this repository."), "Issues are disabled in"),
    ],
    ids=["suspended", "without issues"],
)
def test_what_keeps_every_answer_back_ends_the_job_at_once_and_the_log_says_what_to_do(
    place: SmallMonorepo,
    runner: JobRunner,
    caplog: pytest.LogCaptureFixture,
    refused: tuple[str, str, int, int, str],
    told: str,
) -> None:
    memory, comment = JobMemory(), place.comment(CLONE)
    place.server.faults.answer(*refused)
    assert carried_out(place, runner, memory, comment) == "refused"
    place.server.faults.clear()
    assert memory.slept == []
    assert f"the answer could not be given: {told}" in caplog.text


def test_a_default_branch_that_is_renamed_while_the_service_runs_is_followed(place: SmallMonorepo) -> None:
    assert "production" in (place.say("/list") or "")
    rename_default_branch(place.server.forge, REPOSITORY, "trunk")
    assert "`demo-x`" in (place.say(CLONE) or "")
    assert [pull.pull.base_ref for pull in place.server.pulls(REPOSITORY) if pull.pull] == ["trunk"]


def test_a_job_that_was_asked_for_under_a_repositorys_former_name_is_done_under_its_new_one(tmp_path: Path) -> None:
    with small_monorepo(tmp_path, lambda app: app) as place:
        place.server.add_user("new-owner")
        comment = place.comment(CLONE)
        name = rename_repository(place.server.forge, REPOSITORY, "platform", owner="new-owner")
        place.work(place.event(comment, CLONE))
        owner, _, former = REPOSITORY.partition("/")
        rename_repository(place.server.forge, name, former, owner=owner)
        assert "`demo-x` is being planned" in (place.reply(comment) or "")
        assert [pull.pull.head_ref for pull in place.server.pulls(REPOSITORY) if pull.pull] == ["envclone/demo-x"]


def test_an_outage_of_git_is_told_after_a_minute_and_the_reply_becomes_the_clones(
    place: SmallMonorepo, runner: JobRunner
) -> None:
    comment = place.comment(CLONE)
    told: list[str | None] = []
    memory = JobMemory(on_sleep=lambda _: told.append(place.reply(comment)))
    place.server.faults.answer("GET", r"\.git/info/refs", status=502, times=8)
    assert carried_out(place, runner, memory, comment) == "done"
    silent = sum(sum(memory.slept[: place_ + 1]) <= 60 for place_ in range(len(memory.slept)))
    assert told[:silent] == [None] * silent
    assert told[silent:]
    assert all("⏳ Not done yet" in (each or "") and "The next attempt is at" in (each or "") for each in told[silent:])
    reply = place.reply(comment) or ""
    assert "⏳ Not done yet" not in reply
    assert "`demo-x` is being planned" in reply


def test_a_stranger_is_not_told_of_an_outage(place: SmallMonorepo, runner: JobRunner) -> None:
    comment, memory = place.comment(CLONE, STRANGER), JobMemory()
    place.server.faults.answer("GET", "/permission$", status=502, times=8)
    assert carried_out(place, runner, memory, comment, STRANGER) == "done"
    assert sum(memory.slept) > 60
    assert place.reply(comment) is None
