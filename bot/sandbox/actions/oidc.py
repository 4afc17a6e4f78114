"""The issuer of jobs' identity tokens, as `token.actions.githubusercontent.com` is: real JWTs, signed with a fresh key.

Who trusts it finds the key as OpenID Connect Discovery 1.0 says, at the runner's service on loopback.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from bot.sandbox.github.records.repositories import RepositoryRecord

LIFE = timedelta(minutes=5)


class Issuer:
    """Signs tokens in the name of `url`, under which `documents` are published."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._key_id = secrets.token_hex(8)

    def token(self, subject: str, audience: str, claims: Mapping[str, str]) -> str:
        """Return a signed token that is good for five minutes."""
        now = datetime.now(UTC)
        times = {"iat": now, "nbf": now - timedelta(seconds=5), "exp": now + LIFE}
        body = {**claims, "iss": self.url, "sub": subject, "aud": audience, "jti": secrets.token_hex(16), **times}
        return jwt.encode(body, self._key, algorithm="RS256", headers={"kid": self._key_id})

    def documents(self) -> dict[str, dict[str, object]]:
        """What is published: path → JSON document."""
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/.well-known/jwks"},
            "/.well-known/jwks": {"keys": [{**key, "kid": self._key_id, "use": "sig", "alg": "RS256"}]},
        }


def subject(repository: RepositoryRecord, ref: str, environment: str | None, *, with_ids: bool) -> str:
    """Return the `sub` of a job's token; a job with `environment:` is named by it.

    Repositories created since July 2026 have the ids of owner and repository in it, older ones have not: trust policies
    meet both.
    """
    owner, name = repository.owner.login, repository.name
    if with_ids:
        owner, name = f"{owner}@{repository.owner.id}", f"{name}@{repository.id}"
    return f"repo:{owner}/{name}:" + (f"environment:{environment}" if environment else f"ref:{ref}")
