"""An AWS account as an organisation prepares it before environments come to live in it."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.errors import UserError
from bot.model.policy import PATH as POLICY
from bot.sandbox.aws.session import Admin

AUDIENCE = "sts.amazonaws.com"
SESSION_SECONDS = 3 * 60 * 60
"""How long a job may keep a role: an apply that creates databases takes its time."""


@dataclass(frozen=True, slots=True)
class SandboxAccount:
    """What a new account holds: a state bucket, a parent zone, the roles that Actions assume, and the tables that backends lock state in.

    `zones` and `roles` are what code looks up besides, by name.

    `domain` is the public parent zone. `issuer` is the URL of the issuer of workflow tokens. `plan_subjects` and
    `apply_subjects` are the tokens' subjects that may assume `envclone-plan` and `envclone-apply`, with `*` and `?`.
    """

    id: str
    region: str
    state_bucket: str
    domain: str
    issuer: str
    plan_subjects: tuple[str, ...]
    apply_subjects: tuple[str, ...]
    lock_tables: frozenset[str] = field(default=frozenset(), kw_only=True)
    zones: frozenset[str] = field(default=frozenset(), kw_only=True)
    roles: frozenset[str] = field(default=frozenset(), kw_only=True)


def check_buckets(named: Mapping[str, str]) -> None:
    """Refuse a state bucket that two accounts name (`named`, by account): it can be in one of them alone. Raises `UserError`."""
    holders: dict[str, str] = {}
    for name, bucket in named.items():
        other = holders.setdefault(bucket or name, name)
        if other != name:
            raise UserError(
                f"The sandbox can't make account `{name}`: its state bucket `{bucket}` is that of `{other}`, and a bucket belongs to "
                f"one account. Give each its own `state_bucket` in {POLICY}."
            )


def seed(endpoint: str, account: SandboxAccount) -> None:
    """Prepare the account; what is there already stays as it is."""
    admin = Admin(endpoint, account.id, account.region)
    _state_bucket(admin, account.state_bucket)
    for name in account.lock_tables:
        _lock_table(admin, name)
    for domain in sorted({account.domain, *(name.rstrip(".") for name in account.zones)}):
        _parent_zone(admin, domain)
    provider = _identity_provider(admin, account.issuer)
    for name, subjects in (("envclone-plan", account.plan_subjects), ("envclone-apply", account.apply_subjects)):
        _role(admin, name, _trust(account, provider, subjects))
    own = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{account.id}:root"}}
    for name in sorted(account.roles):
        _role(admin, name, {"Version": "2012-10-17", "Statement": [own]})


def _state_bucket(admin: Admin, name: str) -> None:
    s3 = admin.client("s3")
    if name in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}:
        return
    place = {} if admin.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": admin.region}}
    s3.create_bucket(Bucket=name, **place)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [rule]})
    blocks = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(blocks, True))


def _lock_table(admin: Admin, name: str) -> None:
    dynamodb, key = admin.client("dynamodb"), "LockID"  # Terraform's name for it
    if name not in dynamodb.list_tables()["TableNames"]:
        dynamodb.create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        )


def _parent_zone(admin: Admin, domain: str) -> None:
    route53 = admin.client("route53")
    if f"{domain}." not in {zone["Name"] for zone in route53.list_hosted_zones()["HostedZones"]}:
        route53.create_hosted_zone(Name=domain, CallerReference=uuid.uuid4().hex)


def _identity_provider(admin: Admin, issuer: str) -> str:
    iam = admin.client("iam")
    arn = f"arn:aws:iam::{admin.account_id}:oidc-provider/{issuer.partition('://')[2]}"
    if arn not in {each["Arn"] for each in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]}:
        iam.create_open_id_connect_provider(Url=issuer, ClientIDList=[AUDIENCE])
    return arn


def _trust(account: SandboxAccount, provider: str, subjects: tuple[str, ...]) -> dict[str, Any]:
    issuer = account.issuer.partition("://")[2]
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": provider},
        "Condition": {
            "StringEquals": {f"{issuer}:aud": AUDIENCE},
            "StringLike": {f"{issuer}:sub": list(subjects)},
        },
    }
    return {"Version": "2012-10-17", "Statement": [statement]}


def _role(admin: Admin, name: str, trust: dict[str, Any]) -> None:
    iam = admin.client("iam")
    if name not in {role["RoleName"] for role in iam.list_roles()["Roles"]}:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), MaxSessionDuration=SESSION_SECONDS)
