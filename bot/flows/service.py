"""All that the service does: which event becomes which job, and the steps of each job.

Adding a command touches: its model and row in `bot/commands`, its flow, and its line in `_command_steps`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from bot.clients.git import BRANCHES
from bot.commands.comment import command_lines
from bot.commands.grammar import Mistake, format_command, parse
from bot.commands.model import Clone, Command
from bot.core import replies
from bot.core.draft import Asked, Refused
from bot.environment import Manifest, Request
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
from bot.flows.accept import Accepted, Nothing, Reply, accept
from bot.flows.answer import answer
from bot.flows.clone import Published, publish_clone
from bot.flows.progress import REQUIRED_CHECK, TRUSTED_APP, report_progress
from bot.flows.propose import propose_clone
from bot.flows.release import release_clone
from bot.flows.work import STOP, JobRequest, Results, StepFunction
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
            case "release":
                return [("release", self._release)]
            case "check":
                return [("report", self._report_check)]
            case _:
                return [("report", self._report_event)]

    def refused(self, request: JobRequest, message: str) -> None:
        """Answer the comment with what is wrong."""
        if isinstance(request.event, CommentCreated):
            self._reply(request.event, message)

    def failed(self, request: JobRequest, reference: str, error: str) -> None:
        """Answer the comment with the reference under which the log has the traceback."""
        if isinstance(request.event, CommentCreated):
            self._reply(request.event, replies.failed(reference))

    def _accept(self, request: JobRequest, _: Results) -> dict[str, Json]:
        event = _comment(request)
        match accept(self.world, event.repository, event.comment):
            case Accepted(command, asked):
                return {"command": format_command(command), "request": asked.model_dump(mode="json")}
            case Reply(text):
                self._reply(event, text)
                return {STOP: True, "because": "replied"}
            case Nothing(reason):
                return {STOP: True, "because": reason}

    def _answer(self, _: JobRequest, results: Results) -> dict[str, Json]:
        command, request = _accepted(results)
        text = answer(self.world, request.repository, command, request)
        return {"comment": self._reply_to(request, text)}

    def _publish(self, _: JobRequest, results: Results) -> dict[str, Json]:
        command, request = _accepted(results)
        assert isinstance(command, Clone)
        outcome = publish_clone(self.world, request.repository, Asked(command, request, request.by, self.world.now()))
        if isinstance(outcome, Refused):
            self._reply_to(request, replies.refused(outcome))
            return {STOP: True, "because": outcome.reason}
        return {
            "branch": outcome.branch,
            "commit": outcome.commit,
            "manifest": outcome.manifest.model_dump(mode="json"),
        }

    def _propose(self, _: JobRequest, results: Results) -> dict[str, Json]:
        request = _accepted(results)[1]
        done = results["publish"]
        published = Published(str(done["branch"]), str(done["commit"]), Manifest.model_validate(done["manifest"]))
        pull = propose_clone(self.world, request.repository, published)
        return {"number": pull.number, "url": pull.url}

    def _report(self, _: JobRequest, results: Results) -> dict[str, Json]:
        command, request = _accepted(results)
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

    def _reply(self, event: CommentCreated, text: str) -> str:
        marker = replies.marker(event.comment)
        return self.world.github.upsert_comment(event.repository, event.issue, marker, f"{marker}\n{text}")

    def _reply_to(self, request: Request, text: str) -> str:
        marker = replies.marker(request.comment)
        return self.world.github.upsert_comment(request.repository, request.issue, marker, f"{marker}\n{text}")


def _command_job(delivery: str, event: CommentCreated) -> JobRequest | None:
    """Return the job of a comment with a command in its visible text; the text is read again before anything is done."""
    meant = [found for line in command_lines(event.body) if (found := parse(line)) is not None]
    if not meant:
        return None
    command = meant[0] if len(meant) == 1 and not isinstance(meant[0], Mistake) else None
    is_clone = isinstance(command, Clone) and not command.dry_run
    return JobRequest(
        key=f"comment-{event.repository}-{event.comment}",
        partition=_partition(event.repository, command, event),
        kind="clone" if is_clone else "command",
        delivery=delivery,
        event=event,
    )


def _partition(repository: RepositoryName, command: Command | None, event: CommentCreated) -> str:
    name = command.name if isinstance(command, Clone) and not command.dry_run else f"comment-{event.comment}"
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
    return _name(branch.removeprefix(f"{BRANCHES}/")) if branch.startswith(f"{BRANCHES}/") else None


def _name(text: str) -> EnvironmentName | None:
    try:
        return EnvironmentName(text)
    except InvalidInput:
        return None


def _comment(request: JobRequest) -> CommentCreated:
    assert isinstance(request.event, CommentCreated)
    return request.event


def _accepted(results: Results) -> tuple[Command, Request]:
    accepted = results["accept"]
    command = parse(str(accepted["command"]))
    assert command is not None
    assert not isinstance(command, Mistake)
    return command, Request.model_validate(accepted["request"])
