"""Who is asking, and may they? Tokens, app JWTs, roles and permissions, with GitHub's own refusals.

A caller who may not even read a repository gets 404, as if it were not there; one who may read but not write gets 403.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

import jwt

from bot.sandbox.github.answers import ApiError, not_found
from bot.sandbox.github.records.accounts import AppRecord, Caller, Level, Permissions, RoleName
from bot.sandbox.github.records.repositories import RepositoryRecord
from bot.sandbox.github.state import ForgeState

RANK: dict[RoleName, int] = {"none": 0, "read": 1, "triage": 2, "write": 3, "maintain": 4, "admin": 5}
LEVELS: dict[Level, int] = {"read": 1, "write": 2, "admin": 3}


@dataclass(frozen=True, slots=True)
class Need:
    """What an operation asks for: an app's permission at a level, and a person's role."""

    permission: str
    level: Level
    role: RoleName


def read(permission: str) -> Need:
    """Reading: any reader of the repository."""
    return Need(permission, "read", "read")


def write(permission: str, role: RoleName = "write") -> Need:
    """Writing: by default people need the write role."""
    return Need(permission, "write", role)


def identify(state: ForgeState, authorization: str) -> Caller | None:
    """Return who an `Authorization` header stands for: None without one.

    Knows `Bearer`, `token` and `Basic` (the password is the token, as git sends it). Raises 401 for a wrong, expired
    or malformed credential.
    """
    if not authorization:
        return None
    scheme, _, credential = authorization.partition(" ")
    if scheme.lower() == "basic":
        credential = _password(credential)
    if credential.count(".") == 2:
        return _app_itself(state, credential)
    token = state.tokens.get(credential.strip())
    if token is None or (token.expires_at is not None and token.expires_at <= state.clock()):
        raise ApiError(401, "Bad credentials")
    return token.identity


def _password(credential: str) -> str:
    try:
        return base64.b64decode(credential, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ApiError(401, "Bad credentials") from error


def _app_itself(state: ForgeState, encoded: str) -> Caller:
    """Check an app's JWT: RS256 by the app's key, issued by its id or client id, valid for ten minutes at most."""
    try:
        issuer = str(jwt.decode(encoded, options={"verify_signature": False}).get("iss", ""))
        app = next((a for a in state.apps.values() if issuer in (str(a.id), a.client_id)), None)
        if app is None:
            raise ApiError(401, "A JSON web token could not be decoded")
        # Times are checked against the forge's own clock below, which a test may have set.
        claims = jwt.decode(
            encoded,
            app.public_key,
            algorithms=["RS256"],
            options={"verify_exp": False, "verify_iat": False, "require": ["iss", "exp"]},
        )
    except jwt.PyJWTError as error:
        raise ApiError(401, "A JSON web token could not be decoded") from error
    now = state.clock().timestamp()
    if float(claims["exp"]) <= now:
        raise ApiError(401, "'Expiration time' claim ('exp') must be a numeric value representing the future time")
    if float(claims["exp"]) > now + 660:
        raise ApiError(401, "'Expiration time' claim ('exp') is too far in the future")
    return Caller(app.bot, app=app, itself=True)


def require_app(identity: Caller | None) -> AppRecord:
    """Return the app that authenticated itself, or refuse."""
    if identity is None or not identity.itself or identity.app is None:
        raise ApiError(401, "A JSON web token could not be decoded")
    return identity.app


def reads(state: ForgeState, identity: Caller | None, repository: RepositoryRecord) -> bool:
    """Say whether the caller may know that the repository exists."""
    if identity is None:
        return False
    if identity.permissions is None:
        return RANK[state.role(repository, identity.account)] >= RANK["read"]
    installed = state.installations.get(identity.installation_id or 0)
    if installed is not None and installed.account.id != repository.owner.id:
        return False
    return identity.repository_ids is None or repository.id in identity.repository_ids


def granted(permissions: Permissions, need: Need) -> bool:
    """Say whether an app's permissions cover a need; every installation may read metadata."""
    if need.permission == "metadata":
        return True
    level = permissions.get(need.permission)
    return level is not None and LEVELS[level] >= LEVELS[need.level]


def allows(state: ForgeState, identity: Caller, repository: RepositoryRecord, need: Need) -> bool:
    """Say whether a reader of the repository meets a need."""
    if identity.permissions is not None:
        return granted(identity.permissions, need)
    return RANK[state.role(repository, identity.account)] >= RANK[need.role]


def require(state: ForgeState, identity: Caller | None, repository: RepositoryRecord | None, *needs: Need) -> Caller:
    """Return the caller if any of the needs is met; raise 401, 404 or 403 as GitHub does."""
    if identity is None:
        raise ApiError(401, "Requires authentication")
    if repository is None or identity.itself or not reads(state, identity, repository):
        raise not_found()
    if repository.archived and all(need.level != "read" for need in needs):
        raise ApiError(403, "Repository was archived so is read-only.")
    if any(allows(state, identity, repository, need) for need in needs):
        return identity
    if identity.app is not None:
        raise ApiError(403, "Resource not accessible by integration")
    if needs[0].level == "read":
        raise not_found()
    raise ApiError(403, "Must have push access to repository" if needs[0].role == "write" else "Forbidden")
