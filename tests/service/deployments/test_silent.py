"""An apply that ended before it could report anything is told all the same: by the run, where no deployment tells of it."""

from datetime import timedelta

import pytest

from bot.events import RunCompleted
from bot.names import EnvironmentName
from bot.sandbox.github import SandboxRun
from bot.service.deployments.confirmed import SILENT
from bot.service.deployments.silent import ended_silently
from bot.service.reruns.run_end import last_run
from tests.support import example
from tests.support.small_monorepo import MAINTAINER, REPOSITORY, SmallMonorepo
from tests.support.triggers import apply_run, deployed, merged

NAME = EnvironmentName("demo-x")
WAITING = "`demo-x` is merged but not applied yet"
FAILED = "`demo-x`: the apply failed"


@pytest.fixture
def asked(place: SmallMonorepo) -> tuple[SmallMonorepo, int, str]:
    """A clone that was merged and not applied yet, the comment that asked for it, and what was reviewed."""

    def ask() -> tuple[int, str]:
        text = "/clone production as demo-x for demo"
        comment = place.comment(text)
        place.work(place.event(comment, text))
        reviewed = place.server.head(REPOSITORY, "envclone/demo-x") or ""
        merged(place, place.server.pulls(REPOSITORY)[-1].number)
        return comment, reviewed

    return place, *place.reach("merged", ask)


def ended(place: SmallMonorepo, url: str, conclusion: str, trigger: str = "push") -> None:
    """End a run, and let the service hear of it."""
    number = int(url.rpartition("/")[2])
    place.server.finish_run(number, conclusion)
    run = place.service.context.github.workflow_run(example.REPOSITORY, number)
    assert run is not None
    place.work(
        RunCompleted(
            repository=example.REPOSITORY,
            run=number,
            workflow=run.workflow,
            trigger=trigger,
            head="main",
            head_sha=run.head_sha,
            conclusion=conclusion,
            started_at=run.started_at,
            url=url,
        )
    )


def refused(place: SmallMonorepo) -> str:
    """Record an apply whose first job failed, so that it had no other; return its address."""
    head = place.server.head(REPOSITORY) or ""
    run = SandboxRun(".github/workflows/apply.yml", "push", head, MAINTAINER, "main")
    number = place.server.record_run(REPOSITORY, run)
    place.server.note_job(number, "targets", "failure")
    place.server.note_job(number, "apply (${{ matrix.environment }})", "skipped")
    return f"{place.server.url}/{REPOSITORY}/actions/runs/{number}"


@pytest.mark.parametrize("how", ["without a role", "cancelled while it waited", "refused whole"])
def test_who_asked_is_told_of_an_apply_that_never_began(asked: tuple[SmallMonorepo, int, str], how: str) -> None:
    place, comment, reviewed = asked
    head, conclusion = place.server.head(REPOSITORY) or "", "cancelled" if how.startswith("cancelled") else "failure"
    url = refused(place) if how == "refused whole" else apply_run(place, NAME, head, conclusion)
    ended(place, url, conclusion)
    said = place.reply(comment) or ""
    assert FAILED in said
    assert f"{SILENT} ([log]({url})). Comment `/resume demo-x`" in said
    assert "Resuming `demo-x`" in (place.say("/resume demo-x") or "")
    deployed(place, "demo-x", "success", reviewed)
    assert "`demo-x` is live" in (place.reply(comment) or "")


def test_who_asked_is_told_of_an_apply_whose_runner_was_lost(asked: tuple[SmallMonorepo, int, str]) -> None:
    place, comment, reviewed = asked
    url = apply_run(place, NAME, place.server.head(REPOSITORY) or "", None)
    deployed(place, "demo-x", "in_progress", reviewed, log_url=url)
    assert "`demo-x` is being applied" in (place.reply(comment) or "")
    place.server.note_job(int(url.rpartition("/")[2]), f"apply ({NAME})", "failure")
    ended(place, url, "failure")
    said = place.reply(comment) or ""
    assert FAILED in said
    assert f"{SILENT} ([log]({url}))" in said
    last = last_run(place.repository(), NAME)
    assert last is not None
    assert (last.state, last.note, last.results, last.url) == ("failure", SILENT, "", url)


def test_what_waits_or_belongs_to_another_version_or_environment_is_no_failure(
    asked: tuple[SmallMonorepo, int, str],
) -> None:
    place, comment, _ = asked
    head = place.server.head(REPOSITORY) or ""
    waits = apply_run(place, NAME, head, None)
    place.server.commit(REPOSITORY, {"README.md": b"x"}, by=MAINTAINER, message="Else")
    ended(place, apply_run(place, "other", place.server.head(REPOSITORY) or "", "failure"), "failure")
    assert WAITING in (place.reply(comment) or "")
    place.server.note_job(int(waits.rpartition("/")[2]), f"apply ({NAME})", "failure")
    assert ended_silently(place.repository(), NAME) is not None
    place.server.commit(REPOSITORY, {"envs/demo-x/README.md": b"x"}, by=MAINTAINER, message="Later")
    assert ended_silently(place.repository(), NAME) is None, "the push that changed it has no run yet"


def test_a_run_of_long_after_the_merge_was_not_to_bring_it_there(asked: tuple[SmallMonorepo, int, str]) -> None:
    place, comment, _ = asked
    assert WAITING in (place.reply(comment) or "")
    place.server.commit(REPOSITORY, {"README.md": b"x"}, by=MAINTAINER, message="Else")
    refused(place)
    assert ended_silently(place.repository(), NAME) is not None, "the first that has the commit"
    now = place.server.forge.state.clock()
    place.server.forge.state.clock = lambda: now + timedelta(hours=1)
    place.server.forge.state.runs.clear()
    refused(place)
    assert ended_silently(place.repository(), NAME) is None
