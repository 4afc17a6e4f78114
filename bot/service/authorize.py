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
from bot.core.requests.clone import CloneRequest, Refused
from bot.core.requests.permissions import suffices
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


Authorization: TypeAlias = Authorized | Reply | Nothing


def authorize(context: ServiceContext, repository: RepositoryName, comment_id: int) -> Authorization:
    """Return what a comment asks for. Raises `Transient`."""
    comment = context.github.comment(repository, comment_id)
    if comment is None:
        return Nothing("the comment was deleted")
    if comment.author_is_bot:
        return Nothing("bots give no commands")
    found = meant_in(comment.body)
    if found is None:
        return Nothing("no command in the visible text")
    context.github.react(repository, comment_id, "eyes")
    if isinstance(found, Mistake):
        found = Reply(replies.mistake(_corrected(context, repository, comment, found)))
    if isinstance(found, Reply):
        return found
    if comment.is_edited:
        return Reply(replies.edited(format_command(found)))
    policy = repository_at_head(context, repository).policy()
    spec = spec_of(found)
    needed = _needed(found, spec, policy)
    held = context.github.permission(repository, comment.author)
    if not suffices(held, needed):
        return Reply(replies.forbidden(spec.verb, held, needed))
    try:
        author = Login(comment.author)
    except InvalidInput as error:
        return Reply(str(error))
    return Authorized(
        found, Request(by=author, repository=repository, issue=comment.issue, comment=comment_id, url=comment.url)
    )


def meant_in(body: str) -> Command | Mistake | Reply | None:
    """Return the one command in a comment's visible text; what is wrong with it, or with several; None when there is none."""
    meant = [found for line in command_lines(body) if (found := parse(line)) is not None]
    if not meant:
        return None
    return meant[0] if len(meant) == 1 else Reply(replies.several(len(meant)))


def _corrected(context: ServiceContext, repository: RepositoryName, comment: Comment, mistake: Mistake) -> Mistake:
    """Return the mistake with a line in which purpose, parameters and values are right as well, for whoever may read them here."""
    meant = parse(mistake.instead) if mistake.instead else None
    if not isinstance(meant, Clone) or not is_valid(Login, comment.author):
        return mistake
    try:
        repo = repository_at_head(context, repository)
        held = context.github.permission(repository, comment.author)
        if not suffices(held, _needed(meant, spec_of(meant), repo.policy())):
            return mistake
        drafted = draft(repo, CloneRequest(meant, None, Login(comment.author), context.now()))
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
