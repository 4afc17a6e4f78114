"""Who may take an environment from the run that holds it, asked of GitHub where that is done.

GitHub lets everybody with write access start a workflow by hand, with whatever inputs. So the run itself asks, before it begins:
either whoever started it (or started it again) has the role that the policy's `rescue` wants, or it was started for an `/unlock`
comment by somebody who has. Of such a comment nothing is taken on trust: it is read again, must be of this environment, give this
very reason, be unedited, and be of today, so that an old one can't be used again.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clients.github import GitHubRefused
from bot.clients.github.records import Comment
from bot.clients.transient import Transient
from bot.commands.comment import command_lines
from bot.commands.grammar import parse
from bot.commands.model import Unlock
from bot.core.requests.permissions import suffices
from bot.core.requests.rerun import run_title, take_over
from bot.errors import InvalidInput, UserError
from bot.model.environment import Request
from bot.model.policy import Policy
from bot.names import EnvironmentName, Login, shown
from bot.runs.reviewed_commit import OnGitHub

FRESH = timedelta(days=1)
"""How old a comment may be. Its run may wait for another of the same environment; hours, not days."""

_TITLE = re.compile(r"unlock \S+ for comment (\d{1,20})")


class MayNot(UserError):
    """Whoever asks may not take the environment from the run that holds it."""


@dataclass(frozen=True, slots=True)
class TakeoverRequest:
    """A request to take an environment over: why, by whom, and for which comment, as the run's title says."""

    environment: EnvironmentName
    because: str
    actor: str
    title: str
    at: datetime


def authorize(rescue: TakeoverRequest, on: OnGitHub | None, policy: Policy) -> None:
    """Return if the run may take the environment over. Raises `MayNot`, also when GitHub can't be asked."""
    needed = policy.allow["rescue"]
    if on is None:
        raise MayNot("Taking over in GitHub Actions needs `GITHUB_TOKEN`, to check who has permission.")
    try:
        held = on.github.permission(on.repository, rescue.actor) if rescue.actor else None
        if suffices(held, needed) or _is_asked_for(rescue, on, policy):
            return
    except (Transient, GitHubRefused) as error:
        raise MayNot(
            f"Not taken over: GitHub could not be asked for the permission ({error}). Try again later."
        ) from error
    name = rescue.environment
    has = f"has `{held}`" if held else "has none"
    raise MayNot(
        f"Not taken over: that requires the `{needed}` permission on this repository (`allow.rescue` in the policy), and "
        f'{shown(rescue.actor or "nobody")} {has}. Ask someone with that permission to comment `/unlock {name} --because "…"`.'
    )


def _is_asked_for(rescue: TakeoverRequest, on: OnGitHub, policy: Policy) -> bool:
    named = _TITLE.fullmatch(rescue.title)
    comment = on.github.comment(on.repository, int(named[1])) if named else None
    if comment is None or comment.author_is_bot or comment.is_edited or rescue.at - comment.created_at > FRESH:
        return False
    command, request = _unlock(comment), _request(comment, on)
    if command is None or request is None or command.name != rescue.environment:
        return False
    if take_over(command, request) != rescue.because or run_title(command, request) != rescue.title:
        return False
    return suffices(on.github.permission(on.repository, comment.author), policy.allow["rescue"])


def _unlock(comment: Comment) -> Unlock | None:
    meant = [found for line in command_lines(comment.body) if (found := parse(line)) is not None]
    return meant[0] if len(meant) == 1 and isinstance(meant[0], Unlock) else None


def _request(comment: Comment, on: OnGitHub) -> Request | None:
    try:
        by = Login(comment.author)
    except InvalidInput:
        return None
    return Request(by=by, repository=on.repository, issue=comment.issue, comment=comment.id, url=comment.url)
