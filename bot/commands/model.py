"""The commands, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal, NewType, TypeAlias

from bot.names import EnvironmentName, Login, ParameterName, PurposeName

CommandVerb = NewType("CommandVerb", str)
"""The word by which a command begins; `bot.commands.specs` knows them."""


@dataclass(frozen=True, slots=True)
class Clone:
    """`/clone <source>[@<at>] as <name> …`. `set` holds the texts as they were typed; the template gives them types.

    `at` says when: the source is cloned as it was then (`bot.commands.moments`). `ends_with` is the pull request to whose life its own is bound.
    """

    source: EnvironmentName
    name: EnvironmentName
    purpose: PurposeName | None = None
    ttl: timedelta | None = None
    set: Mapping[ParameterName, str] = field(default_factory=dict)
    owner: Login | None = None
    dry_run: bool = False
    at: str | None = None
    ends_with: int | None = None


@dataclass(frozen=True, slots=True)
class Help:
    """`/help [command]`."""

    command: CommandVerb | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """`/status [name]`; without a name, the environment that this issue or pull request is about."""

    name: EnvironmentName | None = None


@dataclass(frozen=True, slots=True)
class List:
    """`/list [mine] [purpose=…] [owner=…] [page=…]`; `mine` are those of whoever asks."""

    mine: bool = False
    purpose: PurposeName | None = None
    owner: Login | None = None
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Set:
    """`/set <name> key=value …`: change parameters, in the open pull request of a clone or in a new one for a live environment."""

    name: EnvironmentName
    set: Mapping[ParameterName, str]


@dataclass(frozen=True, slots=True)
class Extend:
    """`/extend <name> 7d`: extend its life by `by`."""

    name: EnvironmentName
    by: timedelta


@dataclass(frozen=True, slots=True)
class Sync:
    """`/sync <name> [to <commit>]`: bring it to the template as it is at a commit of the default branch, by default its newest.

    `set` holds values that the newer template asks for, as they were typed.
    """

    name: EnvironmentName
    commit: str | None = None
    set: Mapping[ParameterName, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Promote:
    """`/promote <clone> [key…]`: bring what was proved in a clone into its source; `keys` are the parameters to bring, if not all given ones."""

    name: EnvironmentName
    keys: tuple[ParameterName, ...] = ()


RolloutAction: TypeAlias = Literal["pause", "resume", "abort"]


@dataclass(frozen=True, slots=True)
class RolloutCommand:
    """`/rollout`: which rollouts are under way; `/rollout pause|resume|abort`, in the issue of one."""

    action: RolloutAction | None = None


@dataclass(frozen=True, slots=True)
class Rollback:
    """`/rollback <name> [to <commit>]`: bring it back to what it was at a commit, by default to the last other version applied well."""

    name: EnvironmentName
    commit: str | None = None


@dataclass(frozen=True, slots=True)
class Repair:
    """`/repair <name>`: put back what changed outside, by a pull request that plans what was applied.

    `confirm` is the fingerprint of that plan: whoever else gives it has the repair of a clone merged.
    """

    name: EnvironmentName
    confirm: str | None = None


@dataclass(frozen=True, slots=True)
class Codify:
    """`/codify <name> [address…]`: make the code say what was changed outside, all of it or what these addresses name.

    `everywhere` changes the template, in what other environments were changed in the same way.
    """

    name: EnvironmentName
    addresses: tuple[str, ...] = ()
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class PlanCommand:
    """`/plan <name>`: re-run the plan of its open pull request, or check for drift if it is live."""

    name: EnvironmentName


@dataclass(frozen=True, slots=True)
class Resume:
    """`/resume <name>`: resume an apply or a destroy at the failed step."""

    name: EnvironmentName


@dataclass(frozen=True, slots=True)
class Unlock:
    """`/unlock <name> --because "…"`: take over the lock of a dead run; the ledger keeps the reason."""

    name: EnvironmentName
    because: str


@dataclass(frozen=True, slots=True)
class Destroy:
    """`/destroy <name>`: open a pull request that removes it."""

    name: EnvironmentName


@dataclass(frozen=True, slots=True)
class Reset:
    """`/reset <name>`: open a pull request that destroys it; then it is recreated as it was. With `data` only its data is."""

    name: EnvironmentName
    data: bool = False


SetsValues: TypeAlias = Clone | Set | Sync
"""The commands that give parameters values."""

Command: TypeAlias = (
    Clone
    | Set
    | Extend
    | Sync
    | Promote
    | RolloutCommand
    | Rollback
    | Repair
    | Codify
    | PlanCommand
    | Resume
    | Unlock
    | Destroy
    | Reset
    | Help
    | Status
    | List
)
