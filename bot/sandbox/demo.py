"""The demonstration: a person comments, and the way of the clone is watched from outside, on GitHub, until it is live."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bot.environment import directory
from bot.errors import UserError
from bot.names import EnvironmentName
from bot.sandbox.github.entities import CheckRun, Issue
from bot.sandbox.sandbox import REPOSITORY, REQUESTER, REVIEWER, Sandbox

NAME = EnvironmentName("demo-x")
COMMAND = f"/clone production as {NAME} for demo --ttl 14d"
_LOOK = 0.1


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the way: what people wait for, and how long it may take (seconds) before something is wrong."""

    key: str
    title: str
    patience: float


STAGES = (
    Stage("comment", f"{REQUESTER} comments: {COMMAND}", 10),
    Stage("reaction", "the bot reacts with 👀", 30),
    Stage("pull_request", "the pull request is open", 30),
    Stage("plan", "Actions verify and plan it; the required check passes", 180),
    Stage("merge", f"{REVIEWER} reviews and merges", 30),
    Stage("apply", "Actions apply the stacks and hooks", 300),
    Stage("live", "the status comment says: live", 60),
)


@dataclass(slots=True)
class Journey:
    """What was seen on the way. `seconds` are by stage."""

    issue: int
    seconds: dict[str, float] = field(default_factory=dict)
    comment: int = 0
    pull: int = 0
    merge_commit: str = ""

    @property
    def total(self) -> float:
        return sum(self.seconds.values())


class Stuck(UserError):
    """A stage did not end; the message says where to look."""


def travel(sandbox: Sandbox, *, as_far_as: str = "live") -> Iterator[tuple[Stage, Journey]]:
    """Go the whole way, yielding each stage twice: when it begins and, with its seconds, when it has ended.

    Raises `Stuck` when a stage takes too long or fails.
    """
    github = sandbox.github
    issue = github.open_issue(
        REPOSITORY, "A demo for a customer on Thursday", "They want to try everything.", by=REQUESTER
    )
    journey = Journey(issue)
    doing: dict[str, Callable[[Sandbox, Journey], bool]] = {
        "comment": _comment,
        "reaction": _reacted,
        "pull_request": _proposed,
        "plan": _planned,
        "merge": _merge,
        "apply": _applied,
        "live": _live,
    }
    for stage in STAGES:
        began = time.monotonic()
        yield stage, journey
        while not doing[stage.key](sandbox, journey):
            if time.monotonic() - began > stage.patience:
                raise Stuck(f"Stuck at “{stage.title}” for {stage.patience:.0f} s. {_where(sandbox)}")
            time.sleep(_LOOK)
        journey.seconds[stage.key] = time.monotonic() - began
        yield stage, journey
        if stage.key == as_far_as:
            return


def pull_request(sandbox: Sandbox, journey: Journey) -> Issue:
    """Return the clone's pull request."""
    return sandbox.github.issue(REPOSITORY, journey.pull)


def status(sandbox: Sandbox, journey: Journey) -> str:
    """Return the status comment's text."""
    marker = f"<!-- envclone:request:{journey.comment} -->"
    bodies = (comment.body for comment in sandbox.github.comments(REPOSITORY, journey.issue))
    return next((body.removeprefix(marker).strip() for body in bodies if body.startswith(marker)), "")


def plan_comment(sandbox: Sandbox, journey: Journey) -> str:
    """Return the comment with the plan."""
    marker = f"<!-- envclone:plan:{NAME} -->"
    bodies = (comment.body for comment in sandbox.github.comments(REPOSITORY, journey.pull))
    return next((body.replace(marker, "").strip() for body in bodies if marker in body), "")


def apply_check(sandbox: Sandbox, journey: Journey) -> CheckRun | None:
    """Return the check in which the apply reports its steps and outputs."""
    checks = sandbox.github.checks(REPOSITORY, journey.merge_commit)
    return next((check for check in checks if check.name == f"envclone/apply: {NAME}"), None)


def rendered_files(sandbox: Sandbox, journey: Journey) -> list[str]:
    """Return the paths that the pull request adds."""
    prefix = directory(NAME) + "/"
    return [change.path for change in sandbox.github.files(REPOSITORY, journey.pull) if change.path.startswith(prefix)]


def _comment(sandbox: Sandbox, journey: Journey) -> bool:
    journey.comment = sandbox.github.comment(
        REPOSITORY, journey.issue, f"We promised it for Thursday.\n\n{COMMAND}", by=REQUESTER
    )
    return True


def _reacted(sandbox: Sandbox, journey: Journey) -> bool:
    return any(reaction.content == "eyes" for reaction in sandbox.github.reactions(journey.comment))


def _proposed(sandbox: Sandbox, journey: Journey) -> bool:
    pulls = sandbox.github.pulls(REPOSITORY)
    if not pulls:
        return False
    journey.pull = pulls[0].number
    return bool(status(sandbox, journey))


def _planned(sandbox: Sandbox, journey: Journey) -> bool:
    pull = pull_request(sandbox, journey).pull
    assert pull is not None
    check = next(
        (c for c in sandbox.github.checks(REPOSITORY, pull.head_sha) if c.name == "envclone" and c.conclusion), None
    )
    if check is not None and check.conclusion != "success":
        raise Stuck(f"The required check says {check.conclusion}: {check.output.title}. {_where(sandbox)}")
    if check is None:
        _refuse_failed_runs(sandbox)
    return check is not None


def _merge(sandbox: Sandbox, journey: Journey) -> bool:
    if sandbox.github.merge_state(REPOSITORY, journey.pull) not in {"clean", "unstable"}:
        return False
    journey.merge_commit = sandbox.github.merge(REPOSITORY, journey.pull, by=REVIEWER)
    return True


def _applied(sandbox: Sandbox, journey: Journey) -> bool:
    deployments = [d for d in sandbox.github.deployments(REPOSITORY) if d.environment == NAME]
    states = [s.state for d in deployments for s in sandbox.github.deployment_statuses(d.id)]
    if states and states[-1] in {"failure", "error"}:
        check = apply_check(sandbox, journey)
        raise Stuck(f"The apply failed: {check.output.summary if check else states[-1]}\n{_where(sandbox)}")
    if not states:
        _refuse_failed_runs(sandbox)
    return bool(states) and states[-1] == "success"


def _live(sandbox: Sandbox, journey: Journey) -> bool:
    return f"`{NAME}` is live" in status(sandbox, journey)


def _refuse_failed_runs(sandbox: Sandbox) -> None:
    failed = [run for run in sandbox.runner.runs if run.conclusion not in {None, "success"}]
    if failed:
        raise Stuck(
            f"The workflow run {failed[-1].log} ended as {failed[-1].conclusion}:\n{failed[-1].log.read_text()[-3000:]}"
        )


def _where(sandbox: Sandbox) -> str:
    return f"Logs: {sandbox.root / 'service' / 'service.log'}, {sandbox.root / 'actions'}"
