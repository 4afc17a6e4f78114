"""What becomes of a file that a monorepo has from us, when a newer version of it comes."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Outcome: TypeAlias = Literal["written", "unchanged", "edited", "removed", "theirs", "merge"]
"""`edited` and `removed` keep what people did, because nothing newer speaks against it; `theirs` was never ours."""


@dataclass(frozen=True, slots=True)
class FileVersions:
    """One file three times: as it was shipped last, as the monorepo has it, and as it is shipped now. None: it is not there."""

    shipped: bytes | None
    here: bytes | None
    newer: bytes

    def outcome(self) -> Outcome:
        """Say what is to be done; `merge` takes all three."""
        if self.here == self.newer:
            return "unchanged"
        if self.here is None:
            return "written" if self.shipped is None else "removed"
        if self.shipped is None:
            return "theirs"
        if self.here == self.shipped:
            return "written"
        return "edited" if self.newer == self.shipped else "merge"
