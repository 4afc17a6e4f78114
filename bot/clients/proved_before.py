"""Environments that were read, proved or compared once, kept in the user's own cache directory and safe to lose.

What was read is a manifest alone, by the id of a tree that has no other file. A proof is of an environment's files, of its name and place, and of what proves: this product's code and the packages beside it. Of the
template it needs nothing else, since the manifest among those files names its revision, which is an id of its content.

A comparison is of the code of two environments, with the modules that they call, and of what waivers hold: it names all of that, and
whoever asks looks whether it is still so.

Only for people in their own checkout. What decides over credentials proves anew: nothing that lies on a disk vouches for a pull request.
"""

import hashlib
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

import bot
from bot.clients.manifest_cache import ManifestCache, TreeCache, many_made
from bot.model.base import Document
from bot.model.environment import Manifest
from bot.model.policy import Policy
from bot.model.roots import Roots


class ReadBefore:
    """Manifests that were read and accepted below these roots by the code that runs now. Safe to use from several processes."""

    FILE: ClassVar = "read.sqlite3"

    def __init__(self, directory: Path, roots: Roots) -> None:
        self._cache = ManifestCache(directory / self.FILE)
        self._by = f"{_code()} {roots.model_dump_json()}"

    def among(self, trees: Mapping[str, str]) -> Mapping[str, Manifest]:
        """Return the manifests of those that were kept, by name, out of the ids of their trees."""
        names = {self._key(name, tree): name for name, tree in trees.items()}
        with many_made():
            return {names[key]: manifest for key, manifest in self._cache.read(names).items()}

    def keep(self, trees: Mapping[str, str], manifests: Mapping[str, Manifest]) -> None:
        """Remember environments with these trees."""
        if manifests:
            self._cache.write({self._key(name, trees[name]): manifest for name, manifest in manifests.items()})

    def _key(self, name: str, tree: str) -> str:
        return hashlib.sha256(f"{self._by} {name} {tree}".encode()).hexdigest()


class ProvedBefore(ReadBefore):
    """Environments that were proved to be what their templates render."""

    FILE = "proved.sqlite3"


class Comparison(Document):
    """How a clone differs from its source by code, and what that was found of; `against` is None for what is no clone.

    `trees` are the ids of the source's tree, and of all modules outside that the two call, by directory. `until` a waiver ends.
    """

    environment: str
    against: str | None
    trees: Mapping[str, str]
    match: float = 1.0
    others: int = 0
    findings: tuple[str, ...] = ()
    at: datetime
    until: datetime | None = None

    @property
    def holds(self) -> bool:
        return not self.findings

    def is_good_at(self, now: datetime) -> bool:
        """Say whether no waiver has ended or begun anew by the clock since it was made."""
        return self.at <= now and (self.until is None or now < self.until)


class ComparedBefore:
    """What was compared below these roots under this policy by the code that runs now. Safe to use from several processes."""

    def __init__(self, directory: Path, roots: Roots, policy: Policy) -> None:
        self._cache = TreeCache(directory / "compared.sqlite3", Comparison)
        self._by = f"{_code()} {roots.model_dump_json()} {policy.model_dump_json()}"

    def among(self, trees: Mapping[str, str]) -> Mapping[str, Comparison]:
        """Return what was found of environments, by name, out of the ids of their trees."""
        names = {self._key(name, tree): name for name, tree in trees.items()}
        return {names[key]: found for key, found in self._cache.read(names).items()}

    def keep(self, trees: Mapping[str, str], found: Sequence[Comparison]) -> None:
        """Remember what was found."""
        known = {self._key(each.environment, trees[each.environment]): each for each in found}
        if known:
            self._cache.replace(known)

    def _key(self, name: str, tree: str) -> str:
        return hashlib.sha256(f"{self._by} {name} {tree}".encode()).hexdigest()


def users_cache() -> Path:
    """Return where this user's programs keep what is safe to lose."""
    said = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # Its specification asks to ignore a relative path: that would be a directory of whatever is checked out here.
    return (said if said.is_absolute() else Path.home() / ".cache") / "envclone"


def _code() -> str:
    """Return what changes when the product, Python or a package beside them does: also for who works on the product itself."""
    own = Path(bot.__file__).parent
    facts = [sys.version]
    for folder, _, names in os.walk(own):
        for name in sorted(names):
            if name.endswith(".py"):
                look = os.stat(f"{folder}/{name}")
                facts.append(f"{folder}/{name} {look.st_size} {look.st_mtime_ns}")
    rendering = find_spec("jinja2")
    if rendering is not None and rendering.origin is not None:
        facts += sorted(name for name in os.listdir(Path(rendering.origin).parents[1]) if name.endswith(".dist-info"))
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()
