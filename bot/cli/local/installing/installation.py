"""A checkout as `envclone init` writes it: each file brought as it is shipped now, with people's edits kept."""

from dataclasses import dataclass, field
from pathlib import Path

from bot.clients.git.merge_file import merge_text
from bot.clients.git.work_tree import must_lie_here
from bot.core.installation.files import GITHUB, PRISTINE
from bot.core.installation.tool_source import PATH as TOOL_ACTION
from bot.core.installation.tool_source import ToolSource
from bot.core.installation.upgrade import FileVersions
from bot.core.rendering.merge import TextSides

LABELS = ("as edited here", "as it was shipped", "as it is shipped now")
CONFLICT = f"<<<<<<< {LABELS[0]}".encode()
"""A whole line, as we have git write it: another one that begins so is a person's."""


@dataclass(slots=True)
class Installation:
    """A checkout, and what was done to each file of it."""

    root: Path
    done: dict[str, str] = field(default_factory=dict)

    def read(self, path: str) -> bytes | None:
        place = self.root / path
        return place.read_bytes() if place.is_file() else None

    def write(self, path: str, data: bytes) -> None:
        place = self.root / path
        must_lie_here(
            self.root, path
        )  # whose branch it is says where a link leads: what is there is no file of the checkout's
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)

    def put(self, path: str, data: bytes) -> None:
        """Write a file that is wholly ours to say."""
        self.done[path] = "unchanged" if self.read(path) == data else "written"
        self.write(path, data)

    def bring_tool(self, source: ToolSource) -> None:
        """Say where the tool is taken from; an action of that name that says nothing of the kind is not ours."""
        here = self.read(TOOL_ACTION)
        if here is not None and ToolSource.of_action(here.decode()) is None:
            self.done[TOOL_ACTION] = "theirs"
            return
        self.put(TOOL_ACTION, source.action().encode())

    def bring(self, path: str, newer: bytes) -> None:
        """Bring a shipped file up to date and keep what people changed."""
        pristine = f"{PRISTINE}/{path}"
        found = FileVersions(self.read(pristine), self.read(f"{GITHUB}/{path}"), newer)
        outcome = found.outcome()
        self.done[f"{GITHUB}/{path}"] = outcome
        if outcome == "theirs":
            return
        if outcome == "written":
            self.write(f"{GITHUB}/{path}", newer)
        elif outcome == "merge":
            assert found.here is not None
            assert found.shipped is not None
            merged = merge_text(TextSides(found.here, found.shipped, newer), LABELS)
            self.write(f"{GITHUB}/{path}", merged)
            self.done[f"{GITHUB}/{path}"] = "conflict" if CONFLICT in merged.splitlines() else "merged"
        self.write(pristine, newer)

    def begin(self, path: str, data: bytes) -> None:
        """Write a file that is a person's from then on."""
        if self.read(path) is None:
            self.put(path, data)
