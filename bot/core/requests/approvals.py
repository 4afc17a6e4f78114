"""Who approved that code which the base branch does not have is planned, and how to ask for it.

What counts is who GitHub says wrote it, about which commit, and what that person may do now; never a text alone.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.core.markdown import code
from bot.errors import Finding
from bot.model.policy import ACTIONS, Policy
from bot.names import EnvironmentName

CONTEXT = "envclone/approved: {environment}"
"""The commit status in which the bot writes down whose `/plan` approved a commit. Its description is the person's login."""

_VERDICTS = ("APPROVED", "CHANGES_REQUESTED", "DISMISSED")
"""States of a review that replace what the same person said before; a remark does not."""


@dataclass(frozen=True, slots=True)
class Unproved:
    """An environment that the base branch doesn't prove, and why."""

    environment: EnvironmentName
    reasons: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """What an account said of a pull request's commit: a review's state, or a status."""

    by: str
    state: str
    commit: str
    at: str
    """When, as GitHub writes moments."""


def approvers(said: Iterable[Said], commit: str) -> Iterator[str]:
    """Yield who approved this very commit, by a review or by `/plan`, and has not taken it back by a later review."""
    last: dict[str, Said] = {}
    # GitHub's moments are whole seconds: of two in the same one, what takes an approval back is the later.
    for review in sorted(said, key=lambda each: (each.at, each.state != "APPROVED")):
        if review.state in _VERDICTS and review.by.casefold() != ACTIONS:
            last[review.by.casefold()] = review
    yield from (said.by for said in last.values() if said.state == "APPROVED" and said.commit == commit)


def refusal(found: Unproved, commit: str, policy: Policy) -> str:
    """Say that nothing of an environment is planned yet, and who may change that."""
    role, name = policy.allow["plan_unproved"], found.environment
    by_comment = f"comment `/plan {name}` on this pull request, or approve" if policy.bot else "approve"
    return (
        f"{code(str(name))} is not proved by the base branch, so nothing of it is planned with credentials until somebody with the "
        f"`{role}` permission (`plan_unproved`) approves commit {commit[:12]}: {by_comment} it in a review. "
        "A later push needs a new approval."
    )
