"""People, organizations, bots and apps, what they may do, and as whom a request acts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

RoleName = Literal["none", "read", "triage", "write", "maintain", "admin"]
AccountType = Literal["User", "Organization", "Bot"]
Level = Literal["read", "write", "admin"]
Permissions = Mapping[str, Level]


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """A person, an organization, or the bot user of an app (login ends in `[bot]`)."""

    id: int
    login: str
    type: AccountType
    created_at: datetime

    @property
    def email(self) -> str:
        """The address GitHub writes into commits made for this account."""
        return f"{self.id}+{self.login}@users.noreply.github.com"


@dataclass(frozen=True, slots=True)
class AppRecord:
    """A GitHub App. `private_key` is PEM (PKCS #1), made when the app is created; `public_key` verifies its JWTs."""

    id: int
    slug: str
    name: str
    owner: AccountRecord
    bot: AccountRecord
    client_id: str
    permissions: Permissions
    events: tuple[str, ...]
    created_at: datetime
    private_key: str = field(repr=False)
    public_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class AppCodeRecord:
    """A code for an app that was made of a manifest, good for an hour from then, and its webhook's secret."""

    app: AppRecord
    made_at: datetime
    webhook_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class InstallationRecord:
    """An app installed on an account; `repository_ids` is None when it may see all of the account's repositories."""

    id: int
    app: AppRecord
    account: AccountRecord
    permissions: Permissions
    repository_ids: frozenset[int] | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request acts as.

    A person has `permissions` None: the role in the repository decides. An installation or workflow token has an `app`
    and its permissions. `itself` marks an app authenticated by its own JWT, which may only call the `/app` operations.
    """

    account: AccountRecord
    app: AppRecord | None = None
    installation_id: int | None = None
    permissions: Permissions | None = None
    repository_ids: frozenset[int] | None = None
    starts_workflows: bool = True
    itself: bool = False


@dataclass(frozen=True, slots=True)
class TokenRecord:
    """A secret and what it stands for; `expires_at` None never expires."""

    secret: str = field(repr=False)
    identity: Caller
    expires_at: datetime | None
