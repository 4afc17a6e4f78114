"""The requester's status comment: one comment, edited from "seen" to "live", or to what failed and what to do.

The same for what is proposed to an environment that is there: a change of it, and its removal.

It is a function of facts that are read afresh each time, so an event lost or delivered twice changes nothing: the next
one sets it right.
"""

from dataclasses import dataclass
from datetime import datetime

from bot.core.markdown import code
from bot.core.requests.branches import Branch, BranchKind
from bot.core.requests.status import StatusFacts, StatusStage, has_failed, stage
from bot.model.environment import Manifest
from bot.names import EnvironmentName


@dataclass(frozen=True, slots=True)
class _Words:
    """How one kind of proposal is spoken of."""

    subject: str
    apply: str
    last: str
    merged: str
    applying: str
    done: str
    merge: str
    nothing: str


_WORDS: dict[BranchKind, _Words] = {
    "clone": _Words(
        "", "Apply", "Live", "merged but not applied yet", "being applied", "live", "to deploy", "Nothing was deployed."
    ),
    "change": _Words(
        "The change to ", "Apply", "Applied", "merged but not applied yet", "being applied", "applied", "to apply", "Nothing was changed."
    ),
    "destroy": _Words(
        "The removal of ", "Destroy", "Destroyed", "merged, not started yet", "under way", "complete", "to destroy",
        "Nothing was destroyed.",
    ),
}  # fmt: skip


def headline(facts: StatusFacts, kind: BranchKind = "clone") -> str:
    """Return how far it has come, in words that may follow "is", or what went wrong, as a sentence."""
    words = _WORDS[kind]
    if facts.is_merged and facts.deployment == "failure":
        return f"the {words.apply.lower()} failed"
    if facts.is_merged and facts.pull_number is None and facts.deployment == "pending":
        return "no apply is known"  # it may have been applied before envclone came
    if _is_given_up(facts):
        return "the pull request was closed without merging"
    if facts.check == "failure" and not facts.is_merged:
        return "the check failed"
    return {
        StatusStage.SEEN: "being prepared",
        StatusStage.PROPOSED: "being planned",
        StatusStage.PLANNED: "ready for review",
        StatusStage.MERGED: words.merged,
        StatusStage.APPLYING: words.applying,
        StatusStage.LIVE: words.done,
    }[stage(facts)]


def _heading(name: EnvironmentName, facts: StatusFacts, kind: BranchKind) -> str:
    joined = ": " if has_failed(facts) or _is_given_up(facts) else " is "
    return f"### {_WORDS[kind].subject}{code(name)}{joined}{headline(facts, kind)}"


def status_comment(manifest: Manifest, facts: StatusFacts, now: datetime) -> str:
    """Return the comment's text, without its marker."""
    parts = [_heading(manifest.name, facts, "clone"), _marks(facts, "clone")]
    if facts.results:
        parts.append(_results(facts))
    elif said := _next(manifest.name, facts, "clone"):
        parts.append(said)
    if manifest.expires_at and not _is_given_up(facts):
        verb = "expires" if now < manifest.expires_at else "expired"
        bound = f", or ends with #{manifest.ends_with}" if manifest.ends_with else ""
        parts.append(f"It {verb} on {manifest.expires_at:%Y-%m-%d at %H:%M} UTC{bound}. Owner: @{manifest.owner}.")
    return "\n\n".join(parts)


def end_comment(manifest: Manifest, end: StatusFacts) -> str:
    """Return the status comment of a clone whose directory was removed; `end` is the progress of the pull request that removed it."""
    said = {"success": "is destroyed", "failure": "could not be destroyed"}.get(end.deployment, "is being destroyed")
    asked = f"in [#{end.pull_number}]({end.pull_url})" if end.pull_number else "by a push, without a pull request"
    parts = [f"### {code(manifest.name)} {said}", f"Its removal was requested {asked}."]
    if end.deployment == "failure":
        parts.append(_next(manifest.name, end, "destroy"))
    return "\n\n".join(parts)


def proposal_comment(branch: Branch, facts: StatusFacts, what: str = "") -> str:
    """Return the comment, without its marker, for whoever requested a change or a removal; `what` describes it in Markdown."""
    kind = branch.kind
    parts = [_heading(branch.environment, facts, kind), _marks(facts, kind), what]
    parts += [_next(branch.environment, facts, kind), _results(facts)]
    return "\n\n".join(part for part in parts if part)


def _results(facts: StatusFacts) -> str:
    """Return the results without what the comment's own heading says: of theirs only what follows the environment's name is news."""
    head, _, rest = facts.results.partition("\n")
    if not head.startswith("### "):
        return facts.results
    _, _, news = head.partition(": ")
    return f"{news}.\n{rest}".strip() if news else rest.strip()


def _marks(facts: StatusFacts, kind: BranchKind) -> str:
    reached, failed, words = stage(facts), has_failed(facts), _WORDS[kind]
    if reached is StatusStage.APPLYING:
        reached = StatusStage.MERGED  # what is under way is not done
    steps = ("Seen", "Pull request", "Plan", "Review and merge", words.apply, words.last)
    marks, waits = [], "❌" if failed else "▫️" if _is_given_up(facts) else "⏳"
    for position, name in enumerate(steps):
        text = f"[{name} #{facts.pull_number}]({facts.pull_url})" if position == 1 and facts.pull_number else name
        mark = "✅" if position <= reached else waits if position == reached + 1 else "▫️"
        marks.append(f"{mark} {text}")
    return " · ".join(marks)


def _is_given_up(facts: StatusFacts) -> bool:
    return facts.is_closed and not facts.is_merged


def _next(name: EnvironmentName, facts: StatusFacts, kind: BranchKind) -> str:
    words = _WORDS[kind]
    log = f" ([log]({facts.log_url}))" if facts.log_url else ""
    if facts.is_merged and facts.deployment == "failure":
        note = (facts.deployment_note or "A step failed").rstrip(".")
        return f"{note}{log}. Comment {code(f'/resume {name}')} once the cause is fixed. Completed steps are skipped."
    if _is_given_up(facts):
        return f"{words.nothing} To try again, post the command again."
    if facts.check == "failure" and not facts.is_merged:
        return f"{facts.check_summary or 'The check explains why.'} See [the pull request]({facts.pull_url}/checks)."
    if stage(facts) is StatusStage.LIVE:
        return f"Open it at {facts.environment_url}" if facts.environment_url else ""
    if stage(facts) is StatusStage.PLANNED:
        return f"[Review the plan]({facts.pull_url}), then merge it {words.merge}."
    return ""
