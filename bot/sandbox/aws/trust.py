"""Whom a role's trust policy admits, by a web identity token or by the caller's account: the part of IAM's policy language that such policies use."""

import fnmatch
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TrustJson = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WebIdentity:
    """A verified web identity token; `issuer` is without its scheme, as IAM writes it."""

    issuer: str
    claims: TrustJson


def admits(policy: TrustJson, account: str, token: WebIdentity) -> bool:
    """Say whether a statement of the trust policy of a role in `account` admits the bearer of `token`.

    A condition operator other than StringEquals and StringLike admits nobody.
    """
    return any(_allows(statement, account, token) for statement in _many(policy["Statement"]))


def admits_account(policy: TrustJson, caller: str) -> bool:
    """Say whether a statement without conditions admits callers of the account `caller`; whom of them, IAM does not ask here."""
    wanted = {caller, f"arn:aws:iam::{caller}:root"}
    return any(
        statement.get("Effect") == "Allow"
        and "sts:AssumeRole" in _many(statement.get("Action", ()))
        and not statement.get("Condition")
        and isinstance(statement.get("Principal"), Mapping)
        and not wanted.isdisjoint(_many(statement["Principal"].get("AWS", ())))
        for statement in _many(policy["Statement"])
    )


def _allows(statement: TrustJson, account: str, token: WebIdentity) -> bool:
    provider = f"arn:aws:iam::{account}:oidc-provider/{token.issuer}"
    principal = statement.get("Principal", {})
    return (
        statement.get("Effect") == "Allow"
        and "sts:AssumeRoleWithWebIdentity" in _many(statement.get("Action", ()))
        and isinstance(principal, Mapping)
        and provider in _many(principal.get("Federated", ()))
        and all(_holds(operator, keys, token) for operator, keys in statement.get("Condition", {}).items())
    )


def _holds(operator: str, keys: TrustJson, token: WebIdentity) -> bool:
    for key, wanted in keys.items():
        issuer, _, claim = key.rpartition(":")
        value = token.claims.get(claim)
        if issuer != token.issuer or not isinstance(value, str):
            return False
        if operator == "StringEquals":
            held = value in _many(wanted)
        elif operator == "StringLike":
            held = any(fnmatch.fnmatchcase(value, pattern.replace("[", "[[]")) for pattern in _many(wanted))
        else:
            held = False
        if not held:
            return False
    return True


def _many(value: Any) -> Sequence[Any]:
    return value if isinstance(value, Sequence) and not isinstance(value, str) else (value,)
