"""What a commit of a checkout's repository holds, whatever lies in the work tree."""

import os
from pathlib import Path

from bot.clients.git.batch import answers
from bot.clients.git.command import completed
from bot.core.tree import File, with_links
from bot.errors import Unverifiable, UserError


def commit_of(root: Path, name: str = "HEAD") -> str:
    """Return the id of a commit. Raises `Unverifiable` if there is none of that name."""
    found = asked(root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if found is None and asked(root, "rev-parse", "--git-dir") is None:
        raise Unverifiable(
            f"{root.resolve()} is not in a git repository. Change to the checkout, or name it with `--root PATH`."
        )
    if found is None:
        raise Unverifiable(f"Commit {name} not found in {root}. Fetch the full history (`git fetch --unshallow`).")
    return found.decode().strip()


def file_at(root: Path, commit: str, path: str) -> bytes | None:
    """Return a file's content at a commit, or None when there is no such file. Raises `Unverifiable` without the commit."""
    commit = commit_of(root, commit)
    listed = asked(root, "ls-tree", "--full-tree", commit, "--", path)
    if listed is None:
        raise Unverifiable(f"git can't read commit {commit}. Fetch the full history (`git fetch --unshallow`).")
    if not listed:
        return None
    found = asked(root, "show", f"{commit}:{path}")
    if found is None:
        raise Unverifiable(
            f"git can't read {path} at commit {commit}. Fetch the full history (`git fetch --unshallow`)."
        )
    return found


def tree_at(root: Path, commit: str, path: str) -> str | None:
    """Return git's id of a directory at a commit, or None when there is none. Raises `Unverifiable` without the commit."""
    found = asked(root, "rev-parse", "--verify", "--quiet", f"{commit_of(root, commit)}:{path}")
    return found.decode().strip() if found is not None else None


def message_of(root: Path, commit: str) -> str | None:
    """Return a commit's message, or None when the repository lacks the commit."""
    found = asked(root, "show", "--no-patch", "--format=%B", f"{commit}^{{commit}}")
    return found.decode("utf-8", "replace") if found is not None else None


def files_of_tree(root: Path, tree: str, where: str) -> dict[str, File] | None:
    """Return the files of a tree by git's name of it, or None when it is not there; `where` is the directory, for messages. Raises `UserError`."""
    listing = asked(root, "ls-tree", "-r", "-z", "--full-tree", tree)
    if listing is None:
        return None
    found: dict[str, File] = {}
    links: dict[str, str] = {}
    entries: list[tuple[bytes, bytes, bytes]] = []
    for line in filter(None, listing.split(b"\0")):
        mode, kind, rest = line.split(b" ", 2)
        blob, path = rest.split(b"\t", 1)
        if kind != b"blob":
            raise UserError(f"{where}: `{path.decode()}` is a submodule: put the files themselves there.")
        entries.append((mode, path, blob))
    names = b"".join(b"%s\n" % blob for _, _, blob in entries)
    contents = asked(root, "cat-file", "--batch", "--buffer", given=names)
    if contents is None:
        return None
    for (mode, path, _), data in zip(entries, answers(contents, len(entries)), strict=True):
        if data is None:
            return None
        if mode == b"120000":
            links[path.decode()] = data.decode("utf-8", "surrogateescape")
        else:
            found[path.decode()] = File(data, mode == b"100755")
    return with_links(found, links, where)


def asked(root: Path, *arguments: str, given: bytes = b"") -> bytes | None:
    """Return what git says, or None when it fails."""
    passed_on = ("PATH", "HOME", "SSL_CERT_FILE", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy")
    environment = {name: os.environ[name] for name in passed_on if name in os.environ}
    done = completed(root, arguments, given, environment={**environment, "GIT_TERMINAL_PROMPT": "0"})
    return done.stdout if done.returncode == 0 else None
