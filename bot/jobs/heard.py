"""What deliveries say of runs in GitHub Actions, as words and seconds to count: the service sees their ends, and nothing else of them.

Anybody who may push can start workflows, so only names that we know become labels.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bot.clients.github.records import ACTIONS_APP
from bot.core.requests.rerun import DRIFT_CHECK
from bot.events import CheckRunCompleted, Event, RunCompleted

FOLDER = ".github/workflows/"
WORKFLOWS = frozenset({"apply", "drift", "expire", "handle", "parity", "plan", "queue"})
CONCLUSIONS = frozenset({"action_required", "cancelled", "failure", "success", "timed_out"})
DRIFT = {"success": "none", "neutral": "found", "failure": "unchecked"}
"""What `envclone drift` says by its check's conclusion."""
_DRIFT_CHECK = DRIFT_CHECK.partition("{")[0]


@dataclass(frozen=True, slots=True)
class RunHeard:
    """A run of one of our workflows ended so, that long after it began."""

    workflow: str
    outcome: str
    seconds: float


@dataclass(frozen=True, slots=True)
class DriftHeard:
    """An environment was looked at for drift."""

    outcome: str


Heard: TypeAlias = RunHeard | DriftHeard


def heard(event: Event, now: datetime) -> Heard | None:
    """Return what is counted of an event; None for one that says nothing of our runs."""
    if isinstance(event, RunCompleted):
        workflow = event.workflow.removeprefix(FOLDER).removesuffix(".yml")
        if workflow not in WORKFLOWS or event.conclusion == "skipped":
            return None
        outcome = event.conclusion if event.conclusion in CONCLUSIONS else "other"
        return RunHeard(workflow, outcome, max(0.0, (now - event.started_at).total_seconds()))
    if isinstance(event, CheckRunCompleted) and event.app == ACTIONS_APP and event.name.startswith(_DRIFT_CHECK):
        return DriftHeard(DRIFT.get(event.conclusion, "other"))
    return None
