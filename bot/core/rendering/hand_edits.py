"""What a new rendering of an environment would undo: whatever somebody wrote into the directory, or took out of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.core.rendering.merge import same_file
from bot.core.rendering.verify import file_findings
from bot.core.tree import File, Tree
from bot.errors import Finding, HandEdit
from bot.model.environment import MANIFEST


@dataclass(frozen=True, slots=True)
class Before:
    """What a directory was before: its renderings, whose files nobody edited, and what is committed of it, if anything is.

    Without a rendering nobody can tell what was edited, so every file that would change counts as such.
    """

    renderings: Sequence[Tree] = ()
    committed: Tree | None = None


def undone(where: str, ours: Tree, becomes: Tree, before: Before) -> Sequence[Finding]:
    """Return the hand edits in `ours` that `becomes` has not; `where` is the directory, for messages."""
    found: list[Finding] = []
    for path in sorted({*ours, *becomes} - {MANIFEST}):
        if _is_edited(path, ours, becomes, before):
            found += file_findings(where, path, next(iter(before.renderings), becomes), ours)
    if before.renderings and MANIFEST in ours:
        said = "edited by hand: the manifest is written without comments."
        found += [
            HandEdit(f"{where}/{MANIFEST}", line, said) for line in lost_comments(ours[MANIFEST], becomes[MANIFEST])
        ]
    return found


def _is_edited(path: str, ours: Tree, becomes: Tree, before: Before) -> bool:
    if path in ours:
        known = (becomes, *before.renderings)
        return not any(same_file(ours[path], each.get(path)) for each in known)
    # What is missing in the work tree alone is not written yet; what is missing in a commit somebody took out.
    was_rendered = any(path in each for each in before.renderings)
    return was_rendered and before.committed is not None and path not in before.committed


def lost_comments(ours: File, becomes: File) -> Mapping[int, str]:
    """Return the comments in a manifest, by line: its values are read and written again, its comments are not."""
    kept = set(becomes.data.splitlines())
    return {
        number: line.strip().decode("utf-8", "replace")
        for number, line in enumerate(ours.data.splitlines(), 1)
        if line.lstrip().startswith(b"#") and line not in kept
    }
