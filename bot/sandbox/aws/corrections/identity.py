"""Corrections of STS: a role is assumed by those whom its trust policy names, and by nobody else.

moto hands out the keys of any role to anybody. The sandbox rehearses who may plan and who may apply, so it asks as AWS does:
the role exists, the token was signed by the issuer's keys and has not run out, and a statement of the trust policy
allows its audience and subject.
"""

import json
from typing import Any
from urllib.parse import urlsplit
from urllib.request import ProxyHandler, build_opener

import jwt
from moto.iam.models import Role, iam_backends
from moto.sts.exceptions import STSClientError
from moto.sts.responses import TokenResponse

from bot.sandbox.aws.corrections.correction import AwsFunction, EmulatorCorrection, wrap
from bot.sandbox.aws.trust import WebIdentity, admits, admits_account

_direct = build_opener(ProxyHandler({}))
LOOPBACK = "127.0.0.1"
PATIENCE = 60
"""Seconds for an issuer to publish its keys, on a machine that is busy."""


def _refused(action: str, role: str) -> STSClientError:
    return STSClientError("AccessDenied", f"Not authorized to perform sts:{action} on resource: {role}")


def _role(arn: str, action: str) -> Role:
    parts = arn.split(":")
    account = parts[4] if len(parts) == 6 else ""
    if account not in iam_backends:
        raise _refused(action, arn)
    found = next((role for role in iam_backends[account]["aws"].get_roles() if role.arn == arn), None)
    if found is None:
        raise _refused(action, arn)
    return found


def _published(url: str) -> Any:
    if urlsplit(url).hostname != LOOPBACK:
        raise STSClientError("InvalidIdentityToken", "The sandbox trusts only issuers on loopback")
    try:
        with _direct.open(url, timeout=PATIENCE) as answer:
            return json.load(answer)
    except (OSError, ValueError) as error:
        raise STSClientError("InvalidIdentityToken", f"No signing keys found at {url}") from error


def _verified(text: str) -> WebIdentity:
    """Return the claims of a token whose signature, issuer and time hold. Raises `STSClientError`.

    The keys are found as OpenID Connect Discovery 1.0 says: the issuer names the place of its key set.
    """
    try:
        issuer = str(jwt.decode(text, options={"verify_signature": False})["iss"])
        discovery = _published(f"{issuer}/.well-known/openid-configuration")
        keys = jwt.PyJWKSet.from_dict(_published(discovery["jwks_uri"]))
        key = keys[jwt.get_unverified_header(text)["kid"]]
        claims = jwt.decode(text, key, algorithms=["RS256"], issuer=issuer, options={"verify_aud": False})
    except jwt.ExpiredSignatureError as error:
        raise STSClientError("ExpiredTokenException", "Token is expired") from error
    except (jwt.PyJWTError, KeyError) as error:
        raise STSClientError("InvalidIdentityToken", f"The token could not be verified: {error}") from error
    return WebIdentity(issuer=issuer.partition("://")[2], claims=claims)


def _tokens_are_verified_and_roles_choose() -> None:
    def around(assume: AwsFunction) -> AwsFunction:
        def corrected(self: TokenResponse) -> Any:
            arn = self._get_param("RoleArn")
            role = _role(arn, "AssumeRoleWithWebIdentity")
            token = _verified(self._get_param("WebIdentityToken") or "")
            if not admits(json.loads(role.assume_role_policy_document), role.account_id, token):
                raise _refused("AssumeRoleWithWebIdentity", arn)
            return assume(self)

        return corrected

    wrap(TokenResponse, "assume_role_with_web_identity", around)


def _roles_choose_which_accounts_assume_them() -> None:
    def around(assume: AwsFunction) -> AwsFunction:
        def corrected(self: TokenResponse) -> Any:
            arn = self._get_param("RoleArn")
            role = _role(arn, "AssumeRole")
            if not admits_account(json.loads(role.assume_role_policy_document), self.current_account):
                raise _refused("AssumeRole", arn)
            return assume(self)

        return corrected

    wrap(TokenResponse, "assume_role", around)


CORRECTIONS = (
    EmulatorCorrection(
        "roles choose which accounts assume them",
        "AssumeRole asks the role's trust policy; a role that does not exist is denied.",
        "A misspelt role works in the sandbox and fails in AWS, and whoever asks gets the keys of any account.",
        _roles_choose_which_accounts_assume_them,
    ),
    EmulatorCorrection(
        "tokens are verified, and roles choose whom they admit",
        "AssumeRoleWithWebIdentity checks the token's signature, issuer and time, and the role's trust policy.",
        "Whoever asks gets the keys of any account.",
        _tokens_are_verified_and_roles_choose,
    ),
)
