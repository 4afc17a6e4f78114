"""The one reply to a comment that asked for something: written once, and brought up to date."""

from bot.core.messages import replies
from bot.events import CommentCreated
from bot.model.environment import Request
from bot.service.context import ServiceContext
from bot.service.jobs_api import JobStepResult


class Settled(JobStepResult):
    """The reaction at a comment shows how it ended."""


def reply_to(context: ServiceContext, request: Request, text: str) -> str:
    """Answer whoever asked, in place of an earlier answer; return the answer's address."""
    marker = replies.marker(request.comment)
    return context.github.upsert_comment(request.repository, request.issue, marker, f"{marker}\n{text}")


def reply_first(context: ServiceContext, request: Request, text: str) -> str | None:
    """Answer whoever asked and return the answer's address; None when there is an answer already, which stays as it is."""
    marker = replies.marker(request.comment)
    return context.github.comment_once(request.repository, request.issue, marker, f"{marker}\n{text}")


def settle(context: ServiceContext, event: CommentCreated, *, is_done: bool) -> Settled:
    """Show at the comment itself how it ended: its 👀 becomes 🚀, or 👎 when nothing was done."""
    context.github.replace_reaction(event.repository, event.comment, "eyes", "rocket" if is_done else "-1")
    return Settled()


def answer_comment(context: ServiceContext, event: CommentCreated, text: str) -> str:
    """Answer a comment that is no accepted request, in place of an earlier answer; return the answer's address."""
    marker = replies.marker(event.comment)
    return context.github.upsert_comment(event.repository, event.issue, marker, f"{marker}\n{text}")
