"""What a comparison of two directories of Terraform code found, with the cause of each difference and where it is written.

No template and no parameters are known here, so a cause is a place in the code: a variable's value, a local value, a module's
argument, the workspace, or the block itself. What could not be read or evaluated is a note, never left out in silence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bot.core.parity.report import Difference

CodeCauseKind = Literal["variable", "local", "argument", "workspace", "code"]


@dataclass(frozen=True, slots=True)
class CodePlace:
    """A line of a file, by its path in the repository."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class InputChange:
    """A value on both sides as it is shown; `name` is an input's name, with the path inside it (`sizes.web`)."""

    name: str
    theirs: str
    ours: str


@dataclass(frozen=True, slots=True)
class CodeCause:
    """Why something differs: an input of the root module by its name, or what is written in the block itself (no name).

    `here` and `there` are where the two sides say it; None where a side doesn't.
    """

    kind: CodeCauseKind
    name: str = ""
    changes: tuple[InputChange, ...] = ()
    here: CodePlace | None = None
    there: CodePlace | None = None


@dataclass(frozen=True, slots=True)
class DirectoryDifference:
    """One difference with its causes. `there` is where the other side has it; `instances` is how many a block as a whole stands for."""

    difference: Difference
    causes: tuple[CodeCause, ...]
    there: CodePlace | None = None
    instances: int = 1


@dataclass(frozen=True, slots=True)
class Note:
    """Something that could not be compared, or that a reader should know, and where it is.

    `is_unread` says that code or values were not read or evaluated at all, so that nobody knows what differs there.
    """

    text: str
    place: str = ""
    is_unread: bool = False


@dataclass(frozen=True, slots=True)
class PairedRoots:
    """Root modules that were held against each other, by their directories; the other one is empty where there is none."""

    name: str
    ours: str
    theirs: str
    is_by_content: bool = False


@dataclass(frozen=True, slots=True)
class DirectoryParity:
    """The whole comparison of `ours` with `theirs`. `compared` and `set_apart` count attributes, as in `Parity`."""

    ours: str
    theirs: str
    roots: Sequence[PairedRoots]
    compared: int
    differences: Sequence[DirectoryDifference]
    alarms: Sequence[Note] = ()
    notes: Sequence[Note] = ()
    set_apart: Mapping[str, int] = field(default_factory=dict)

    @property
    def telling(self) -> Sequence[DirectoryDifference]:
        """What differs in more than name, account and address."""
        return [each for each in self.differences if each.difference.aspect != "identity"]

    @property
    def by_identity(self) -> Sequence[DirectoryDifference]:
        """What differs only in name, account or address."""
        return [each for each in self.differences if each.difference.aspect == "identity"]

    @property
    def equal(self) -> int:
        """How many compared attributes are equal on both sides."""
        return max(self.compared - len(self.differences), 0)
