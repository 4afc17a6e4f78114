"""Where nobody can look for what a destroy left: clouds of which there are no credentials, or which have no search here."""

from collections.abc import Container, Iterable, Sequence

from bot.core.cloud_facts import CloudFacts, OtherCloud
from bot.core.hcl.address_patterns import of_stack
from bot.core.plans.plan import without_keys

ACCOUNT = "the account"
"""What was not searched where no cloud's name is known: an account in no cloud, or in one of a package of somebody else's."""


def unsearched(addresses: Iterable[str], account: str, cloud: CloudFacts, searches: Container[str]) -> Sequence[str]:
    """Return the names of the clouds whose resources are at these addresses (`STEP/ADDRESS`) and which nobody searched.

    `account` is the key of the environment's cloud, empty for `cloud`: in any other one there are no credentials to search with.
    `searches` are the keys of the clouds that have a search.
    """
    own = account or cloud.key
    kinds = {"".join(without_keys(of_stack(address)[1]).split(".")[-2:-1]) for address in addresses}
    clouds: Sequence[OtherCloud | CloudFacts] = (*cloud.others, cloud)
    names = tuple(
        each.name
        for each in clouds
        if (each.key != own or own not in searches)
        and (each.key == own or any(kind.startswith(each.prefix) for kind in kinds))
    )
    return names or (() if own in searches else (ACCOUNT,))
