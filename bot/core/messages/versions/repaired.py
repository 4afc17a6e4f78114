"""What is said of a repair that waits for somebody to confirm it."""

from bot.core.markdown import code
from bot.core.requests.versions.repair import RepairProposal, confirmation


def offer(repair: RepairProposal) -> str:
    """Return how the repair of a clone is merged without a review of the pull request."""
    asked = ", ".join(f"@{each}" for each in sorted(repair.asked_by))
    return (
        f"Anybody but {asked} who has read the plan in #{repair.number} may confirm it, and it is merged: "
        f"{code(confirmation(repair))}"
    )


def confirmed(repair: RepairProposal) -> str:
    """Return the answer to whoever confirmed it."""
    return f"#{repair.number} is merged, and puts back what changed outside of {code(repair.name)}, as its plan shows."


def not_merged(repair: RepairProposal) -> str:
    """Return why a confirmed repair is not merged."""
    return f"The rules of the default branch don't let #{repair.number} be merged without a review. Approve it and merge it there."
