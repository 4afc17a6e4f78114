"""`/list`: the environments that are asked for, a page at a time, so that ten thousand of them fit a comment as one does."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from bot.commands.grammar import format_command
from bot.commands.model import List
from bot.core.markdown import code
from bot.core.messages import replies
from bot.core.messages.replies import ProposedEnvironment
from bot.core.rendering.inventory import Inventory
from bot.model.environment import MANIFEST, Manifest
from bot.model.roots import Roots
from bot.names import EnvironmentName

PER_PAGE: Final = 100
"""Rows of a page. A row has at most some 400 characters, and a comment at most 65,536."""

MOST_PURPOSES: Final = 10
MOST_UNMANAGED: Final = 20


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list is made of: all environments, what is proposed to them (None: unknown), and how many revisions each is behind."""

    inventory: Inventory
    proposed: Sequence[ProposedEnvironment] | None
    behind: Mapping[EnvironmentName, int | None]


def environment_list(asked: List, by: str, listed: Listed, now: datetime) -> str:
    """Return the page that was asked for, with how many there are in all when that is not plain from the page."""
    everything = replies.by_expiry(listed.inventory.manifests(), now)
    found = matching(everything, asked, by)
    if not found and everything:
        return nothing_matches(everything)
    pages = max(-(-len(found) // PER_PAGE), 1)
    number = asked.page or 1
    if number > pages:
        last = format_command(replace(asked, page=None if pages == 1 else pages))
        return f"There is no page {number:,}. The last one is page {pages:,}: comment {code(last)}."
    names = {each.name for each in found[(number - 1) * PER_PAGE : number * PER_PAGE]}
    page = replies.listing(only(listed.inventory, names), now, listed.proposed, listed.behind)
    if len(found) == len(everything) <= PER_PAGE:
        return page
    whole = "" if len(found) == len(everything) else f" of {len(everything):,}"
    said = [f"{len(found):,}{whole} environments: {_purposes(found)}."]
    if pages > 1:
        said.append(f"This is page {number:,} of {pages:,}.")
    if number < pages:
        said.append(f"Comment {code(format_command(replace(asked, page=number + 1)))} for the next.")
    if pages > 1 and asked == List(page=asked.page):
        said.append("`/list mine`, `/list purpose=…` and `/list owner=…` show fewer.")
    return f"{' '.join(said)}\n\n{page}"


def nothing_matches(everything: Sequence[Manifest]) -> str:
    """Answer who asked for environments of which there are none, though there are others."""
    return f"No environment matches. There are {len(everything):,}: {_purposes(everything)}. `/list` shows them all."


def matching(manifests: Sequence[Manifest], asked: List, by: str) -> Sequence[Manifest]:
    """Return those that were asked for; `by` is whose `mine` are."""
    owners = {owner.casefold() for owner in (by if asked.mine else None, asked.owner) if owner is not None}
    return [
        each
        for each in manifests
        if owners <= {each.owner.casefold()} and (asked.purpose is None or each.purpose == asked.purpose)
    ]


def only(inventory: Inventory, names: Collection[EnvironmentName]) -> Inventory:
    """Return an inventory with the environments of these names alone."""
    live, proposed = (
        {name: manifest for name, manifest in found.items() if name in names}
        for found in (inventory.live, inventory.proposed)
    )
    return replace(inventory, live=live, proposed=proposed)


def unmanaged(names: Collection[str], roots: Roots) -> str:
    """Name the directories beside the environments that are somebody else's; they stop nothing."""
    shown = ", ".join(code(name) for name in sorted(names)[:MOST_UNMANAGED])
    more = f" and {len(names) - MOST_UNMANAGED:,} more" if len(names) > MOST_UNMANAGED else ""
    where = " and ".join(f"`{root}/`" for root in roots.of_environments)
    return f"In {where}, but no environments, because they have no {MANIFEST}: {shown}{more}."


def _purposes(manifests: Sequence[Manifest]) -> str:
    """Return how many there are of each purpose, the most common ones first."""
    counts = Counter(str(each.purpose) for each in manifests).most_common()
    named = [f"{count:,} {purpose}" for purpose, count in counts[:MOST_PURPOSES]]
    rest = sum(count for _, count in counts[MOST_PURPOSES:])
    return ", ".join([*named, *([f"{rest:,} of other purposes"] if rest else [])])
