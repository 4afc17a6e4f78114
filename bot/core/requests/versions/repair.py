"""What changed outside is put back by a pull request that changes nothing but when that was asked for.

Its plan is that of the very version that was applied, so whatever the plan does is what differs. It is reviewed, merged and applied as
every other plan. The repair of a clone is also merged when somebody other than whoever asked for it confirms the plan that was posted, by its
fingerprint.
"""

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.markdown import code
from bot.core.rendering.assemble import manifest_file
from bot.core.requests.change import Changed
from bot.core.requests.refusal import Refused
from bot.core.tree import File
from bot.model.environment import MANIFEST, Manifest
from bot.model.roots import Roots
from bot.names import EnvironmentName


@dataclass(frozen=True, slots=True)
class RepairProposal:
    """An open pull request that repairs an environment and does nothing else; `plan` is the fingerprint of its plan, if that is done.

    Of one that is open, `asked_by` is empty when nobody can tell who asked for it.
    """

    name: EnvironmentName
    number: int
    head: str
    asked_by: Collection[str]
    plan: str | None
    is_protected: bool


def plan_shown(head: str, title: str, summary: str) -> str:
    """Return the fingerprint of a plan as it was posted for a commit: people confirm what they have read."""
    return hashlib.sha256("\0".join((head, title, summary)).encode()).hexdigest()[:12]


def unconfirmed(fingerprint: str, by: str, proposal: RepairProposal) -> Refused | None:
    """Return why a confirmation does not count; None when it does."""
    pull = f"#{proposal.number}"
    if proposal.is_protected:
        return Refused(f"{code(proposal.name)} is protected. Review {pull} and merge it.")
    if not proposal.asked_by:
        return Refused(f"Nobody can tell who asked for {pull}. Review and merge it.")
    if proposal.plan is None:
        return Refused(f"{pull} has no successful plan yet. Wait for it, read it, and comment the command again.")
    if by.casefold() in {each.casefold() for each in proposal.asked_by}:
        return Refused(f"You asked for {pull} yourself. Somebody else has to confirm it, or to review and merge it.")
    if fingerprint != proposal.plan:
        return Refused(
            f"{pull} has been planned again since. Read its plan, and comment {code(confirmation(proposal))}."
        )
    return None


def confirmation(proposal: RepairProposal) -> str:
    """Return the command that confirms a repair."""
    return f"/repair {proposal.name} --confirm {proposal.plan}"


def draft_repair(manifest: Manifest, files: Mapping[str, File], now: datetime, roots: Roots) -> Changed:
    """Return the environment with nothing changed but the time, which is always another one: without a difference nothing is planned."""
    at, last = now.replace(microsecond=0), manifest.repaired_at
    return repaired(manifest, files, at if last is None else max(at, last + timedelta(seconds=1)), roots)


def repaired(manifest: Manifest, files: Mapping[str, File], at: datetime | None, roots: Roots) -> Changed:
    """Return the environment with this time of its repair."""
    becomes = manifest.model_copy(update={"repaired_at": at})
    return Changed(becomes, {**files, MANIFEST: manifest_file(becomes, roots)})
