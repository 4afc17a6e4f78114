"""After a destroy, a search for orphans: what still bears the environment's tags, in the account's own cloud. AWS is searched in
every region that the environment was at work in, Google Cloud and Azure in the account's project or subscription.

A cloud goes on listing what is deleted for a while. So what is found is looked for again, a few times, before it is called an orphan.
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta

from bot.clients.orphans.searches import FindTagged
from bot.clouds.registry import FACTS
from bot.core.ledger.destroy_report import OrphansFound
from bot.core.requests.accounts import NamedAccount, account_of, named_account, regions_in
from bot.errors import Unverifiable
from bot.hooks.aws.session import OWNER_TAG
from bot.model.pipeline import Hook
from bot.model.policy import Policy
from bot.runs.destroy.applied_versions import AppliedVersion


@dataclass(frozen=True, slots=True)
class OrphanSearch:
    """How to look in each cloud, by its key; how often at most, and how long to wait in between.

    AWS's tagging API lists deleted resources for up to a minute, so it is asked six times, ten seconds apart; the lease lasts five minutes.
    """

    find: Mapping[str, FindTagged]
    tries: int = 6
    pause: timedelta = timedelta(seconds=10)


def find_orphans(
    search: OrphanSearch, found: AppliedVersion, policy: Policy, retained: Collection[str]
) -> OrphansFound:
    """Return what still exists and is not retained on purpose, or why that can't be known; nothing of a cloud that has no search."""
    name, account = found.newest.manifest.name, account_of(found.newest.manifest, policy)
    cloud = account.cloud or FACTS.key
    tags = {policy.environment_tag: [str(name)]}
    if cloud == FACTS.key and (
        hooks := [f"{name}/{at}" for at, each in found.steps.items() if isinstance(each.step, Hook)]
    ):
        tags[OWNER_TAG] = hooks
    places = _regions(found, policy) if cloud == FACTS.key else _account_id(found, policy)
    said = OrphansFound(tag=f"{policy.environment_tag}={name}", places=places)
    if (find := search.find.get(cloud)) is None:
        return said.model_copy(update={"places": ()})
    left: tuple[str, ...] = ()
    for number in range(1, search.tries + 1):
        try:
            there = {each for place in places for each in find(place, tags)}
        except Unverifiable as error:
            return said.model_copy(update={"problem": str(error)})
        left = tuple(sorted(each for each in there if not _is_among(each, retained)))
        if not left or number == search.tries:
            break
        time.sleep(search.pause.total_seconds())
    return said.model_copy(update={"found": left})


def _is_among(found: str, retained: Collection[str]) -> bool:
    """Say whether a name is that of something retained: as it stands, or as a path with the service before it, in any case of letters.

    Google calls a key ring `//cloudkms.googleapis.com/projects/…`, Terraform `projects/…`; Azure's identifiers have no case.
    """
    return found in retained or any(
        "/" in each and f"/{found}".lower().endswith(f"/{each.lstrip('/')}".lower()) for each in retained
    )


def _account_id(found: AppliedVersion, policy: Policy) -> tuple[str, ...]:
    """Return the project or subscription of the environment."""
    named = named_account(found.newest.manifest, policy)
    return (named.id,) if isinstance(named, NamedAccount) else ()


def _regions(found: AppliedVersion, policy: Policy) -> tuple[str, ...]:
    """Return the regions of the account and of all that was applied, whichever version of the environment that was."""
    manifests = [found.newest.manifest, *(each.version.manifest for each in found.steps.values())]
    named = [region for manifest in manifests for region in regions_in(manifest.parameters, FACTS)]
    return tuple(dict.fromkeys([account_of(found.newest.manifest, policy).region, *named]))
