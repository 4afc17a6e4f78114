"""Whom a role of AWS trusts among the jobs of GitHub Actions."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from bot.clients.aws_session import session
from bot.errors import Unverifiable

ISSUER: Final = "token.actions.githubusercontent.com"
"""Of github.com's tokens; GitHub Enterprise has its own, as `bot.clouds.roles` has them."""
_ISSUER: Final = re.compile(
    r"token\.actions\.(?:githubusercontent\.com|[a-z0-9-]+\.ghe\.com)|[a-z0-9.-]+/_services/token"
)
ANYBODY: Final = "*"
"""The subject of a statement that asks for none: every job of every repository on GitHub."""
_ROLE: Final = re.compile(r"arn:[\w-]+:iam::\d{12}:role/(?:.*/)?([^/]+)")
_VERB: Final = "sts:assumerolewithwebidentity"


def is_role(text: str) -> bool:
    """Say whether a text is the ARN of a role."""
    return _ROLE.fullmatch(text) is not None


def trusted_subjects(arn: str, region: str) -> Sequence[str]:
    """Return the subjects of GitHub's tokens that a role trusts, as they are in its policy; needs `iam:GetRole`. Raises `Unverifiable`."""
    from botocore.config import Config  # noqa: PLC0415 (only doctor asks)
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    found = _ROLE.fullmatch(arn)
    if found is None:
        raise Unverifiable(f"{arn} is not the ARN of a role")
    config = Config(connect_timeout=10, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 3})
    try:
        role = session().client("iam", region_name=region or None, config=config).get_role(RoleName=found[1])["Role"]
    except ClientError as error:
        raise Unverifiable(error.response.get("Error", {}).get("Message", "AWS does not show the role")) from error
    except BotoCoreError as error:
        raise Unverifiable(str(error)) from error
    if role["Arn"] != arn:
        raise Unverifiable(f"the credentials that are here belong to another account: its role is {role['Arn']}")
    document: Mapping[str, Any] = role["AssumeRolePolicyDocument"]
    return [subject for each in _listed(document["Statement"]) for subject in _subjects(each)]


def _subjects(statement: Mapping[str, Any]) -> Iterator[str]:
    principal = statement.get("Principal", {})
    federated = _listed(principal.get("Federated", [])) if isinstance(principal, dict) else [principal]
    issuers = {ISSUER if each == "*" else each.lower().partition(":oidc-provider/")[2] for each in federated}
    if statement["Effect"] != "Allow" or not any(map(_ISSUER.fullmatch, issuers)):
        return
    if not any(action.lower() in {_VERB, "sts:*", "*"} for action in _listed(statement["Action"])):
        return
    demanded = [
        value
        for operator, condition in statement.get("Condition", {}).items()
        # Of `…IfExists` and of what negates, a subject in the policy does not say who gets in.
        if operator in {"StringEquals", "StringLike"}
        for key, values in condition.items()
        if key.lower() in {f"{issuer}:sub" for issuer in issuers}
        for value in _listed(values)
    ]
    yield from demanded or [ANYBODY]


def _listed(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else [value]
