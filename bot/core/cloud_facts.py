"""What the core must know of a cloud, as data: the core names none and takes these tables from whoever calls it.

A cloud is a package in `bot/clouds/` with one `CloudFacts`; the core holds the rules that are the same for every cloud.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class DestroyRule:
    """What an attribute must be so that its resource can be destroyed.

    `attribute` may be a nested block's (`block.attribute`). `unset` is what the provider takes where the attribute is not
    written; `may_be` alone is fine.
    """

    attribute: str
    may_be: bool | str | None
    unset: bool | str | None
    why: str


DestroyRules: TypeAlias = Mapping[str, Sequence[DestroyRule]]
"""By type of resource; `*` is every type."""


@dataclass(frozen=True, slots=True, eq=False)
class CloudFacts:
    """One cloud, as the core sees it. Compared by identity: there is one for each cloud.

    `provider` is the source address of its provider and `prefix` what its resource types begin with; `account_guard` is the
    provider's argument that names the accounts which it may touch. `redirects` are arguments of providers and backends that say
    where credentials come from or requests go: these are the runner's to set. `backend` keeps state in a bucket under a key.
    """

    name: str
    provider: str
    prefix: str
    account_guard: str
    redirects: frozenset[str]
    backend: str
    destroy_rules: DestroyRules
