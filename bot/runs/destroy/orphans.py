"""After a destroy, a search for orphans: what still bears the environment's tags, in every region that it was at work in.

AWS goes on listing what is deleted for a while. So what is found is looked for again, a few times, before it is called an orphan.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.clouds.registry import FACTS
from bot.core.ledger.destroy_report import OrphansFound
from bot.core.requests.accounts import account_of, regions_in
from bot.errors import Unverifiable
from bot.hooks.aws.session import OWNER_TAG
from bot.model.pipeline import Hook
from bot.model.policy import Policy
from bot.runs.destroy.applied_versions import AppliedVersion

FindTagged = Callable[[str, Mapping[str, Sequence[str]]], Collection[str]]
"""Returns the ARNs in a region of what bears one of these values of these tags. Raises `Unverifiable`."""


@dataclass(frozen=True, slots=True)
class OrphanSearch:
    """How to look, how often at most, and how long to wait in between.

    AWS's tagging API lists deleted resources for up to a minute, so it is asked six times, ten seconds apart; the lease lasts five minutes.
    """

    find: FindTagged
    tries: int = 6
    pause: timedelta = timedelta(seconds=10)


def find_orphans(
    search: OrphanSearch, found: AppliedVersion, policy: Policy, retained: Collection[str]
) -> OrphansFound:
    """Return what still exists and is not retained on purpose, or why that can't be known; nothing of an account that is elsewhere."""
    name = found.newest.manifest.name
    hooks = [f"{name}/{step}" for step, each in found.steps.items() if isinstance(each.step, Hook)]
    tags = {policy.environment_tag: [str(name)], **({OWNER_TAG: hooks} if hooks else {})}
    regions = _regions(found, policy)
    said = OrphansFound(tag=f"{policy.environment_tag}={name}", regions=regions)
    if account_of(found.newest.manifest, policy).cloud not in ("", FACTS.key):
        return said.model_copy(update={"regions": ()})  # there are no credentials to search with
    left: tuple[str, ...] = ()
    for number in range(1, search.tries + 1):
        try:
            there = {arn for region in regions for arn in search.find(region, tags)}
        except Unverifiable as error:
            return said.model_copy(update={"problem": str(error)})
        left = tuple(sorted(there.difference(retained)))
        if not left or number == search.tries:
            break
        time.sleep(search.pause.total_seconds())
    return said.model_copy(update={"found": left})


def _regions(found: AppliedVersion, policy: Policy) -> tuple[str, ...]:
    """Return the regions of the account and of all that was applied, whichever version of the environment that was."""
    manifests = [found.newest.manifest, *(each.version.manifest for each in found.steps.values())]
    named = [region for manifest in manifests for region in regions_in(manifest.parameters, FACTS)]
    return tuple(dict.fromkeys([account_of(found.newest.manifest, policy).region, *named]))
