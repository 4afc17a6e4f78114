"""How a run on an environment ended, in words for everybody who is told: a check, a comment, a deployment, a step summary."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from bot.core.ledger.apply_result import ApplyOutcome
from bot.core.ledger.destroy_report import DestroyReport
from bot.core.markdown import cell, code, shortened, table
from bot.core.messages import apply_comment, destroy_receipt
from bot.core.plans.job_report import JobReport
from bot.core.plural import counted

RunVerb = Literal["apply", "destroy"]
MANY = "<!-- envclone:plans -->"
"""By which the comment about many plans at once is found again."""
MOST_ROWS, LONGEST_TITLE = 200, 80
"""Of that comment's table; the rest is in the checks."""

_WHERE = "Each has its own check on this pull request, with the whole plan."


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


def many_plans(reports: Sequence[JobReport], missing: Sequence[str], commit: str) -> str:
    """Return the comment about the plans of more environments than get one each: what failed first, then the rest by name."""
    told = sorted(reports, key=lambda each: (each.plan.conclusion == "success", each.environment))
    failed = sum(each.plan.conclusion != "success" for each in told)
    rows = [
        (code(each.environment), "planned" if each.plan.conclusion == "success" else "**failed**", _brief(each))
        for each in told[:MOST_ROWS]
    ]
    rest = max(len(told) - MOST_ROWS, 0)
    parts = [
        f"{MANY}\n## Plans of {counted(len(reports) + len(missing), 'environment')}",
        f"{counted(len(told) - failed, 'plan')} succeeded at commit {code(commit[:12])}, {failed + len(missing)} did not. {_WHERE}",
        "\n".join(f"- {cell(line)}" for line in missing[:MOST_ROWS]),
        table(("Environment", "Plan", "What it says"), rows),
        f"{counted(rest, 'other environment')} in the checks." if rest else "",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _brief(report: JobReport) -> str:
    return cell(shortened(report.plan.title, LONGEST_TITLE))
