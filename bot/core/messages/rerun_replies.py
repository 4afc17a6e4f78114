"""What `/resume`, `/unlock` and `/plan` start, why, and what whoever asked reads."""

from bot.commands.model import Unlock
from bot.core.markdown import cell, code, details
from bot.core.requests.rerun import Last, take_over
from bot.model.environment import Request
from bot.names import EnvironmentName

LONGEST_REASON = 20_000
"""Characters of the failure that are shown, well below GitHub's 65,536 for a comment; the check's page has all of it."""

_TABLE = "\n\n| Step |"
_ADVICE = "**Next:**"


def nothing_to_resume(name: EnvironmentName, last: Last | None) -> str | None:
    """Return why there is nothing to resume, or None."""
    if last is None:
        return (
            f"{code(name)} has never been applied, so there is nothing to resume. It is applied when its pull request is "
            "merged; if that run is missing, look for it on the Actions page and re-run it there."
        )
    if last.state != "success" or not last.is_current:
        return None
    return (
        f"There is nothing to resume: the last run of {code(name)} completed{_log(last)}. To check what has changed "
        f"since, comment {code(f'/plan {name}')}."
    )


def resumed(name: EnvironmentName, last: Last | None, run: str) -> str:
    """Answer `/resume`. `run` is a link, in Markdown, to where the run is seen."""
    return f"Resuming {code(name)} where it stopped: {run}. Completed steps are skipped.\n\n{_why(name, last)}"


def rescued(command: Unlock, request: Request, last: Last | None, run: str) -> str:
    """Answer `/unlock`."""
    name = command.name
    return (
        f"Taking over {code(name)} and its state locks from the stale run, and resuming: {run}.\n\nReason, as "
        f"recorded in the ledger: *{cell(take_over(command, request))}*\n\nGitHub runs one job at a time for an "
        "environment. If the dead run is still shown as running, cancel it; this one waits until it "
        f"ends.\n\n{_why(name, last)}"
    )


def approved(commit: str) -> str:
    """Add to the answer to `/plan` which commit it approves."""
    return f"Should that plan need an approval, this is one, of commit {commit[:12]}."


def too_early(name: EnvironmentName, commit: str) -> str:
    """Add to the answer to `/plan` that it approves nothing."""
    return (
        f"Should that plan need an approval, this is none: commit {commit[:12]} came less than a minute before your comment, or after it. "
        f"Read it, then comment {code(f'/plan {name}')} again or approve it in a review."
    )


def _why(name: EnvironmentName, last: Last | None) -> str:
    if last is None:
        return f"**Why:** {code(name)} has never been applied."
    if last.state == "in_progress":
        return (
            f"**Why:** the last run started and has not reported since{_log(last)}. If it is still running, this one "
            "waits for it. If it is dead, its lock expires five minutes after it "
            f"died; {code(f'/unlock {name} --because …')} takes it over at once."
        )
    if last.state == "success" and last.is_current:
        return f"It completed{_log(last)}."
    if last.state == "success":
        return (
            "**Why:** the current version on the default branch has not been applied; the last run applied another one."
        )
    failed = last.results.partition(_TABLE)[0].partition(_ADVICE)[0].strip()
    shown = details("What failed", failed) if 0 < len(failed) <= LONGEST_REASON else ""
    return f"**Why:** {cell(last.note) or 'the last run failed'}{_log(last)}\n\n{shown}".strip()


def _log(last: Last) -> str:
    return f" ([log]({last.url}))" if last.url else ""
