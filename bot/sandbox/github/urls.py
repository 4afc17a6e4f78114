"""Addresses of everything the forge shows, all on its own host, as a GitHub Enterprise server lays them out."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from urllib.parse import quote

from bot.sandbox.github.records.accounts import AccountRecord
from bot.sandbox.github.records.repositories import RepositoryRecord


@dataclass(frozen=True, slots=True)
class Urls:
    """Addresses under one base, such as `http://127.0.0.1:8080`, without a slash at the end."""

    base: str

    @property
    def api(self) -> str:
        """The root of the REST interface."""
        return f"{self.base}/api/v3"

    def user(self, account: AccountRecord) -> str:
        """An account's REST address."""
        return f"{self.api}/users/{quote(account.login)}"

    def repository(self, repository: RepositoryRecord) -> str:
        """A repository's REST address."""
        return f"{self.api}/repos/{repository.full_name}"

    def page(self, repository: RepositoryRecord) -> str:
        """A repository's page for people."""
        return f"{self.base}/{repository.full_name}"

    def clone(self, repository: RepositoryRecord) -> str:
        """Where git clones from and pushes to."""
        return f"{self.base}/{repository.full_name}.git"


def node_id(kind: str, id_: object) -> str:
    """Return an opaque global id in the form GitHub uses today, such as `IC_kwDO…`."""
    return f"{kind}_{base64.urlsafe_b64encode(f'kwDO{id_}'.encode()).decode().rstrip('=')}"
