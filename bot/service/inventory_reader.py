"""All environments of a monorepo, read one after the other: those that can be, and why the others can't."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from bot.core.rendering.inventory import Inventory, InventoryReading, Live, Remnant, findings
from bot.errors import Finding, Unreadable, UserError
from bot.model.environment import MANIFEST, Manifest
from bot.model.roots import Roots
from bot.names import EnvironmentName


class RemnantOf(Protocol):
    """Returns what is still known of an environment that can't be read."""

    def __call__(self, name: EnvironmentName, /, *, is_live: bool) -> Remnant: ...


@dataclass(frozen=True, slots=True)
class LiveListing:
    """The environments of one listing, which are the same until the default branch moves: nobody reads ten thousand anew for each clone."""

    trees: Mapping[str, str]
    unmanaged: frozenset[str]
    live: Live
    others: Sequence[str]
    """Those that can't be read, by what their directories are called."""


def seen_in(trees: Mapping[str, str], unmanaged: frozenset[str], known: Mapping[str, Manifest]) -> LiveListing:
    """Return what the manifests that are known, by the id of the tree that they are in, say of the directories with these trees."""
    live, others = Live(), list[str]()
    for text, tree in trees.items():
        manifest = known.get(tree)
        if manifest is not None and manifest.name == text:
            live[manifest.name] = manifest
        elif text not in unmanaged:
            others.append(text)
    return LiveListing(trees, unmanaged, live, others)


@dataclass(slots=True)
class InventoryReader:
    """What was read so far; `unmanaged` are directories beside the environments that are somebody else's."""

    roots: Roots
    unmanaged: frozenset[str]
    live: dict[EnvironmentName, Manifest] = field(default_factory=Live)
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
