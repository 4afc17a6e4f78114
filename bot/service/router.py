"""All that the service does: which event becomes which job, and the steps of each job.

Adding a command touches: its model and row in `bot/commands`, its flow, and its line in `_command_steps`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import assert_never

from bot.clients.github.records import ACTIONS_APP
from bot.commands.comment import command_lines
from bot.commands.grammar import Mistake, parse
from bot.commands.model import Clone, Command, Destroy, Extend, Help, List, PlanCommand, Resume, Set, Status, Unlock
from bot.core.messages import replies
from bot.core.requests.branches import read_branch
from bot.core.requests.clone import CloneRequest, Refused
from bot.errors import InvalidInput
from bot.events import (
    CheckRunCompleted,
    CommentCreated,
    DeploymentStatusCreated,
    Event,
    Ignored,
    Ping,
    PullRequestChanged,
    Tick,
)
from bot.model.environment import Manifest
from bot.model.pipeline import Json
from bot.names import EnvironmentName, RepositoryName
from bot.service.branch_cleanup import release_branch
from bot.service.clone_proposal import propose_clone
from bot.service.commands.change_job import change_steps
from bot.service.commands.clone import Published, publish_clone
from bot.service.commands.destroy_job import destroy_steps
from bot.service.commands.expire import merge_expired
from bot.service.commands.expire_job import expire_steps, sweep_steps, tick_job
from bot.service.commands.queries import answer
from bot.service.commands.rerun_job import dispatch_steps
from bot.service.context import ServiceContext
from bot.service.jobs_api import JobRequest, Results, StepFunction
from bot.service.removals import release_removed
from bot.service.replies import accept_step, accepted, refuse, reply, reply_to
from bot.service.status import REQUIRED_CHECK, report_branch, report_environment, report_progress

_FLOWS: Mapping[str, Callable[[ServiceContext], Sequence[tuple[str, StepFunction]]]] = {
    "change": change_steps,
    "dispatch": dispatch_steps,
    "destroy": destroy_steps,
    "sweep": sweep_steps,
    "expire": expire_steps,
}


@dataclass(slots=True)
class Router:
    """Implements `bot.service.jobs_api.Work`."""

    world: ServiceContext

    def now(self) -> datetime:
        """Return the world's time."""
        return self.world.now()

    def repositories(self) -> Sequence[RepositoryName]:
        """Return the repositories that the app is installed on, or that the credentials were made for."""
        return self.world.github.repositories()

    def plan_of(self, delivery: str, event: Event) -> JobRequest | None:
        """Return the job that an event asks for."""
        match event:
            case CommentCreated():
                return _command_job(delivery, event)
            case PullRequestChanged():
                branch = read_branch(event.head) if event.head_repository == event.repository else None
                kind = "release" if event.action == "closed" and not event.is_merged else "progress"
                return _job(delivery, event, kind, branch.environment if branch else None)
            case CheckRunCompleted():
                return (
                    _check_job(delivery, event) if event.name == REQUIRED_CHECK and event.app == ACTIONS_APP else None
                )
            case DeploymentStatusCreated():
                return _job(delivery, event, "progress", _name(event.environment))
            case Tick():
                return tick_job(delivery, event)
            case Ping() | Ignored():
                return None
            case _:
                assert_never(event)

    def steps(self, request: JobRequest) -> Sequence[tuple[str, StepFunction]]:
        """Return the steps of a job."""
        match request.kind:
            case "clone":
                return [
                    ("accept", self._accept),
                    ("publish", self._publish),
                    ("propose", self._propose),
                    ("report", self._report),
                ]
            case "command":
                return [("accept", self._accept), ("answer", self._answer)]
            case kind if kind in _FLOWS:
                return _FLOWS[kind](self.world)
            case "release":
                return [("release", self._release)]
            case "check":
                return [("report", self._report_check)]
            case _:
                return [("report", self._report_event)]

    def refused(self, request: JobRequest, message: str) -> None:
        """Answer the comment with what is wrong."""
        if isinstance(request.event, CommentCreated):
            reply(self.world, request.event.repository, request.event.issue, (request.event.comment, message))

    def failed(self, request: JobRequest, reference: str, error: str) -> None:
        """Answer the comment with the reference under which the log has the traceback."""
        if isinstance(request.event, CommentCreated):
            text = replies.failed(reference)
            reply(self.world, request.event.repository, request.event.issue, (request.event.comment, text))

    def _accept(self, request: JobRequest, _: Results) -> dict[str, Json]:
        return accept_step(self.world, request)

    def _answer(self, _: JobRequest, results: Results) -> dict[str, Json]:
        command, request = accepted(results)
        assert isinstance(command, Help | Status | List | Clone)
        text = answer(self.world, request.repository, command, request)
        return {"comment": reply_to(self.world, request, text)}

    def _publish(self, _: JobRequest, results: Results) -> dict[str, Json]:
        command, request = accepted(results)
        assert isinstance(command, Clone)
        outcome = publish_clone(
            self.world, request.repository, CloneRequest(command, request, request.by, self.world.now())
        )
        if isinstance(outcome, Refused):
            return refuse(self.world, request, replies.refused(outcome))
        return {
            "branch": outcome.branch,
            "commit": outcome.commit,
            "manifest": outcome.manifest.model_dump(mode="json"),
        }

    def _propose(self, _: JobRequest, results: Results) -> dict[str, Json]:
        request = accepted(results)[1]
        done = results["publish"]
        published = Published(str(done["branch"]), str(done["commit"]), Manifest.model_validate(done["manifest"]))
        pull = propose_clone(self.world, request.repository, published)
        return {"number": pull.number, "url": pull.url}

    def _report(self, _: JobRequest, results: Results) -> dict[str, Json]:
        command, request = accepted(results)
        assert isinstance(command, Clone)
        return {"comment": report_progress(self.world, request.repository, command.name)}

    def _release(self, request: JobRequest, _: Results) -> dict[str, Json]:
        event = request.event
        assert isinstance(event, PullRequestChanged)
        branch = read_branch(event.head)
        assert branch is not None
        # Who asked is found through the commits of the branch, so they are told before the branch goes.
        report_branch(self.world, event.repository, branch)
        return {"released": release_branch(self.world, event.repository, branch)}

    def _report_event(self, request: JobRequest, _: Results) -> dict[str, Json]:
        event = request.event
        if isinstance(event, PullRequestChanged):
            branch = read_branch(event.head)
            assert branch is not None
            return {"comments": [*report_branch(self.world, event.repository, branch)]}
        assert isinstance(event, DeploymentStatusCreated)
        name = EnvironmentName(event.environment)
        told = report_environment(self.world, event.repository, name)
        # Who asked is found through the branches, so they are told before the branches go.
        return {"comments": [*told], "released": release_removed(self.world, event.repository, name)}

    def _report_check(self, request: JobRequest, _: Results) -> dict[str, Json]:
        event = request.event
        assert isinstance(event, CheckRunCompleted)
        pulls = self.world.github.pull_requests_for_commit(event.repository, event.head_sha)
        branches = [branch for pull in pulls if pull.is_from(event.repository) and (branch := read_branch(pull.head))]
        told = [comment for branch in branches for comment in report_branch(self.world, event.repository, branch)]
        for branch in branches:
            if branch.kind == "destroy" and event.conclusion == "success":
                merge_expired(self.world, event.repository, branch.environment)
        return {"comments": [*told]}


def _command_job(delivery: str, event: CommentCreated) -> JobRequest | None:
    """Return the job of a comment with a command in its visible text; the text is read again before anything is done."""
    meant = [found for line in command_lines(event.body) if (found := parse(line)) is not None]
    if not meant:
        return None
    command = meant[0] if len(meant) == 1 and not isinstance(meant[0], Mistake) else None
    return JobRequest(
        key=f"comment-{event.repository}-{event.comment}",
        partition=_partition(event.repository, command, event),
        kind=_kind(command),
        delivery=delivery,
        event=event,
    )


def _kind(command: Command | None) -> str:
    """Return the kind of a command's job; one that only reads, or that is none after all, is answered."""
    match command:
        case Clone():
            return "command" if command.dry_run else "clone"
        case Set() | Extend():
            return "change"
        case PlanCommand() | Resume() | Unlock():
            return "dispatch"
        case Destroy():
            return "destroy"
        case _:
            return "command"


def _partition(repository: RepositoryName, command: Command | None, event: CommentCreated) -> str:
    """Return what a command's job keeps to itself: its environment, or nothing that another would want."""
    reads = _kind(command) == "command" or command is None or isinstance(command, Help | List | Status)
    name = f"comment-{event.comment}" if reads else command.name  # type: ignore[union-attr]
    return f"{repository}/{name}"


def _job(delivery: str, event: Event, kind: str, name: EnvironmentName | None) -> JobRequest | None:
    if name is None or isinstance(event, Ping | Ignored):
        return None
    key = f"{kind}-{delivery}"
    return JobRequest(key=key, partition=f"{event.repository}/{name}", kind=kind, delivery=delivery, event=event)


def _check_job(delivery: str, event: CheckRunCompleted) -> JobRequest:
    """Return the job that reports a check; which environment it is about is only known from the commit's pull request."""
    partition = f"{event.repository}/check-{event.head_sha}"
    return JobRequest(key=f"check-{delivery}", partition=partition, kind="check", delivery=delivery, event=event)


def _name(text: str) -> EnvironmentName | None:
    try:
        return EnvironmentName(text)
    except InvalidInput:
        return None
