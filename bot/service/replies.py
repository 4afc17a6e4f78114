"""The one reply to a comment that asked for something: written once, and brought up to date."""

import logging

from bot.clients.github.records import Comment, Reaction
from bot.core.messages import replies
from bot.events import CommentCreated
from bot.model.environment import Request
from bot.names import RepositoryName
from bot.service.context import ServiceContext
from bot.service.jobs_api import JobStepResult

log = logging.getLogger(__name__)

SETTLED: frozenset[Reaction] = frozenset({"rocket", "-1", "confused"})
"""Our reactions to a comment that was answered to its end."""


class Settled(JobStepResult):
    """The reaction at a comment shows how it ended."""


def reply_to(context: ServiceContext, request: Request, text: str) -> str:
    """Answer whoever asked, in place of an earlier answer; return the answer's address."""
    marker = replies.marker(request.comment)
    address = context.github.upsert_comment(request.repository, request.issue, marker, f"{marker}\n{text}")
    # Jobs of events, too, tell of a request: by this line its whole way is found.
    log.info("answered at %s", address, extra={"action": "answer", "request": request.url})
    return address


def reply_first(context: ServiceContext, request: Request, text: str, *, is_unanswered: bool) -> str | None:
    """Answer whoever asked and return the answer's address; None when there is an answer already, which stays as it is.

    `is_unanswered` if it is known that there is none, so that nobody has to look.
    """
    marker = replies.marker(request.comment)
    body = f"{marker}\n{text}"
    if is_unanswered:
        return context.github.write_comment(request.repository, request.issue, body)
    return context.github.comment_once(request.repository, request.issue, marker, body)


def settle(context: ServiceContext, event: CommentCreated, *, is_done: bool, eyes: int | None = None) -> Settled:
    """Show at the comment itself how it ended: its 👀 becomes 🚀, or 👎 when nothing was done. `eyes` is the id of the 👀, if known."""
    context.github.replace_reaction(event.repository, event.comment, "rocket" if is_done else "-1", given=eyes)
    return Settled()


def is_settled(context: ServiceContext, event: CommentCreated) -> bool:
    """Say whether a comment was answered to its end, as our reaction to it shows: nothing more is done for it."""
    return bool(context.github.own_reactions(event.repository, event.comment) & SETTLED)


def take_back_eyes(context: ServiceContext, repository: RepositoryName, comment: Comment) -> None:
    """Take our 👀 back at a comment that was answered to its end: whoever gave it was killed before it saw that."""
    if not ("eyes" in comment.reactions and comment.reactions & SETTLED):
        return  # the listing tells it, so nothing is asked for nearly all comments
    own = context.github.own_reactions(repository, comment.id)
    settled = next((kind for kind in SETTLED if kind in own), None)
    if settled is not None and "eyes" in own:
        context.github.replace_reaction(repository, comment.id, settled)


def answer_comment(context: ServiceContext, event: CommentCreated, text: str) -> str:
    """Answer a comment that is no accepted request, in place of an earlier answer; return the answer's address."""
    marker = replies.marker(event.comment)
    return context.github.upsert_comment(event.repository, event.issue, marker, f"{marker}\n{text}")
