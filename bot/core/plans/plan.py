"""What Terraform and the hooks would do, as typed values. `bot.core.plans.plan_json` reads them from Terraform's JSON."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Self

from bot.core.plans.plan_values import PlanValue, ValueChange, differences
from bot.names import StepName


class Action(StrEnum):
    """What a plan does to one resource."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    FORGET = "forget"
    READ = "read"
    NO_OP = "no-op"


_KEY = re.compile(r'\[(?:\d+|"(?:[^"\\]|\\.)*")\]')


def without_keys(address: str) -> str:
    """Return an address without the keys of `count` and `for_each`: `terraform_data.one` of `terraform_data.one["a"]`."""
    return _KEY.sub("", address)


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """What a plan does to the resource at `address`.

    `before` and `after` are None where the resource is absent. `replace_paths` are the attributes that force a
    replacement; `reason` is Terraform's word for why (`replace_because_cannot_update`, …).
    """

    address: str
    type: str
    action: Action
    before: PlanValue
    after: PlanValue
    replace_paths: tuple[str, ...] = ()
    reason: str | None = None
    previous_address: str | None = None
    is_import: bool = False
    is_data: bool = False

    @property
    def differences(self) -> Sequence[ValueChange]:
        """Return the attributes that change."""
        return list(differences(self.before or {}, self.after or {}))

    @property
    def changes_anything(self) -> bool:
        """Say whether reality or the state's addresses will be different after the apply."""
        return (
            self.action not in {Action.NO_OP, Action.READ}
            or self.is_import
            or self.previous_address not in {None, self.address}
        )

    @property
    def declared_at(self) -> str:
        """Return the address of the block in the code: without the keys of `count` and `for_each`."""
        return without_keys(self.address)


@dataclass(frozen=True, slots=True)
class OutputChange:
    """What a plan does to an output value."""

    name: str
    action: Action
    before: PlanValue
    after: PlanValue


@dataclass(frozen=True, slots=True)
class Counts:
    """Resources by action, as Terraform counts: a replacement is an addition and a destruction, forgetting is neither.

    What is imported may be changed as well, and counts twice then.
    """

    add: int = 0
    change: int = 0
    destroy: int = 0
    replace: int = 0
    forget: int = 0
    imported: int = 0

    @classmethod
    def of(cls, changes: Iterable[PlannedChange]) -> Self:
        changes = tuple(changes)
        actions = [change.action for change in changes]
        replaced = actions.count(Action.REPLACE)
        return cls(
            add=actions.count(Action.CREATE) + replaced,
            change=actions.count(Action.UPDATE),
            destroy=actions.count(Action.DELETE) + replaced,
            replace=replaced,
            forget=actions.count(Action.FORGET),
            imported=sum(change.is_import for change in changes),
        )

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.add + other.add,
            self.change + other.change,
            self.destroy + other.destroy,
            self.replace + other.replace,
            self.forget + other.forget,
            self.imported + other.imported,
        )

    def __str__(self) -> str:
        said = f"{self.add} to add, {self.change} to change, {self.destroy} to destroy"
        replaced = f" ({self.replace} of them replaced)" if self.replace else ""
        forgotten = f", {self.forget} to forget" if self.forget else ""
        imported = f"{self.imported} to import, " if self.imported else ""
        return f"{imported}{said}{replaced}{forgotten}"


@dataclass(frozen=True, slots=True)
class TerraformPlan:
    """One stack's plan. `drift` is what Terraform found changed outside; `timestamp` is what `plantimestamp()` returned."""

    changes: tuple[PlannedChange, ...]
    outputs: tuple[OutputChange, ...] = ()
    drift: tuple[PlannedChange, ...] = ()
    timestamp: str | None = None
    terraform_version: str = ""

    @property
    def counts(self) -> Counts:
        return Counts.of(self.changes)

    @property
    def changes_anything(self) -> bool:
        """Say whether applying it does anything, be it only to an output."""
        return any(c.changes_anything for c in self.changes) or any(o.action != Action.NO_OP for o in self.outputs)

    @property
    def alters_what_others_see(self) -> bool:
        """Say whether what comes after it may find something else: an import and a new address change the state alone."""
        kept = {Action.NO_OP, Action.READ}
        return any(c.action not in kept for c in self.changes) or any(o.action != Action.NO_OP for o in self.outputs)


@dataclass(frozen=True, slots=True)
class HookPlan:
    """What a hook would do. `text` is the check's own words, or why it could not be checked; `no_undo` why nothing undoes it.

    `makes_anew` says that what it made is undone first.
    """

    name: StepName
    kind: str
    verb_result: Literal["would_run", "already_so", "unknown"]
    text: str = ""
    no_undo: str = ""
    makes_anew: bool = False


def unshown(shown: TerraformPlan, real: TerraformPlan) -> Sequence[str]:
    """Return what `real` would do to a declared resource that `shown` did not do to it, as `<action> <address>`, in order.

    Keys of `for_each` don't count: they may come from values that were not known when `shown` was made.
    """
    allowed = {(change.declared_at, change.action) for change in shown.changes if change.changes_anything}
    return sorted(
        f"{change.action} {change.address}"
        for change in real.changes
        if change.changes_anything and (change.declared_at, change.action) not in allowed
    )
