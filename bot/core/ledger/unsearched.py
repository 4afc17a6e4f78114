"""Where nobody can look for what a destroy left: clouds that the search for orphans does not know."""

from collections.abc import Iterable, Sequence

from bot.core.cloud_facts import CloudFacts, OtherCloud
from bot.core.hcl.address_patterns import of_stack
from bot.core.plans.plan import without_keys

ACCOUNT = "the account"
"""What was not searched where no cloud's name is known: an account in no cloud, or in one of a package of somebody else's."""


def unsearched(addresses: Iterable[str], account: str, cloud: CloudFacts) -> Sequence[str]:
    """Return the names of the clouds whose resources are at these addresses (`STEP/ADDRESS`) and which nobody searches.

    `account` is the cloud of the environment's account: in any other than `cloud` there are no credentials to search with.
    """
    kinds = {"".join(without_keys(of_stack(address)[1]).split(".")[-2:-1]) for address in addresses}
    is_searched = account in {"", cloud.key}
    clouds: Sequence[OtherCloud | CloudFacts] = cloud.others if is_searched else (*cloud.others, cloud)
    names = tuple(
        each.name for each in clouds if each.key == account or any(kind.startswith(each.prefix) for kind in kinds)
    )
    return names or (() if is_searched else (ACCOUNT,))
