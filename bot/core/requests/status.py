"""How far a clone, a change or a removal has come: facts that are read afresh each time, and the stage that they make."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Literal, TypeAlias


class StatusStage(IntEnum):
    """How far a clone has come."""

    SEEN = 0
    PROPOSED = 1
    PLANNED = 2
    MERGED = 3
    APPLYING = 4
    LIVE = 5


DeploymentOutcome: TypeAlias = Literal["in_progress", "success", "failure"]


def outcome_of(state: str | None) -> DeploymentOutcome:
    """Return how an apply or a destroy stands by what its deployment says last; None when it has said nothing yet.

    GitHub calls a deployment inactive when its environment is gone, as after a destroy.
    """
    if state in {"success", "inactive"}:
        return "success"
    return "failure" if state in {"failure", "error"} else "in_progress"


@dataclass(frozen=True, slots=True)
class StatusFacts:
    """What is known of a request's progress. A check or deployment that has not reported yet is "pending"."""

    pull_number: int | None = None
    pull_url: str = ""
    is_merged: bool = False
    is_closed: bool = False
    check: Literal["pending", "success", "failure"] = "pending"
    check_summary: str = ""
    deployment: Literal["pending", "in_progress", "success", "failure"] = "pending"
    deployment_note: str = ""
    environment_url: str = ""
    log_url: str = ""
    results: str = ""


NOTHING_KNOWN: Final = StatusFacts()


def stage(facts: StatusFacts) -> StatusStage:
    """Return the last stage that was reached."""
    if facts.is_merged:
        return {"success": StatusStage.LIVE, "in_progress": StatusStage.APPLYING}.get(
            facts.deployment, StatusStage.MERGED
        )
    if facts.pull_number is None:
        return StatusStage.SEEN
    return StatusStage.PLANNED if facts.check == "success" else StatusStage.PROPOSED


def has_failed(facts: StatusFacts) -> bool:
    """Say whether a person has to act before it continues."""
    return (facts.deployment == "failure" and facts.is_merged) or (facts.check == "failure" and not facts.is_merged)
