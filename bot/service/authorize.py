"""Decide whether a comment is a command to carry out: its text, its author and the author's permission are read again now.

What the webhook said is only a hint that there is something to look at; authority never lives in a payload or a text.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

from bot.clients.github.records import Comment
from bot.commands.comment import command_lines
from bot.commands.grammar import Mistake, format_command, parse
from bot.commands.model import Clone, Command
from bot.commands.specs import Spec, spec_of
from bot.core.messages import replies
from bot.core.requests.clone import CloneRequest
from bot.core.requests.permissions import suffices
from bot.core.requests.refusal import Refused
from bot.errors import InvalidInput, UserError
from bot.model.environment import Request
from bot.model.policy import Policy, Role
from bot.names import Login, RepositoryName, is_valid
from bot.service.context import ServiceContext
from bot.service.drafting import draft
from bot.service.repository import repository_at_head


@dataclass(frozen=True, slots=True)
class Authorized:
    """A command that its author may give, with who asked where."""

    command: Command
    request: Request


@dataclass(frozen=True, slots=True)
class Reply:
    """A comment that is answered with a text and nothing else."""

    text: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """A comment that is none of ours; `reason` is for the log."""

    reason: str


_NO_RIGHT = Nothing("the author has no right that counts here")

Authorization: TypeAlias = Authorized | Reply | Nothing


@dataclass(frozen=True, slots=True)
class _Asked:
    """A comment with a command in it, and what its author may do in the repository."""

    repository: RepositoryName
    comment: Comment
    held: Role


def authorize(context: ServiceContext, repository: RepositoryName, comment_id: int) -> Authorization:
    """Return what a comment asks for. Raises `Transient`."""
    comment = context.github.comment(repository, comment_id)
    if comment is None:
        return Nothing("the comment was deleted")
    if comment.author_is_bot:
        return Nothing("comments by bots are ignored")
    found = meant_in(comment.body)
    if found is None:
        return Nothing("no command in the visible text")
    held = context.github.permission(repository, comment.author)
    if held is None or not context.author_limit.admits(comment.author, comment_id, context.now()):
        context.github.react(repository, comment_id, "confused")
        return Nothing(
            "the author has no right here" if held is None else "the author had many answers within the hour"
        )
    context.github.react(repository, comment_id, "eyes")
    asked = _Asked(repository, comment, held)
    if isinstance(found, Mistake | Reply) or comment.is_edited:
        return _explained(context, asked, found)
    return _authorized(asked, found, repository_at_head(context, repository).policy())


def _authorized(asked: _Asked, command: Command, policy: Policy) -> Authorization:
    spec = spec_of(command)
    needed = _needed(command, spec, policy)
    if not suffices(asked.held, needed):
        return (
            Reply(replies.forbidden(spec.verb, asked.held, needed)) if _may_anything(asked.held, policy) else _NO_RIGHT
        )
    comment = asked.comment
    try:
        author = Login(comment.author)
    except InvalidInput as error:
        return Reply(str(error))
    request = Request(by=author, repository=asked.repository, issue=comment.issue, comment=comment.id, url=comment.url)
    return Authorized(command, request)


def _explained(context: ServiceContext, asked: _Asked, found: Command | Mistake | Reply) -> Reply | Nothing:
    """Return the answer to what is no command, or was edited, for whoever may do anything here."""
    try:
        policy = repository_at_head(context, asked.repository).policy()
    except UserError:
        policy = Policy()  # what is wrong with it is said to whoever posts a command
    if not _may_anything(asked.held, policy):
        return _NO_RIGHT
    if isinstance(found, Reply):
        return found
    if isinstance(found, Mistake):
        return Reply(replies.mistake(_corrected(context, asked, found)))
    return Reply(replies.edited(format_command(found)))


def _may_anything(held: Role, policy: Policy) -> bool:
    return any(suffices(held, needed) for needed in policy.allow.values())


def meant_in(body: str) -> Command | Mistake | Reply | None:
    """Return the one command in a comment's visible text; what is wrong with it, or with several; None when there is none."""
    meant = [found for line in command_lines(body) if (found := parse(line)) is not None]
    if not meant:
        return None
    return meant[0] if len(meant) == 1 else Reply(replies.several(len(meant)))


def _corrected(context: ServiceContext, asked: _Asked, mistake: Mistake) -> Mistake:
    """Return the mistake with a line in which purpose, parameters and values are right as well, for whoever may read them here."""
    meant = parse(mistake.instead) if mistake.instead else None
    author = asked.comment.author
    if not isinstance(meant, Clone) or not is_valid(Login, author):
        return mistake
    try:
        repo = repository_at_head(context, asked.repository)
        if not suffices(asked.held, _needed(meant, spec_of(meant), repo.policy())):
            return mistake
        drafted = draft(repo, CloneRequest(meant, None, Login(author), context.now()))
    except UserError:
        return mistake  # what is wrong with the repository is said when the corrected line is posted
    better = drafted.instead if isinstance(drafted, Refused) else None
    return replace(mistake, instead=format_command(better)) if better is not None else mistake


def _needed(command: Command, spec: Spec, policy: Policy) -> Role:
    needed = policy.allow[spec.permission]
    if isinstance(command, Clone) and command.purpose in policy.purposes_requiring:
        special = policy.purposes_requiring[command.purpose]
        return special if suffices(special, needed) else needed
    return needed
