"""Decide whether a comment is a command to carry out: its text, its author and the author's permission are read again now.

What the webhook said is only a hint that there is something to look at; authority never lives in a payload or a text.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeAlias

from bot.clients.github.records import Comment
from bot.commands.comment import (
    command_asked_for,
    command_below_quote,
    command_in_brackets,
    command_in_code,
    command_lines,
)
from bot.commands.grammar import Mistake, format_command, parse
from bot.commands.model import Clone, Command, Destroy, Help, List, Reset, RolloutCommand
from bot.commands.spec import Spec
from bot.commands.specs import spec_of
from bot.core.messages import replies
from bot.core.requests.permissions import suffices
from bot.errors import InvalidInput, UserError
from bot.events import CommentCreated
from bot.model.environment import Request
from bot.model.policy import Policy, Role
from bot.names import Login, RepositoryName, is_valid
from bot.service.context import ServiceContext
from bot.service.corrections import Corrections
from bot.service.replies import SETTLED
from bot.service.repository import Repository, repository_at_head


@dataclass(frozen=True, slots=True)
class Authorized:
    """A command that its author may give, with who asked where, and the id of our 👀 at the comment."""

    command: Command
    request: Request
    eyes: int


@dataclass(frozen=True, slots=True)
class Reply:
    """A comment that is answered with a text and nothing else; `eyes` is the id of our 👀 at it."""

    text: str
    eyes: int | None = None


@dataclass(frozen=True, slots=True)
class Nothing:
    """A comment that is none of ours; `reason` is for the log."""

    reason: str


OVERTAKEN_AFTER = timedelta(seconds=10)
"""The age of a comment from which another worker may have answered it: one that is silent for less is never taken for dead."""

_NO_RIGHT = Nothing("the author has no right that counts here")

Authorization: TypeAlias = Authorized | Reply | Nothing


@dataclass(frozen=True, slots=True)
class _Asked:
    """A comment with a command in it, what its author may do in the repository, and whether the text was changed since it was written."""

    repository: RepositoryName
    comment: Comment
    held: Role
    is_edited: bool


def authorize(context: ServiceContext, event: CommentCreated) -> Authorization:
    """Return what a comment asks for. Raises `Transient`."""
    repository, comment_id = event.repository, event.comment
    comment = context.github.comment(repository, comment_id)
    if comment is None:
        return Nothing("the comment was deleted")
    if comment.author_is_bot or comment.author.casefold() == context.github.identity().casefold():
        return Nothing("comments by bots are ignored")  # with a token we look like a person
    found = meant_in(comment.body)
    if found is None:
        return Nothing("no command in the visible text")
    held = context.github.permission(repository, comment.author)
    if isinstance(found, Mistake) and not found.is_certain and found.instead is None and held is None:
        return _NO_RIGHT
    if held is None or not context.author_limit.admits(comment.author, comment_id, context.now()):
        context.github.react(repository, comment_id, "confused")
        return Nothing(
            "the author has no right here" if held is None else "the author had many answers within the hour"
        )
    # Of an opening text GitHub does not say whether it was edited.
    asked = _Asked(repository, comment, held, is_edited=comment.is_edited or comment.body != event.body)
    if isinstance(found, Mistake):
        meant = _corrected(context, asked, found)
        if meant is None:
            return Nothing("a sentence, or another bot's command")
        found = meant
    return _seen(context, asked, found)


def _seen(context: ServiceContext, asked: _Asked, found: Command | Mistake | Reply) -> Authorization:
    """Show that the comment was seen, and return what it asks for."""
    repository, comment = asked.repository, asked.comment
    eyes = context.github.react(repository, comment.id, "eyes")
    if context.now() - comment.created_at > OVERTAKEN_AFTER:
        _take_back_late(context, asked, eyes)
    if isinstance(found, Mistake | Reply) or asked.is_edited:
        outcome: Authorization = _explained(context, asked, found)
    else:
        requested = _requested(asked, found, repository_at_head(context, repository))
        outcome = Authorized(found, requested, eyes) if isinstance(requested, Request) else requested
    if isinstance(outcome, Nothing):
        context.github.replace_reaction(repository, comment.id, "confused", given=eyes)
    return replace(outcome, eyes=eyes) if isinstance(outcome, Reply) else outcome


def _take_back_late(context: ServiceContext, asked: _Asked, eyes: int) -> None:
    """Take our 👀 back at a comment that was answered to its end while we stood still: nobody else would."""
    if context.github.own_reactions(asked.repository, asked.comment.id) & SETTLED:
        context.github.take_back(asked.repository, asked.comment.id, eyes)


def _requested(asked: _Asked, command: Command, repo: Repository) -> Request | Reply | Nothing:
    spec, policy = spec_of(command), repo.policy()
    needed = _needed(command, spec, policy)
    if not suffices(asked.held, needed) and not _ends_own_clone(asked, command, repo):
        if not _may_anything(asked.held, policy):
            return _NO_RIGHT
        able = [login for login in repo.github.people_with(asked.repository, needed) if login != repo.github.identity()]
        return Reply(replies.forbidden(spec.verb, asked.held, needed, able))
    comment = asked.comment
    try:
        author = Login(comment.author)
    except InvalidInput as error:
        return Reply(str(error))
    return Request(by=author, repository=asked.repository, issue=comment.issue, comment=comment.id, url=comment.url)


def _ends_own_clone(asked: _Asked, command: Command, repo: Repository) -> bool:
    """Say whether somebody proposes the end of a clone that is their own, which whoever owns it always may."""
    manifest = repo.manifest(command.name) if isinstance(command, Destroy | Reset) else None
    is_own = manifest is not None and manifest.owner.casefold() == asked.comment.author.casefold()
    return is_own and manifest is not None and manifest.source is not None


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
        return Reply(replies.mistake(found))
    return Reply(replies.edited(format_command(found)))


def _may_anything(held: Role, policy: Policy) -> bool:
    return any(suffices(held, needed) for needed in policy.allow.values())


def meant_in(body: str) -> Command | Mistake | Reply | None:
    """Return the one command in a comment's visible text; what is wrong with it, or with several; None when there is none."""
    meant = [found for line in command_lines(body) if (found := parse(line)) is not None]
    if not meant:
        return _in_code(body) or _hidden(body)
    return meant[0] if len(meant) == 1 else Reply(replies.several(len(meant)))


def _in_code(body: str) -> Mistake | None:
    """Return a hint for whoever posts a command about an environment as code, and nothing else on its line."""
    line = command_in_code(body)
    found = parse(line) if line is not None else None
    if found is None or isinstance(found, Mistake | Help | List) or getattr(found, "name", None) is None:
        return None
    return Mistake(replies.in_code(format_command(found)))


def _hidden(body: str) -> Mistake | None:
    """Return what to type for a command that was plainly meant as one, and that the page doesn't show as one."""
    for line, because in (
        (command_asked_for(body), "Begin the line with the command:"),
        (command_in_brackets(body), "GitHub doesn't show words in angle brackets. Write the command without them:"),
        (command_below_quote(body), "That line is part of the quote above it. Leave a blank line between them:"),
    ):
        found = parse(line) if line is not None else None
        if found is not None and not isinstance(found, Mistake):
            return Mistake(because, format_command(found))
    return None


def _corrected(context: ServiceContext, asked: _Asked, mistake: Mistake) -> Mistake | None:
    """Return the mistake with a line that would be accepted from its author, or without; None when it is not meant for us."""
    author = asked.comment.author
    try:
        repo = repository_at_head(context, asked.repository)
        meant = parse(mistake.instead) if mistake.instead else None
        if meant is not None and not isinstance(meant, Mistake):
            is_allowed = suffices(asked.held, _needed(meant, spec_of(meant), repo.policy()))
            mistake = mistake if is_allowed and is_valid(Login, author) else mistake.alone()
        return Corrections(repo, Login(author)).corrected(mistake) if is_valid(Login, author) else mistake
    except UserError:
        return mistake.alone()  # what is wrong with the repository is said when a command is posted


def _needed(command: Command, spec: Spec, policy: Policy) -> Role:
    is_question = isinstance(command, RolloutCommand) and command.action is None
    needed = policy.allow["read" if is_question else spec.permission]
    if isinstance(command, Clone) and command.purpose in policy.purposes_requiring:
        special = policy.purposes_requiring[command.purpose]
        return special if suffices(special, needed) else needed
    return needed
