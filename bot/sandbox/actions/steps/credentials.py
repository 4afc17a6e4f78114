"""aws-actions/configure-aws-credentials against the sandbox: the job's identity token for a role's short-lived keys."""

from __future__ import annotations

import html
import os
import re

from bot.sandbox.actions.steps.requests import exchange, identity_token
from bot.sandbox.actions.steps.toolkit import fail, hand_on, inputs, mask


def main() -> None:
    """Assume the role and hand its keys to the job's later steps."""
    given = inputs()
    # Asked for as the service's API has it, without its SDK: that alone takes longer to load than all the rest of a step.
    form = {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": given["role-to-assume"],
        "RoleSessionName": given["role-session-name"],
        "WebIdentityToken": identity_token(given["audience"]),
        "DurationSeconds": given["role-duration-seconds"],
    }
    status, answer = exchange(os.environ["AWS_ENDPOINT_URL"], form)
    if status != 200:
        fail(f"Could not assume role with OIDC: {_value(answer, 'Message')}")
    key, secret, token = (_value(answer, name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken"))
    for each in (key, secret, token):
        mask(each)
    role = _value(answer, "Arn")
    account = role.split(":")[4]
    allowed = [word for word in given["allowed-account-ids"].replace(",", " ").split() if word]
    if allowed and account not in allowed:
        fail(f"The account {account} is not one of {', '.join(allowed)}.")
    hand_on(
        "GITHUB_ENV",
        {
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_SESSION_TOKEN": token,
            "AWS_REGION": given["aws-region"],
            "AWS_DEFAULT_REGION": given["aws-region"],
        },
    )
    print(f"Assumed {role}")


def _value(answer: str, name: str) -> str:
    """Return the text of an element of the answer."""
    found = re.search(f"<{name}>(.*?)</{name}>", answer, re.DOTALL)
    return html.unescape(found[1]).strip() if found else ""


if __name__ == "__main__":
    main()
