"""The commands, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeAlias

from bot.names import EnvironmentName, Login, ParameterName, PurposeName


@dataclass(frozen=True, slots=True)
class Clone:
    """`/clone <source> as <name> …`. `set` holds the texts as they were typed; the template gives them types."""

    source: EnvironmentName
    name: EnvironmentName
    purpose: PurposeName | None = None
    ttl: timedelta | None = None
    set: Mapping[ParameterName, str] = field(default_factory=dict)
    owner: Login | None = None
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Help:
    """`/help`."""


@dataclass(frozen=True, slots=True)
class Status:
    """`/status [name]`; without a name, the environment that this issue or pull request is about."""

    name: EnvironmentName | None = None


@dataclass(frozen=True, slots=True)
class List:
    """`/list`."""


Command: TypeAlias = Clone | Help | Status | List
