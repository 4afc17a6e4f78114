"""The branches on which we propose: one for each environment and kind of proposal, so that git says who was first.

A clone's own branch stays apart from what is proposed to it later, since a merged branch may be left standing.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from bot.errors import InvalidInput
from bot.names import EnvironmentName

BranchKind: TypeAlias = Literal["clone", "change", "destroy"]
"""What is proposed: a new environment, other values for a live one, or its end."""

PREFIXES: dict[BranchKind, str] = {"clone": "envclone", "change": "envclone-change", "destroy": "envclone-destroy"}

SNAPSHOTS = "envclone-preview"
"""What the branches begin with that keep the commits which previews were rendered from: nothing is proposed on them."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of ours."""

    kind: BranchKind
    environment: EnvironmentName

    def __str__(self) -> str:
        return f"{PREFIXES[self.kind]}/{self.environment}"


@dataclass(frozen=True, slots=True)
class Stranger:
    """A branch that is named like ours, with the pull request that somebody else opened from it, if there is one."""

    branch: str
    pull: int | None = None
    author: str = ""


def branch_of(name: EnvironmentName, kind: BranchKind = "clone") -> str:
    """Return the branch on which this is proposed for an environment."""
    return str(Branch(kind, name))


def read_branch(text: str) -> Branch | None:
    """Return what a branch proposes, or None when it is none of ours."""
    prefix, _, rest = text.partition("/")
    for kind, ours in PREFIXES.items():
        if prefix == ours:
            try:
                return Branch(kind, EnvironmentName(rest))
            except InvalidInput:
                return None
    return None
