"""Make tokens: for people, for an app's installation, for a workflow run."""

from __future__ import annotations

import secrets
from datetime import timedelta

from bot.sandbox.github.entities import Account, Identity, Installation, Permissions, Repository, Token
from bot.sandbox.github.state import State

INSTALLATION_LIFE = timedelta(hours=1)


def _remember(state: State, token: Token) -> Token:
    state.tokens[token.secret] = token
    return token


def issue_personal_token(state: State, account: Account) -> Token:
    """Make a personal access token that does not expire."""
    return _remember(state, Token(f"ghp_{secrets.token_hex(18)}", Identity(account), None))


def issue_installation_token(
    state: State, installation: Installation, permissions: Permissions, repository_ids: frozenset[int] | None
) -> Token:
    """Make an installation token that lives for an hour."""
    identity = Identity(
        installation.app.bot,
        app=installation.app,
        installation_id=installation.id,
        permissions=permissions,
        repository_ids=repository_ids,
    )
    return _remember(state, Token(f"ghs_{secrets.token_hex(18)}", identity, state.clock() + INSTALLATION_LIFE))


def issue_workflow_token(
    state: State, installation: Installation, repository: Repository, permissions: Permissions, life: timedelta
) -> Token:
    """Make the token of a workflow run: one repository, declared permissions, and its events start no workflows."""
    identity = Identity(
        installation.app.bot,
        app=installation.app,
        installation_id=installation.id,
        permissions=permissions,
        repository_ids=frozenset({repository.id}),
        starts_workflows=False,
    )
    return _remember(state, Token(f"ghs_{secrets.token_hex(18)}", identity, state.clock() + life))
