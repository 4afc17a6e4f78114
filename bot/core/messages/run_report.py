"""How a run on an environment ended, in words for everybody who is told: a check, a comment, a deployment, a step summary."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from bot.core.ledger.apply_result import ApplyOutcome
from bot.core.ledger.destroy_report import DestroyReport
from bot.core.messages import apply_comment, destroy_receipt

RunVerb = Literal["apply", "destroy"]


@dataclass(frozen=True, slots=True)
class Ending:
    """`title` is one plain line; `summary` is Markdown in at most that many bytes; `url` is where the environment answers."""

    verb: RunVerb
    title: str
    summary: Callable[[int], str]
    is_well: bool
    url: str = ""


def ending_of(found: ApplyOutcome | DestroyReport) -> Ending:
    """Return how an apply or a destroy ended."""
    if isinstance(found, DestroyReport):
        return Ending(
            "destroy", destroy_receipt.title(found), lambda limit: destroy_receipt.summary(found, limit), found.is_clean
        )
    return Ending(
        "apply",
        apply_comment.title(found),
        lambda limit: apply_comment.summary(found, limit),
        found.has_succeeded,
        found.url or "",
    )
