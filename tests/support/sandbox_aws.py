"""The sandbox's AWS with production's and the clones' accounts, and clients of it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.config import Config

from bot.clients.aws_session import session
from bot.sandbox.aws import SandboxAccount, SandboxAws

REGION = "eu-central-1"
PRODUCTION, CLONES = "111111111111", "222222222222"
PLAN = "repo:acme/shop:environment:envclone-plan"
APPLY = "repo:acme/shop:environment:envclone-apply"
PLACES = {
    PRODUCTION: ("acme-production-tfstate", "acme.example"),
    CLONES: ("acme-clones-tfstate", "clones.acme.example"),
}


def account(account_id: str, issuer: str) -> SandboxAccount:
    """Return what the account `account_id` holds before environments come."""
    bucket, domain = PLACES[account_id]
    return SandboxAccount(
        id=account_id,
        region=REGION,
        state_bucket=bucket,
        domain=domain,
        issuer=issuer,
        plan_subjects=(PLAN, "repo:acme@*/shop@*:environment:envclone-plan"),
        apply_subjects=(APPLY, "repo:acme@*/shop@*:environment:envclone-apply"),
    )


@contextmanager
def sandbox_aws(root: Path, issuer: str = "http://127.0.0.1:9") -> Iterator[SandboxAws]:
    """Yield a running AWS with both accounts; the default issuer publishes nothing."""
    aws = SandboxAws(root)
    with aws.running():
        for account_id in PLACES:
            aws.create_account(account(account_id, issuer))
        yield aws


def client(environment: Mapping[str, str], service: str) -> Any:
    """Return a client with exactly these credentials, which tries once."""
    make: Any = session(environment["AWS_REGION"]).client
    once = Config(retries={"total_max_attempts": 1}, proxies={})
    return make(
        service,
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment.get("AWS_SESSION_TOKEN"),
        config=once,
    )


def assume(aws: SandboxAws, token: str, role: str = f"arn:aws:iam::{CLONES}:role/envclone-apply") -> dict[str, str]:
    """Return the environment variables of a job that took `role` with a token, as a workflow does."""
    sts = client(aws.environment(), "sts")
    answer = sts.assume_role_with_web_identity(RoleArn=role, RoleSessionName="job", WebIdentityToken=token)
    return aws.environment() | {
        "AWS_ACCESS_KEY_ID": answer["Credentials"]["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": answer["Credentials"]["SecretAccessKey"],
        "AWS_SESSION_TOKEN": answer["Credentials"]["SessionToken"],
    }
