"""Where nobody can look for what a destroy left: clouds that the search for orphans does not know."""

from collections.abc import Iterable, Sequence

from bot.core.cloud_facts import CloudFacts
from bot.core.plans.plan import without_keys


def unsearched(addresses: Iterable[str], account: str, cloud: CloudFacts) -> Sequence[str]:
    """Return the names of the further clouds whose resources are at these addresses (`STEP/ADDRESS`), or in which the `account` is."""
    kinds = {"".join(without_keys(address.partition("/")[2]).split(".")[-2:-1]) for address in addresses}
    return tuple(
        each.name for each in cloud.others if each.key == account or any(kind.startswith(each.prefix) for kind in kinds)
    )
