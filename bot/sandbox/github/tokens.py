"""Make tokens: for people, for an app's installation, for a workflow run."""

from __future__ import annotations

import secrets
from datetime import timedelta

from bot.sandbox.github.records.accounts import AccountRecord, Caller, InstallationRecord, Permissions, TokenRecord
from bot.sandbox.github.records.repositories import RepositoryRecord
from bot.sandbox.github.state import ForgeState

INSTALLATION_LIFE = timedelta(hours=1)


def _remember(state: ForgeState, token: TokenRecord) -> TokenRecord:
    state.tokens[token.secret] = token
    return token


def issue_personal_token(state: ForgeState, account: AccountRecord) -> TokenRecord:
    """Make a personal access token that does not expire."""
    return _remember(state, TokenRecord(f"ghp_{secrets.token_hex(18)}", Caller(account), None))


def issue_installation_token(
    state: ForgeState, installation: InstallationRecord, permissions: Permissions, repository_ids: frozenset[int] | None
) -> TokenRecord:
    """Make an installation token that lives for an hour."""
    identity = Caller(
        installation.app.bot,
        app=installation.app,
        installation_id=installation.id,
        permissions=permissions,
        repository_ids=repository_ids,
    )
    return _remember(state, TokenRecord(f"ghs_{secrets.token_hex(18)}", identity, state.clock() + INSTALLATION_LIFE))


def issue_workflow_token(
    state: ForgeState,
    installation: InstallationRecord,
    repository: RepositoryRecord,
    permissions: Permissions,
    life: timedelta,
) -> TokenRecord:
    """Make the token of a workflow run: one repository, declared permissions, and its events start no workflows."""
    identity = Caller(
        installation.app.bot,
        app=installation.app,
        installation_id=installation.id,
        permissions=permissions,
        repository_ids=frozenset({repository.id}),
        starts_workflows=False,
    )
    return _remember(state, TokenRecord(f"ghs_{secrets.token_hex(18)}", identity, state.clock() + life))
