"""The branches on which we propose: one for each environment and kind of proposal, so that git says who was first.

A clone's own branch stays apart from what is proposed to it later, since a merged branch may be left standing.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from bot.errors import InvalidInput
from bot.names import EnvironmentName, TemplateName

BranchKind: TypeAlias = Literal["clone", "change", "destroy"]
"""What is proposed: a new environment, other values for a live one, or its end."""

PREFIXES: dict[BranchKind, str] = {"clone": "envclone", "change": "envclone-change", "destroy": "envclone-destroy"}

SNAPSHOTS = "envclone-preview"
"""What the branches begin with that keep the commits which previews were rendered from: nothing is proposed on them."""

WAVES = "envclone-wave"
"""What the branches begin with that bring a whole wave of environments to another revision of their template."""


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch of ours."""

    kind: BranchKind
    environment: EnvironmentName

    def __str__(self) -> str:
        return f"{PREFIXES[self.kind]}/{self.environment}"


@dataclass(frozen=True, slots=True)
class WaveBranch:
    """The branch on which a wave of a template's rollout is proposed in one pull request; `number` counts from 1.

    It has the template's name and not that of the rollout's issue, so that a newer rollout goes on with the pull request that is open.
    """

    template: TemplateName
    number: int

    def __str__(self) -> str:
        return f"{WAVES}/{self.template}-{self.number}"


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


def read_wave(text: str) -> WaveBranch | None:
    """Return which wave a branch proposes, or None when it proposes none."""
    prefix, _, rest = text.partition("/")
    template, _, number = rest.rpartition("-")
    if prefix != WAVES or not number.isdecimal() or not number.isascii() or number[0] == "0":
        return None
    try:
        return WaveBranch(TemplateName(template), int(number))
    except InvalidInput:
        return None
