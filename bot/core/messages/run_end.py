"""The place in a reply that says that a run is under way, and what stands there when the run has ended.

It begins with a word of text: a line that begins with an HTML comment is no Markdown to its end.
"""

import re
from collections.abc import Callable, Iterator

from bot.core.markdown import cell, code, details
from bot.core.requests.rerun import AwaitedRun, RunEnd

LONGEST_FOUND = 20_000
"""Characters of what a run found that are shown, well below GitHub's 65,536 for a comment; the run's page has all of it."""

OPENING = "<!-- envclone:run:"
_PLACE = re.compile(r"[^\s<]+<!-- envclone:run:(?P<key>[a-z0-9 -]+) -->.*?<!-- envclone:run-end -->", re.DOTALL)
_ICONS = {"success": "✅", "neutral": "⚠️", "failure": "❌"}
_AGAIN = {"plan": "/plan", "drift": "/plan", "resume": "/resume", "unlock": "/resume", "release": "/resume"}
_WHAT = {
    "plan": "plan",
    "drift": "check for drift",
    "resume": "resumed run",
    "unlock": "resumed run",
    "release": "apply",
}


def under_way(key: str, text: str) -> str:
    """Return what is said of a run that is under way, in the place where its end will be told."""
    first, _, rest = text.partition(" ")
    return f"{first}{OPENING}{key} --> {rest}<!-- envclone:run-end -->"


def keys(body: str) -> Iterator[str]:
    """Return the keys of the runs whose end a reply still owes."""
    return (found["key"] for found in _PLACE.finditer(body))


def told(body: str, end_of: Callable[[str], str | None]) -> str:
    """Return a reply with the end of each run in its place; `end_of` returns it by the run's key, None while it is not known."""

    def replaced(found: re.Match[str]) -> str:
        said = end_of(found["key"])
        return found[0] if said is None else said

    return _PLACE.sub(replaced, body)


def ended(run: AwaitedRun, end: RunEnd) -> str:
    """Say what came of a run: in its own words, or why it has none."""
    log = f"([log]({end.url}))"
    subject = f"#{run.pull}" if run.verb == "plan" else code(run.environment)
    if end.title is None:
        return _unsaid(run, end, log)
    lead, _, rest = end.summary.partition("\n\n")
    lines = [f"{_ICONS[end.outcome]} {_said(run, subject, end)} {log}.{f' {lead}' if lead and rest else ''}"]
    if rest and end.outcome != "success" and len(rest) <= LONGEST_FOUND:
        lines.append(details("What was found" if run.verb == "drift" else "What failed", rest))
    if run.verb in {"resume", "unlock"} and end.outcome == "failure":
        lines.append(
            f"**Next:** completed steps are kept. Fix the cause, then comment {code(f'/resume {run.environment}')} again."
        )
    return "\n\n".join(lines)


def _said(run: AwaitedRun, subject: str, end: RunEnd) -> str:
    said = cell((end.title or "").rstrip("."))
    if run.verb != "plan":
        return said
    return f"{subject} was planned: {said}" if end.outcome == "success" else f"{subject} could not be planned: {said}"


def _unsaid(run: AwaitedRun, end: RunEnd, log: str) -> str:
    what = f"The {_WHAT[run.verb]} of {f'#{run.pull}' if run.verb == 'plan' else code(run.environment)}"
    again = f"To run it again, comment {code(f'{_AGAIN[run.verb]} {run.environment}')}."
    if end.conclusion == "success":
        return f"✅ {what} completed {log}."
    if end.conclusion == "cancelled":
        return f"⚪ {what} was cancelled {log}. {again}"
    return f"❌ {what} failed before it could report anything: [its log]({end.url}) says why. {again}"
