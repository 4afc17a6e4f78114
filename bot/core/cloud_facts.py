"""What the core must know of a cloud, as data: the core names none and takes these tables from whoever calls it.

A cloud is a package in `bot/clouds/` with one `CloudFacts`; the core holds the rules that are the same for every cloud.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from bot.model.template import Aspect


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


@dataclass(frozen=True, slots=True)
class Waits:
    """A resource is deleted so many days after its destroy as the attribute says; zero is at once."""

    attribute: str
    default: int


@dataclass(frozen=True, slots=True)
class Has:
    """A resource stays if the attribute has this value."""

    attribute: str
    value: bool | str


@dataclass(frozen=True, slots=True)
class Always:
    """A resource stays, whatever its attributes say."""


@dataclass(frozen=True, slots=True)
class RetainedRule:
    """When and why a destroyed resource stays for a while. `name` is the attribute that names what stays, if not its identifier."""

    when: Waits | Has | Always
    why: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class LeftToHook:
    """The kind of hook that does what Terraform leaves to people when it makes a resource, and what that is.

    It isn't needed where the resource has one of the arguments in `unless`, or its stack a resource of one of these types.
    """

    hook: str
    why: str
    unless: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AccountPatterns:
    """Regular expressions for what the policy says of an account, each for the whole text.

    `identity` are further names that a workflow needs to get its credentials. `backend` is where state is kept if the policy
    doesn't say otherwise.
    """

    account: str
    region: str
    role: str
    bucket: str
    backend: str
    identity: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BackendFacts:
    """One kind of backend, and how its block says whose state it keeps.

    `key` is the argument that names the environment and the stack, with `separator` between them; in the ones in `like_key`
    they stand as well, and `asserted` are arguments that may only say what the policy does. `place` are the arguments that are the same for a whole account, which the policy gives; `arguments` are
    the harmless ones. `store` is the address of the objects in the same place; nothing where it can't hold ours. `object` is the key of the state's object there, `workspace` that of a workspace
    beside the default one, empty where there is none such. `chosen_by` are arguments that may replace the key, where the runner says which;
    those in `beside_key` may stand beside it. `of_account` are arguments that name what is made once for an account, as a table of locks, too.
    `machine_arguments` name something of one machine, and are taken away before the code is run.
    `reserved` are, for arguments that hold names and values, the names by which the backend itself finds a state. `choices` are all
    that an argument may say.
    """

    key: str
    separator: str
    place: tuple[str, ...]
    arguments: frozenset[str]
    store: str = ""
    object: str = ""
    workspace: str = ""
    chosen_by: tuple[str, ...] = ()
    beside_key: frozenset[str] = frozenset()
    of_account: tuple[str, ...] = ()
    like_key: tuple[str, ...] = ()
    asserted: tuple[str, ...] = ()
    reserved: Mapping[str, frozenset[str]] = field(default_factory=dict)
    choices: Mapping[str, frozenset[str]] = field(default_factory=dict)
    machine_arguments: frozenset[str] = frozenset()
    files_say_so: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AspectTable:
    """Which aspect an attribute belongs to: by the pattern of its name (a list with commas), and by where it stands, first match wins."""

    attributes: Mapping[Aspect, str]
    places: Sequence[tuple[Aspect, str]]


@dataclass(frozen=True, slots=True)
class NameFacts:
    """How the cloud names what it makes: what could only be production's, wherever it turns up.

    `reference` is what a full name begins with in a text. `made_up` finds names that nobody chose, and `attributes` are where a
    resource says its own. `zones` are the endings that make a zone of a region. Below `own_hosts` are the cloud's own services.
    `accounts` find an account in a name, as their first group, and `account_attributes` are those whose whole value is one.
    """

    reference: str
    made_up: re.Pattern[str]
    attributes: Sequence[str]
    zones: Sequence[str]
    own_hosts: Sequence[str] = ()
    accounts: Sequence[re.Pattern[str]] = ()
    account_attributes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class AssumedRole:
    """How a provider block says that it acts as another role: its block, the argument that names the role, and the harmless others."""

    argument: str
    role: str
    others: frozenset[str]


@dataclass(frozen=True, slots=True)
class GateFacts:
    """What code may do with the cloud's provider: allow-lists, so that what a newer provider adds is refused until looked at.

    `data_sources` say what exists and never an object's content, a secret, a token or another program's answer.
    `files` are the arguments that name a file on the machine, by type of resource; `*` is every type.
    `files_say_so` is what other types begin with whose arguments are called so when they name a file; in all others any path counts.
    `addresses` are arguments of these data sources that would have them ask another address. `host_parts` are the provider's arguments
    that it makes a part of an address without looking at them, each with what such a text has to be. `machine_arguments` name something
    of one machine; they are taken away before the code is run, so that the runner's credentials count, where the account is asserted.
    """

    provider_arguments: frozenset[str]
    free_provider_arguments: frozenset[str]
    data_sources: frozenset[str]
    files: Mapping[str, frozenset[str]]
    assumed: AssumedRole
    addresses: Mapping[str, frozenset[str]] = field(default_factory=dict)
    host_parts: Mapping[str, str] = field(default_factory=dict)
    machine_arguments: frozenset[str] = frozenset()
    files_say_so: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class OtherCloud:
    """What is known of the resources of a further cloud, or of any provider. Each part means what it means in `CloudFacts`.

    Names of attributes in `aspects` count for its own resources alone, since `zones` or `tier` of another's may be anything.

    `key` is the policy's word for it, `prefix` what its resource types begin with. `data_sources` return no secret and no object's content.
    `places` are arguments of its providers, by their source, that say where (a project, a region), and neither who nor whom to ask:
    the first policy of a production that has them allows them.
    """

    key: str
    name: str
    prefix: str
    destroy_rules: DestroyRules
    retained: Mapping[str, RetainedRule]
    data_sources: frozenset[str]
    names: NameFacts
    aspects: AspectTable
    secrets: Sequence[str] = ()
    places: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class CloudFacts:
    """One cloud, as the core sees it. Compared by identity: there is one for each cloud.

    `key` is the policy's word for it. `provider` is the source address of its provider and `prefix` what its resource types begin with; `account_guard` is the
    provider's argument that names the accounts which it may touch. `redirects` are arguments of providers and backends that say
    where credentials come from or requests go: these are the runner's to set. `accounts` are the forms of accounts, by the name
    of the cloud, and `backends` all kinds of backends by Terraform's name. Every address of a store matches `store_pattern`; people are shown
    `store_forms`.
    `identifier` is the attribute that names a resource across accounts; `retained` is by type of resource.
    `secrets` are patterns of attributes that name or hold a secret, beyond those of every provider. `others` are further clouds
    whose facts are among these, and where nobody searches for what a destroy left. `left_to_hooks` is by type of resource.
    """

    key: str
    name: str
    provider: str
    prefix: str
    account_guard: str
    redirects: frozenset[str]
    destroy_rules: DestroyRules
    identifier: str
    retained: Mapping[str, RetainedRule]
    accounts: Mapping[str, AccountPatterns]
    backends: Mapping[str, BackendFacts]
    store_pattern: str
    store_forms: str
    names: NameFacts
    gate: GateFacts
    aspects: AspectTable
    secrets: Sequence[str]
    others: Sequence[OtherCloud] = ()
    left_to_hooks: Mapping[str, LeftToHook] = field(default_factory=dict)

    @property
    def own_accounts(self) -> AccountPatterns:
        """Return the forms of this cloud's own accounts."""
        return self.accounts[self.key]


def joined(cloud: CloudFacts, others: Sequence[OtherCloud]) -> CloudFacts:
    """Return a cloud's facts with those of others: tables by type of resource don't meet, and the rest adds up."""
    known: Sequence[OtherCloud | CloudFacts] = (*others, cloud)
    return replace(
        cloud,
        destroy_rules={kind: rules for each in known for kind, rules in each.destroy_rules.items()},
        retained={kind: rule for each in known for kind, rule in each.retained.items()},
        gate=replace(cloud.gate, data_sources=cloud.gate.data_sources.union(*(each.data_sources for each in others))),
        names=_joined_names([cloud.names, *(each.names for each in others)]),
        secrets=(*cloud.secrets, *(pattern for each in others for pattern in each.secrets)),
        others=(*cloud.others, *others),
    )


def _joined_names(names: Sequence[NameFacts]) -> NameFacts:
    return NameFacts(
        reference=names[0].reference,
        made_up=re.compile("|".join(each.made_up.pattern for each in names)),
        attributes=tuple(dict.fromkeys(name for each in names for name in each.attributes)),
        zones=tuple(dict.fromkeys(ending for each in names for ending in each.zones)),
        own_hosts=tuple(host for each in names for host in each.own_hosts),
        accounts=tuple(pattern for each in names for pattern in each.accounts),
        account_attributes=frozenset[str]().union(*(each.account_attributes for each in names)),
    )
