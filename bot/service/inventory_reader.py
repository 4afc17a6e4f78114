"""All environments of a monorepo, read one after the other: those that can be, and why the others can't."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from bot.core.rendering.inventory import Inventory, InventoryReading, Remnant, findings
from bot.errors import Finding, Unreadable, UserError
from bot.model.environment import MANIFEST, Manifest
from bot.model.roots import Roots
from bot.names import EnvironmentName


class RemnantOf(Protocol):
    """Returns what is still known of an environment that can't be read."""

    def __call__(self, name: EnvironmentName, /, *, is_live: bool) -> Remnant: ...


@dataclass(slots=True)
class InventoryReader:
    """What was read so far; `unmanaged` are directories beside the environments that are somebody else's."""

    roots: Roots
    unmanaged: frozenset[str]
    live: dict[EnvironmentName, Manifest] = field(default_factory=dict)
    proposed: dict[EnvironmentName, Manifest] = field(default_factory=dict)
    unreadable: dict[EnvironmentName, Remnant] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(
        self,
        text: str,
        manifest_of: Callable[[EnvironmentName], Manifest | None],
        remnant_of: RemnantOf,
        *,
        is_live: bool,
    ) -> None:
        """Read the environment in the directory that is called so: of the default branch, or one that is proposed."""
        where = self.roots.environment(text)
        try:
            name = EnvironmentName(text)
        except UserError as error:
            self.findings += findings(where, error)
            return
        try:
            manifest = manifest_of(name)
            if manifest is None:
                raise Unreadable(Finding(f"{where}/{MANIFEST}", 1, "removed on the branch that proposes it."))
            (self.live if is_live else self.proposed)[name] = manifest
        except UserError as error:
            self.findings += findings(where, error)
            self.unreadable[name] = remnant_of(name, is_live=is_live)

    @property
    def reading(self) -> InventoryReading:
        """What came of it."""
        inventory = Inventory(self.live, self.proposed, unreadable=self.unreadable, unmanaged=self.unmanaged)
        return InventoryReading(inventory, tuple(self.findings))
