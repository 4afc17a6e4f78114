"""A repository's files, branches and commits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from bot.sandbox.github.answers import not_found
from bot.sandbox.github.git.bare import BareCommit
from bot.sandbox.github.git.changes import EMPTY_TREE, changes_between
from bot.sandbox.github.records.repositories import RepositoryRecord
from bot.sandbox.pages.calls import PageAnswer, PageCall, PageMoved, Raw, Shown
from bot.sandbox.pages.pulls import checks_of, file_diffs

LARGEST = 1_000_000
"""Bytes of a file that are shown with line numbers."""
COMMITS = 100


@dataclass(frozen=True, slots=True)
class Place:
    """A path at a branch, tag or commit (`ref`, as the address says it)."""

    repository: RepositoryRecord
    ref: str
    sha: str
    path: str

    @property
    def crumbs(self) -> Sequence[tuple[str, str]]:
        """Each directory on the way, and the path up to it."""
        parts = self.path.split("/") if self.path else []
        return [(part, "/".join(parts[: at + 1])) for at, part in enumerate(parts)]


def place(call: PageCall) -> Place:
    """Return what the path after `tree/`, `blob/` … names; a branch's own name may have slashes, so the longest counts."""
    repository = call.repository()
    parts = [part for part in call.path["rest"].split("/") if part]
    for length in range(len(parts), 0, -1):
        ref = "/".join(parts[:length])
        if sha := call.forge.commit_id(repository, ref):
            return Place(repository, ref, sha, "/".join(parts[length:]))
    raise not_found()


def root(call: PageCall) -> Shown:
    """The files of the default branch."""
    repository = call.repository()
    sha = call.forge.commit_id(repository, repository.default_branch)
    if sha is None:
        return Shown("message.html", "This repository is empty.", {"status": 200}, repository, "code")
    return _tree(call, Place(repository, repository.default_branch, sha, ""))


def tree(call: PageCall) -> PageAnswer:
    """The files of a directory; of a file, the file."""
    found = place(call)
    entry = call.forge.bare(found.repository).entry(found.sha, found.path) if found.path else None
    if found.path and entry is None:
        raise not_found()
    if entry is not None and entry.kind == "blob":
        return PageMoved(f"/{found.repository.full_name}/blob/{quote(found.ref)}/{quote(found.path)}")
    return _tree(call, found)


def _tree(call: PageCall, at: Place) -> Shown:
    bare = call.forge.bare(at.repository)
    entries = sorted(bare.children(at.sha, at.path), key=lambda each: (each.kind == "blob", each.path))
    readme = next((each for each in entries if each.path.rpartition("/")[2].lower() == "readme.md"), None)
    content = {
        "place": at,
        "entries": [(each, each.path.rpartition("/")[2]) for each in entries],
        "commit": bare.commit(at.sha),
        "readme": bare.blob(readme.sha).decode("utf-8", "replace") if readme else None,
    }
    return Shown("tree.html", at.path or at.repository.full_name, content, at.repository, "code")


def blob(call: PageCall) -> PageAnswer:
    """A file with numbered lines; Markdown as a document, unless `plain=1` asks for its text."""
    found = place(call)
    bare = call.forge.bare(found.repository)
    entry = bare.entry(found.sha, found.path) if found.path else None
    if entry is None:
        raise not_found()
    if entry.kind != "blob":
        return PageMoved(f"/{found.repository.full_name}/tree/{quote(found.ref)}/{quote(found.path)}")
    data = bare.blob(entry.sha)
    is_text = b"\0" not in data[:8000] and len(data) <= LARGEST
    text = data.decode("utf-8", "replace") if is_text else None
    content = {
        "place": found,
        "size": len(data),
        "lines": text.splitlines() if text is not None else None,
        "document_text": text if found.path.lower().endswith(".md") and call.query.get("plain") != "1" else None,
    }
    return Shown("blob.html", found.path, content, found.repository, "code")


def raw(call: PageCall) -> Raw:
    """A file's bytes; a browser takes them for text, whatever they are."""
    found = place(call)
    bare = call.forge.bare(found.repository)
    entry = bare.entry(found.sha, found.path) if found.path else None
    if entry is None or entry.kind != "blob":
        raise not_found()
    return Raw(bare.blob(entry.sha))


def branches(call: PageCall) -> Shown:
    """Every branch with its last commit."""
    repository = call.repository()
    bare = call.forge.bare(repository)
    found = [(name.removeprefix("refs/heads/"), bare.commit(sha)) for name, sha, _ in bare.references("refs/heads/")]
    return Shown("branches.html", "Branches", {"branches": found}, repository, "code")


def commits(call: PageCall) -> Shown:
    """The last commits of a branch, of a path if one is named."""
    found = place(call)
    bare = call.forge.bare(found.repository)
    listed = bare.commits(f"-{COMMITS}", found.sha) if not found.path else _touching(call, found)
    return Shown("commits.html", "Commits", {"place": found, "commits": listed}, found.repository, "code")


def _touching(call: PageCall, found: Place) -> list[BareCommit]:
    bare = call.forge.bare(found.repository)
    ids = bare.text("rev-list", f"-{COMMITS}", found.sha, "--", found.path).split()
    return [bare.commit(sha) for sha in ids]


def commit(call: PageCall) -> Shown:
    """A commit: its message, what it changes against its first parent, and its checks."""
    repository = call.repository()
    sha = call.forge.commit_id(repository, call.path["sha"])
    if sha is None:
        raise not_found()
    bare = call.forge.bare(repository)
    found = bare.commit(sha)
    changes = changes_between(bare, found.parents[0] if found.parents else EMPTY_TREE, sha)
    content = {
        "commit": found,
        "files": file_diffs(changes),
        "sha": sha,
        "checks": checks_of(call.forge, repository, sha),
    }
    return Shown("commit.html", found.message.partition("\n")[0], content, repository, "code", is_live=True)


def compare(call: PageCall) -> PageAnswer:
    """What differs between two commits, `old...new`. Of a branch that is new or gone, as a push has it, the commits are shown."""
    repository = call.repository()
    old, dots, new = call.path["rest"].partition("...")
    there = [each for each in (old, new) if each.strip("0")]
    if dots and len(there) == 1:
        return PageMoved(f"/{repository.full_name}/commits/{there[0]}")
    ids = [call.forge.commit_id(repository, each) for each in (old, new)]
    if not dots or ids[0] is None or ids[1] is None:
        raise not_found()
    bare = call.forge.bare(repository)
    base = bare.merge_base(ids[0], ids[1]) or EMPTY_TREE
    content = {
        "old": old,
        "new": new,
        "sha": ids[1],
        "files": file_diffs(changes_between(bare, base, ids[1])),
        "commits": bare.commits(f"{ids[0]}..{ids[1]}"),
    }
    return Shown("compare.html", f"Comparing {old} with {new}", content, repository, "code")
