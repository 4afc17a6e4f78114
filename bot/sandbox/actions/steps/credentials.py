"""aws-actions/configure-aws-credentials against the sandbox: the job's identity token for a role's short-lived keys."""

from __future__ import annotations

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from bot.sandbox.actions.steps.toolkit import fail, hand_on, identity_token, inputs, mask


def main() -> None:
    """Assume the role and hand its keys to the job's later steps."""
    given = inputs()
    token = identity_token(given["audience"])
    sts = boto3.client("sts", region_name=given["aws-region"], config=Config(signature_version=UNSIGNED))
    try:
        answer = sts.assume_role_with_web_identity(
            RoleArn=given["role-to-assume"],
            RoleSessionName=given["role-session-name"],
            WebIdentityToken=token,
            DurationSeconds=int(given["role-duration-seconds"]),
        )
    except ClientError as error:
        fail(f"Could not assume role with OIDC: {error.response['Error']['Message']}")
    keys = answer["Credentials"]
    for secret in (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]):
        mask(secret)
    account = answer["AssumedRoleUser"]["Arn"].split(":")[4]
    allowed = [word for word in given["allowed-account-ids"].replace(",", " ").split() if word]
    if allowed and account not in allowed:
        fail(f"The account {account} is not one of {', '.join(allowed)}.")
    hand_on(
        "GITHUB_ENV",
        {
            "AWS_ACCESS_KEY_ID": keys["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": keys["SecretAccessKey"],
            "AWS_SESSION_TOKEN": keys["SessionToken"],
            "AWS_REGION": given["aws-region"],
            "AWS_DEFAULT_REGION": given["aws-region"],
        },
    )
    print(f"Assumed {answer['AssumedRoleUser']['Arn']}")


if __name__ == "__main__":
    main()
