"""What `/resume`, `/unlock` and `/plan` start, why, and what whoever asked reads."""

from dataclasses import dataclass

from bot.commands.model import Unlock
from bot.core.markdown import cell, code, details
from bot.core.messages.run_end import under_way
from bot.core.requests.rerun import Last, take_over
from bot.model.environment import Request
from bot.names import EnvironmentName

LONGEST_REASON = 20_000
"""Characters of the failure that are shown, well below GitHub's 65,536 for a comment; the check's page has all of it."""

POST_AS_COMMENT = "Post `/unlock` as a comment: its run reads the words again, and only a comment shows whether they were changed since."
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


@dataclass(frozen=True, slots=True)
class StartedRun:
    """The run that a comment started: the key by which it is known, and a link, in Markdown, to where it is seen."""

    key: str
    link: str


def resumed(name: EnvironmentName, last: Last | None, run: StartedRun) -> str:
    """Answer `/resume`."""
    said = f"Resuming {code(name)} where it stopped: see {run.link}. Completed steps are skipped."
    return f"{under_way(run.key, said)}\n\n{_why(name, last)}"


def looking_for_drift(name: EnvironmentName, run: StartedRun) -> str:
    """Answer `/plan` where nothing is proposed."""
    said = f"{code(name)} has no open pull request, so I am checking it for drift: see {run.link}."
    return under_way(run.key, said)


def planned_again(pull: int, run: StartedRun, *, was_running: bool = False) -> str:
    """Answer `/plan` for one pull request."""
    said = "already being planned" if was_running else "being planned again"
    return under_way(run.key, f"#{pull} is {said}: see {run.link}.")


def rescued(command: Unlock, request: Request, last: Last | None, run: StartedRun) -> str:
    """Answer `/unlock`."""
    name = command.name
    said = f"Taking over {code(name)} and its state locks from the stale run, and resuming: see {run.link}."
    return (
        f"{under_way(run.key, said)}\n\nReason, as "
        f"recorded in the ledger: *{cell(take_over(command, request))}*\n\nGitHub runs one job at a time for an "
        "environment. If the dead run is still shown as running, cancel it; this one waits until it "
        f"ends.\n\n{_why(name, last, is_taken_over=True)}"
    )


def approved(commit: str) -> str:
    """Add to the answer to `/plan` which commit it approves."""
    return f"If that plan needs an approval, your comment approves commit {commit[:12]}."


def too_early(name: EnvironmentName, commit: str) -> str:
    """Add to the answer to `/plan` that it approves nothing."""
    return (
        f"If that plan needs an approval, your comment doesn't count as one: commit {commit[:12]} was pushed less than a minute before it, or after it. "
        f"Read the commit, then comment {code(f'/plan {name}')} again or approve it in a review."
    )


def _why(name: EnvironmentName, last: Last | None, *, is_taken_over: bool = False) -> str:
    if last is None:
        return f"**Why:** {code(name)} has never been applied."
    if last.state == "in_progress":
        silent = f"**Why:** the last run started and has not reported since{_log(last)}."
        if is_taken_over:
            return silent
        return (
            f"{silent} If it is still running, this one waits for it. If it is dead, its lock expires five minutes after it "
            f"died; {code(f'/unlock {name} --because …')} takes the environment over at once."
        )
    if last.state == "success" and last.is_current:
        return f"It completed{_log(last)}."
    if last.state == "success":
        return (
            "**Why:** the current version on the default branch has not been applied; the last run applied another one."
        )
    failed = failures(last.results)
    shown = details("What failed", failed) if 0 < len(failed) <= LONGEST_REASON else ""
    return f"**Why:** {cell(last.note) or 'the last run failed'}{_log(last)}\n\n{shown}".strip()


def failures(results: str) -> str:
    """Return of the results of an apply what failed: neither its heading nor its table, which are on the check's page, nor its advice."""
    failed = results.partition(_TABLE)[0].partition(_ADVICE)[0].strip()
    return failed.partition("\n")[2].strip() if failed.startswith("### ") else failed


def _log(last: Last) -> str:
    return f" ([log]({last.url}))" if last.url else ""
