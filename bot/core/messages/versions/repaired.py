"""What is said of a repair that waits for somebody to confirm it."""

from bot.core.markdown import code
from bot.core.requests.versions.repair import RepairProposal, confirmation
from bot.names import EnvironmentName


def offer(repair: RepairProposal) -> str:
    """Return how the repair of a clone is merged without a review of the pull request."""
    asked = " and ".join(map(code, sorted(repair.asked_by)))
    return (
        f"To have #{repair.number} merged without a review, somebody other than {asked} reads its plan and comments "
        f"{code(confirmation(repair))}, or gives the comment about that plan a 👍."
    )


def marker(repair: RepairProposal, by: str | None = None) -> str:
    """Return what marks the comment whose 👍 confirms the plan; with `by`, the one that says who did."""
    return f"<!-- envclone:repair:{repair.name}:{repair.plan}{f':{by}' if by else ''} -->"


def thumb(repair: RepairProposal) -> str:
    """Return the comment whose 👍 confirms the plan that a repair has now."""
    asked = " and ".join(map(code, sorted(repair.asked_by)))
    return (
        f"{marker(repair)}\nTo confirm plan {code(str(repair.plan))} of this repair, somebody other than {asked} who may change {code(repair.name)} reacts to "
        f"this comment with a 👍. It is then merged without a review. A 👍 is noticed within minutes; {code(confirmation(repair))} takes effect at once."
    )


def thumb_seen(repair: RepairProposal, by: str) -> str:
    """Return what is said where somebody has confirmed a plan."""
    return f"{marker(repair, by)}\n{code(by)} confirmed plan {code(str(repair.plan))} with a 👍."


def confirmed(repair: RepairProposal) -> str:
    """Return the answer to whoever confirmed it."""
    return f"#{repair.number} is merged, and puts back what was changed outside the code of {code(repair.name)}, as its plan shows."


def not_merged(repair: RepairProposal) -> str:
    """Return why a confirmed repair is not merged."""
    return f"The rules of the default branch require a review of #{repair.number}. Approve it and merge it there."


def beside_a_reset(name: EnvironmentName, number: int) -> str:
    """Return why no repair is proposed while an open reset would destroy what it puts back."""
    return (
        f"#{number} resets {code(name)}: merging it destroys and recreates all of it, so nothing that changed outside is left. Merge it; or "
        f"close it and comment {code(f'/repair {name}')} again."
    )
