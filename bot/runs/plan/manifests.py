"""Manifests of environments at commits, each read once: those of many environments together, since each start of git takes longer than the reading."""

from collections.abc import Sequence
from typing import TypeAlias

from bot.clients.git.batch import blobs
from bot.clients.git.checkout import Checkout
from bot.clients.git.command import git_text
from bot.core.rendering.assemble import read_manifest
from bot.core.tree import File
from bot.errors import Unverifiable, UserError
from bot.model.environment import MANIFEST, Manifest
from bot.names import EnvironmentName, is_valid

NO_COMMIT = "0" * 40
Read: TypeAlias = Manifest | str | None
"""A manifest; why it can't be read; or None when there is none: a directory may be somebody else's."""


class Manifests:
    """Reads the manifests of a checkout's environments at any commit."""

    def __init__(self, checkout: Checkout) -> None:
        self._checkout = checkout
        self._read: dict[tuple[str, str], Read] = {}

    def read(self, commit: str, names: Sequence[str]) -> None:
        """Read the manifests of these environments, as far as they are there, with one start of git for a thousand."""
        valid = [name for name in names if is_valid(EnvironmentName, name)]  # no other name fits into a line of its own
        if commit == NO_COMMIT or len(valid) < 2:
            return
        objects = [f"{commit}:{self._checkout.roots.environment(name)}/{MANIFEST}" for name in valid]
        for name, data in zip(valid, blobs(self._checkout.root / ".git", objects), strict=True):
            if data is not None:
                self._read[commit, name] = self._parsed(name, data)

    def at(self, commit: str, name: str) -> Read:
        """Return an environment's manifest at a commit. Raises `Unverifiable` when git can't tell."""
        if (commit, name) not in self._read:
            self._read[commit, name] = self._alone(commit, name)
        return self._read[commit, name]

    def _alone(self, commit: str, name: str) -> Read:
        path = f"{self._checkout.roots.environment(name)}/{MANIFEST}"
        if commit == NO_COMMIT or not git_of(self._checkout, "ls-tree", commit, path):
            return None
        try:
            return self._parsed(name, git_of(self._checkout, "show", f"{commit}:{path}").encode())
        except Unverifiable:
            return self._parsed(name, None)

    def _parsed(self, name: str, data: bytes | None) -> Read:
        try:
            return read_manifest(
                {MANIFEST: File(data)} if data is not None else {}, self._checkout.roots.environment(name)
            )
        except UserError as error:
            return str(error)


def git_of(checkout: Checkout, *arguments: str) -> str:
    """Return what git says in a checkout. Raises `Unverifiable`."""
    return git_text(checkout.root, *arguments, advice="Fetch the full history of both commits.")
