"""All that the service does: which event becomes which job, and the steps of each job.

Adding a command touches: its model and row in `bot/commands`, its flow, and its line in `_command_steps`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from bot.commands.comment import command_lines
from bot.commands.grammar import Mistake, parse
from bot.commands.model import Clone, Command, Destroy, Extend, Help, List, Plan, Resume, Set, Status, Unlock
from bot.core import replies
from bot.core.branch import read_branch
from bot.core.draft import Asked, Refused
from bot.environment import Manifest
from bot.errors import InvalidInput
from bot.events import (
    CheckRunCompleted,
    CommentCreated,
    DeploymentStatusCreated,
    Event,
    Ignored,
    Ping,
    PullRequestChanged,
)
from bot.flows.answer import answer
from bot.flows.clone import Published, publish_clone
from bot.flows.destroy_job import destroy_steps
from bot.flows.progress import REQUIRED_CHECK, TRUSTED_APP, report_progress
from bot.flows.propose import propose_clone
from bot.flows.release import release_clone
from bot.flows.replying import accept_step, accepted, refuse, reply, reply_to
from bot.flows.work import JobRequest, Results, StepFunction
from bot.flows.world import World
from bot.names import EnvironmentName, RepositoryName
from bot.pipeline import Json


@dataclass(slots=True)
class Service:
    """Implements `bot.flows.work.Work`."""

    world: World

    def plan_of(self, delivery: str, event: Event) -> JobRequest | None:
        """Return the job that an event asks for."""
        match event:
            case CommentCreated():
                return _command_job(delivery, event)
            case PullRequestChanged():
                name = _ours(event.head) if event.head_repository == event.repository else None
                kind = "release" if event.action == "closed" and not event.is_merged else "progress"
                return _job(delivery, event, kind, name)
            case CheckRunCompleted():
                return (
                    _check_job(delivery, event) if event.name == REQUIRED_CHECK and event.app == TRUSTED_APP else None
                )
            case DeploymentStatusCreated():
                return _job(delivery, event, "progress", _name(event.environment))
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
            case "destroy":
                return destroy_steps(self.world)
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
        outcome = publish_clone(self.world, request.repository, Asked(command, request, request.by, self.world.now()))
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
        name = _ours(event.head)
        assert name is not None
        # The status comment is found through the manifest on the branch, so it is written before the branch goes.
        report_progress(self.world, event.repository, name)
        return {"released": release_clone(self.world, event.repository, name)}

    def _report_event(self, request: JobRequest, _: Results) -> dict[str, Json]:
        event, name = request.event, _name(request.partition.rpartition("/")[2])
        assert name is not None
        assert not isinstance(event, Ping | Ignored)
        return {"comment": report_progress(self.world, event.repository, name)}

    def _report_check(self, request: JobRequest, _: Results) -> dict[str, Json]:
        event = request.event
        assert isinstance(event, CheckRunCompleted)
        pulls = self.world.github.pull_requests_for_commit(event.repository, event.head_sha)
        names = [name for pull in pulls if pull.is_from(event.repository) and (name := _ours(pull.head))]
        return {"comments": [report_progress(self.world, event.repository, name) for name in names]}


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
        case Plan() | Resume() | Unlock():
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


def _ours(branch: str) -> EnvironmentName | None:
    found = read_branch(branch)
    return found.environment if found is not None and found.kind == "clone" else None


def _name(text: str) -> EnvironmentName | None:
    try:
        return EnvironmentName(text)
    except InvalidInput:
        return None
