"""Which environments a change of modules beside them touches, without reading every environment's files."""

import subprocess
from collections.abc import Mapping, Sequence

from bot.clients.git.checkout import Checkout
from bot.core.hcl.local_modules import modules_outside, places_outside
from bot.core.tree import CODE, File
from bot.errors import Unverifiable
from bot.model.environment import MANIFEST

_GIT_TIMEOUT = 120
"""Seconds for one listing or reading; 10,000 environments of 50 files take git some 2."""


def calling(checkout: Checkout, commit: str, paths: Sequence[str]) -> Sequence[str]:
    """Return the environments at `commit` that call a module in which one of the `paths` lies. The work tree is at `commit`.

    Environments of one template have the same code, so each content is read once, whatever the number of environments.
    """
    changed = [path for path in paths if _may_be_of_a_module(checkout, path)]
    if not changed:
        return []
    listed = _code_files(checkout, commit)
    contents = _contents(checkout, sorted({blob for files in listed.values() for blob in files.values()}))
    known: dict[tuple[str, frozenset[tuple[str, str]]], bool] = {}
    found = []
    for name, files in listed.items():
        key = checkout.roots.pair(name), frozenset(files.items())
        if key not in known:
            known[key] = _calls(checkout, name, {path: File(contents[blob]) for path, blob in files.items()}, changed)
        if known[key]:
            found.append(name)
    return found


def _may_be_of_a_module(checkout: Checkout, path: str) -> bool:
    """Say whether a path is no environment's and no template's own: a directory beside the environments may be a module's."""
    if any(path.startswith(f"{root}/") for root in checkout.roots.of_templates):
        return False
    owner = checkout.roots.owner(path)
    if owner is not None:
        return not (checkout.root / owner / MANIFEST).exists()
    return "/" in path and not path.startswith(".")


def _calls(checkout: Checkout, name: str, files: Mapping[str, File], changed: Sequence[str]) -> bool:
    code = {**files, **modules_outside(files, checkout.modules_of(name))}
    places = [path for place in places_outside(code) if (path := checkout.roots.module(place, name)) is not None]
    return any(path.startswith(f"{place}/") for path in changed for place in places)


def _code_files(checkout: Checkout, commit: str) -> Mapping[str, Mapping[str, str]]:
    """Return the Terraform files of each environment, by path relative to its directory, with git's ids of their contents.

    A symlink leads to a file of the same directory, which is among them.
    """
    found: dict[str, dict[str, str]] = {}
    roots = [f"{root}/" for root in checkout.roots.of_environments]
    for line in _git(checkout, ["ls-tree", "-r", "-z", "--full-tree", commit, *roots], b"").split(b"\0"):
        about, _, named = line.partition(b"\t")
        path = named.decode("utf-8", "surrogateescape")
        if path.endswith(CODE) and b" blob " in about and not about.startswith(b"120000"):
            owner, name = checkout.roots.owner(path), checkout.roots.environment_in(path)
            if owner is not None and name is not None:
                found.setdefault(name, {})[path.removeprefix(f"{owner}/")] = about.split()[2].decode()
    return found


def _contents(checkout: Checkout, blobs: Sequence[str]) -> Mapping[str, bytes]:
    answer, found, at = _git(checkout, ["cat-file", "--batch"], "".join(f"{blob}\n" for blob in blobs).encode()), {}, 0
    for blob in blobs:
        end = answer.index(b"\n", at)
        size = int(answer[at:end].split()[2])
        found[blob] = answer[end + 1 : end + 1 + size]
        at = end + size + 2
    return found


def _git(checkout: Checkout, arguments: Sequence[str], given: bytes) -> bytes:
    done = subprocess.run(
        ["git", "-C", str(checkout.root), *arguments],
        input=given,
        capture_output=True,
        check=False,
        timeout=_GIT_TIMEOUT,
    )
    if done.returncode != 0:
        raise Unverifiable(f"git {arguments[0]} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
