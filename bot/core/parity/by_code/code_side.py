"""The two environments that are compared by code: what was read, and the values that it evaluates to."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.core.hcl.attributes import Attribute, AttributeKey
from bot.core.parity.by_code.evaluated import EvaluatedEnvironment, InputReference, snapshot
from bot.core.rendering.assemble import read_hooks, read_manifest
from bot.core.tree import Tree
from bot.model.environment import Manifest


@dataclass(frozen=True, slots=True)
class CodeSide:
    """An environment: its manifest and its files."""

    manifest: Manifest
    files: Tree


@dataclass(frozen=True, slots=True)
class Sides:
    """Production and the clone, each with its values."""

    production: CodeSide
    clone: CodeSide
    theirs: EvaluatedEnvironment
    ours: EvaluatedEnvironment

    def leaf(self, key: AttributeKey) -> Attribute:
        """Return the clone's attribute, or production's where the clone has none."""
        return self.ours.leaves[key] if key in self.ours.leaves else self.theirs.leaves[key]


def read_side(files: Tree, where: str) -> CodeSide:
    """Return the environment in the directory `where`. Raises `Unreadable`, also for hooks, which are compared too."""
    read_hooks(files, where)
    return CodeSide(read_manifest(files, where), files)


def evaluated_side(side: CodeSide, renamed_address: Callable[[str], str] = str) -> EvaluatedEnvironment:
    """Return all values of an environment, for many comparisons with it. Raises `InvalidInput`."""
    manifest = side.manifest
    return snapshot(InputReference(side.files, manifest.parameters, manifest.purpose, manifest.stacks), renamed_address)
