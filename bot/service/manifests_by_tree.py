"""Manifests by the id of the tree that they are in, which never changes its content: each is read and checked once in a process."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.clients.git.mirror import Mirror
from bot.clients.manifest_cache import many_made
from bot.core.rendering.assemble import read_manifest
from bot.core.tree import File, Tree
from bot.errors import Finding, Unreadable
from bot.model.environment import MANIFEST, Manifest
from bot.model.roots import Roots
from bot.service.context import ServiceContext

FEW = 3
"""Manifests that are as well read one by one: what came since the last look."""


@dataclass(frozen=True, slots=True)
class ManifestsByTree:
    """The manifests of one repository's environments; what was read of them is kept in the service's context."""

    mirror: Mirror
    context: ServiceContext
    roots: Roots

    def read(self, name: str, tree: str) -> Manifest:
        """Return the manifest in a tree, which is the directory of the environment of this name. Raises `Unreadable`."""
        known, unreadable, where = self.context.manifests, self.context.unreadable, self.roots.environment(name)
        key = f"{name}:{tree}"
        if key in unreadable:
            raise Unreadable(*unreadable[key])
        if tree not in known:
            self._parse(name, tree, next(self.mirror.read_in([tree], MANIFEST)))
        if key in unreadable:
            raise Unreadable(*unreadable[key])
        if known[tree].name != name:
            raise Unreadable(Finding(f"{where}/{MANIFEST}", 1, f"`name` must be {name}, as its directory is called."))
        return known[tree]

    def read_ahead(self, trees: Mapping[str, str]) -> None:
        """Bring what is not known of these manifests into memory in one reading: from what was kept, else from git together."""
        known, unreadable = self.context.manifests, self.context.unreadable
        wanted = {
            tree: name for name, tree in trees.items() if tree not in known and f"{name}:{tree}" not in unreadable
        }
        if len(wanted) < FEW:
            for tree, name in wanted.items():
                self._parse(name, tree, next(self.mirror.read_in([tree], MANIFEST)))
            return
        cache = self.context.kept_manifests()
        with many_made():
            known.update(cache.read(wanted))
            fresh = {tree: name for tree, name in wanted.items() if tree not in known}
            for (tree, name), data in zip(fresh.items(), self.mirror.read_in(list(fresh), MANIFEST), strict=True):
                self._parse(name, tree, data)
        if fresh:
            cache.write({tree: known[tree] for tree in fresh if tree in known})

    def _parse(self, name: str, tree: str, data: bytes | None) -> None:
        """Note the manifest of a tree, or what is wrong with it."""
        files: Tree = {} if data is None else {MANIFEST: File(data)}
        if data is None:
            self.context.bare.add(tree)
        try:
            self.context.manifests[tree] = read_manifest(files, self.roots.environment(name))
        except Unreadable as error:
            self.context.unreadable[f"{name}:{tree}"] = error.findings
