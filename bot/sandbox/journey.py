"""A story that is lived through on the sandbox and watched from outside, on GitHub: stages, one after the other, with their times."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from bot.errors import UserError
from bot.sandbox.actions.run import ActionsRun
from bot.sandbox.github.records.checks import CheckRunRecord
from bot.sandbox.github.records.issues import IssueRecord
from bot.sandbox.sandbox import REPOSITORY, Sandbox

_SOONEST, _LATEST = 0.1, 1.0
"""Seconds until a stage is looked at again: a fiftieth of what it has taken so far, so that looking keeps no core busy."""

STANDSTILL = 240.0
"""Seconds without an event on GitHub, and without a run under way, after which a stage will not end any more: a busy machine takes a
minute for what an idle one does in a second."""


@dataclass(slots=True)
class Story:
    """What was seen on the way. `seconds` are by stage; `expected_failures` counts workflow runs that had to fail."""

    sandbox: Sandbox
    seconds: dict[str, float] = field(default_factory=dict)
    expected_failures: int = 0

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


Lived = TypeVar("Lived", bound=Story)
_Lived_contra = TypeVar(
    "_Lived_contra", bound=Story, contravariant=True
)  # a stage of any story is one of a longer story, too


@dataclass(frozen=True, slots=True)
class JourneyStage(Generic[_Lived_contra]):
    """One stage: `act` does what a person does, or looks, and says whether the stage is over.

    It is called again and again, for at most `patience` seconds and while anything happens; then something is wrong.
    """

    key: str
    title: str
    patience: float
    act: Callable[[_Lived_contra], bool]


class Stuck(UserError):
    """A stage did not end; the message says where to look."""


def walk(story: Lived, stages: Sequence[JourneyStage[Lived]]) -> Iterator[JourneyStage[Lived]]:
    """Live through the stages, yielding each twice: when it begins and, with its seconds in the story, when it has ended.

    Raises `Stuck` when a stage takes too long, when nothing happens any more, or when it fails.
    """
    for stage in stages:
        began = moved = time.monotonic()
        heard = story.sandbox.runner.heard
        yield stage
        while not stage.act(story):
            now = time.monotonic()
            if story.sandbox.runner.heard != heard or not story.sandbox.runner.idle():
                heard, moved = story.sandbox.runner.heard, now
            if now - began > stage.patience:
                raise Stuck(f"Timed out at “{stage.title}” after {stage.patience:.0f} s. {logs(story.sandbox)}")
            if now - moved > STANDSTILL:
                raise Stuck(f"Nothing has happened for {STANDSTILL:.0f} s at “{stage.title}”. {logs(story.sandbox)}")
            time.sleep(min(max((now - began) / 50, _SOONEST), _LATEST))
        story.seconds[stage.key] = time.monotonic() - began
        yield stage


def once(act: Callable[[Lived], None]) -> Callable[[Lived], bool]:
    """Return a stage's act that is over when it is done."""

    def done(story: Lived) -> bool:
        act(story)
        return True

    return done


def status(sandbox: Sandbox, issue: int, comment: int) -> str:
    """Return the reply to a comment, as it is now."""
    marker = f"<!-- envclone:request:{comment} -->"
    bodies = (each.body for each in sandbox.github.comments(REPOSITORY, issue))
    return next((body.removeprefix(marker).strip() for body in bodies if body.startswith(marker)), "")


def marked(sandbox: Sandbox, number: int, marker: str) -> str:
    """Return the comment on a pull request that bears a hidden marker."""
    bodies = (each.body for each in sandbox.github.comments(REPOSITORY, number))
    return next((body.replace(marker, "").strip() for body in bodies if marker in body), "")


def check(sandbox: Sandbox, commit: str, name: str) -> CheckRunRecord | None:
    """Return a commit's newest check of a name."""
    found = [each for each in sandbox.github.checks(REPOSITORY, commit) if each.name == name]
    return max(found, key=lambda each: each.id, default=None)


def is_planned(story: Story, number: int) -> bool:
    """Say whether the required check of a pull request has passed. Raises `Stuck` if it failed."""
    sandbox = story.sandbox
    pull = sandbox.github.issue(REPOSITORY, number).pull
    assert pull is not None
    required = check(sandbox, pull.head_sha, "envclone")
    if required is None or required.conclusion is None:
        refuse_failed_runs(story)
        return False
    if required.conclusion != "success":
        raise Stuck(f"The required check concluded {required.conclusion}: {required.output.title}. {logs(sandbox)}")
    return True


def merged(sandbox: Sandbox, number: int, by: str) -> str | None:
    """Merge a pull request once it can be, and return the merge commit."""
    if sandbox.github.merge_state(REPOSITORY, number) not in {"clean", "unstable"}:
        return None
    return sandbox.github.merge(REPOSITORY, number, by=by)


def deployed(sandbox: Sandbox, environment: str, after: int = 0) -> str | None:
    """Return the last state of the newest deployment to an environment, of those with a greater id than `after`."""
    found = [
        each for each in sandbox.github.deployments(REPOSITORY) if each.environment == environment and each.id > after
    ]
    if not found:
        return None
    states = [each.state for each in sandbox.github.deployment_statuses(max(each.id for each in found))]
    return states[-1] if states else None


def pull_from(sandbox: Sandbox, branch: str) -> IssueRecord | None:
    """Return the newest pull request from a branch."""
    found = [
        each for each in sandbox.github.pulls(REPOSITORY) if each.pull is not None and each.pull.head_ref == branch
    ]
    return max(found, key=lambda each: each.number, default=None)


def failed_runs(sandbox: Sandbox) -> Sequence[ActionsRun]:
    """Return the workflow runs that failed, oldest first."""
    return [run for run in sandbox.runner.runs if run.conclusion not in {None, "success"}]


def refuse_failed_runs(story: Story) -> None:
    """Raise `Stuck` if a workflow run has failed that should not have."""
    unexpected = failed_runs(story.sandbox)[story.expected_failures :]
    if unexpected:
        log = unexpected[-1].log
        raise Stuck(f"The workflow run {log} concluded {unexpected[-1].conclusion}:\n{log.read_text()[-3000:]}")


def logs(sandbox: Sandbox) -> str:
    """Say where to look when something is wrong."""
    of_service = f"{sandbox.root / 'service' / 'service.log'}, " if sandbox.service else ""
    return f"Logs: {of_service}{sandbox.root / 'actions'}"
