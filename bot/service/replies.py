"""What the jobs of commands share: the command that was accepted, and the one reply to its comment."""

from bot.commands.grammar import Mistake, format_command, parse
from bot.commands.model import Command
from bot.core.messages import replies
from bot.events import CommentCreated
from bot.model.environment import Request
from bot.model.pipeline import Json
from bot.names import RepositoryName
from bot.service.authorize import Accepted, Nothing, Reply, accept
from bot.service.context import ServiceContext
from bot.service.jobs_api import STOP, JobRequest, Results


def accept_step(world: ServiceContext, request: JobRequest) -> dict[str, Json]:
    """Read the comment again; end the job with a reply, or in silence, unless it is a command that its author may give."""
    event = comment_of(request)
    match accept(world, event.repository, event.comment):
        case Accepted(command, asked):
            return {"command": format_command(command), "request": asked.model_dump(mode="json")}
        case Reply(text):
            reply(world, event.repository, event.issue, (event.comment, text))
            return {STOP: True, "because": "replied"}
        case Nothing(reason):
            return {STOP: True, "because": reason}


def accepted(results: Results) -> tuple[Command, Request]:
    """Return what `accept_step` accepted."""
    found = results["accept"]
    command = parse(str(found["command"]))
    assert command is not None
    assert not isinstance(command, Mistake)
    return command, Request.model_validate(found["request"])


def comment_of(request: JobRequest) -> CommentCreated:
    """Return the comment that a job is about."""
    assert isinstance(request.event, CommentCreated)
    return request.event


def reply_to(world: ServiceContext, request: Request, text: str) -> str:
    """Answer whoever asked, in place of an earlier answer; return the answer's address."""
    return reply(world, request.repository, request.issue, (request.comment, text))


def refuse(world: ServiceContext, request: Request, reason: str) -> dict[str, Json]:
    """Answer why nothing is done, and end the job."""
    reply_to(world, request, reason)
    return {STOP: True, "because": reason}


def reply(world: ServiceContext, repository: RepositoryName, issue: int, answer: tuple[int, str]) -> str:
    """Write the answer (to which comment, and its text) on an issue, in place of an earlier one."""
    comment, text = answer
    marker = replies.marker(comment)
    return world.github.upsert_comment(repository, issue, marker, f"{marker}\n{text}")
