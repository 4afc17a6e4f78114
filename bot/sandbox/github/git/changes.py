"""The difference between two commits, file by file, as GitHub shows a pull request."""

from __future__ import annotations

from bot.sandbox.github.git.bare import BareRepository, TreeChange

STATUSES = {"A": "added", "D": "removed", "M": "modified", "R": "renamed", "C": "copied", "T": "changed"}
EMPTY_TREE = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"


def changes_between(bare: BareRepository, old: str, new: str) -> list[TreeChange]:
    """List the files that differ between two trees or commits, renames found, in path order."""
    raw = bare.run("diff-tree", "-r", "-z", "-M", "--no-commit-id", "--raw", "--numstat", old, new).stdout
    tokens = raw.decode(errors="replace").split("\0")
    patches = _patches(bare, old, new)
    counts: dict[str, tuple[int, int]] = {}
    rows: list[tuple[str, str | None, str, str]] = []
    index = 0
    while index < len(tokens) and tokens[index]:
        token = tokens[index]
        if token.startswith(":"):
            index, row = _raw_row(tokens, index)
            rows.append(row)
        else:
            index, path, count = _numstat_row(tokens, index)
            counts[path] = count
    return [
        TreeChange(
            path, previous, STATUSES.get(status, "changed"), blob, *counts.get(path, (0, 0)), patches.get(path, "")
        )
        for path, previous, status, blob in rows
    ]


def _raw_row(tokens: list[str], index: int) -> tuple[int, tuple[str, str | None, str, str]]:
    """Read `:mode mode old new S\\0path[\\0path]`; a removed file keeps the id of the blob it had."""
    _, _, old, new, status = tokens[index].split(" ")
    blob = old if status == "D" else new
    if status[0] in "RC":
        return index + 3, (tokens[index + 2], tokens[index + 1], status[0], blob)
    return index + 2, (tokens[index + 1], None, status[0], blob)


def _numstat_row(tokens: list[str], index: int) -> tuple[int, str, tuple[int, int]]:
    """Read `added\\tdeleted\\tpath`, or for a rename `added\\tdeleted\\t\\0old\\0new`; binary files count as `-`."""
    added, deleted, path = tokens[index].split("\t", 2)
    count = (0, 0) if added == "-" else (int(added), int(deleted))
    if path:
        return index + 1, path, count
    return index + 3, tokens[index + 2], count


def _patches(bare: BareRepository, old: str, new: str) -> dict[str, str]:
    """Return the hunks of each text file by its (new, or for removed files old) path."""
    text = bare.run(
        "-c", "core.quotePath=false", "diff-tree", "-r", "-M", "-p", "--no-commit-id", "--no-color", old, new
    ).stdout.decode(errors="replace")
    patches: dict[str, str] = {}
    for section in ("\n" + text).split("\ndiff --git ")[1:]:
        head, mark, hunks = section.partition("\n@@ ")
        if not mark:
            continue
        sides = {line[:4]: line[4:].rstrip("\t") for line in head.splitlines() if line[:4] in ("--- ", "+++ ")}
        path = sides["+++ "] if sides["+++ "] != "/dev/null" else sides["--- "]
        patches[path[2:]] = ("@@ " + hunks).rstrip("\n")
    return patches
