"""A role's trust is read from its policy in all the ways in which AWS lets it be written."""

import json
from typing import Any

import boto3
import pytest

from bot.clients.role_trust import ANYBODY, ISSUER, is_role, trusted_subjects
from bot.errors import Unverifiable
from tests.support.cloud import ACCOUNT, REGION, cloud

PROVIDER = f"arn:aws:iam::{ACCOUNT}:oidc-provider"
GITHUB = {"Federated": f"{PROVIDER}/{ISSUER}"}
OWN = "github.acme.example/_services/token"
ONE, OTHER = "repo:a/b:environment:envclone-plan", "repo:a@1/b@2:environment:envclone-plan"


def allowed(condition: object, **others: object) -> dict[str, Any]:
    action = "sts:AssumeRoleWithWebIdentity"
    return {"Effect": "Allow", "Action": action, "Principal": GITHUB, "Condition": condition, **others}


def test_subjects_are_read_from_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    cases: list[tuple[object, list[str]]] = [
        (allowed({"StringEquals": {f"{ISSUER}:sub": ONE}}), [ONE]),
        ([allowed({"StringLike": {f"{ISSUER}:SUB": [ONE, OTHER]}}, Action=["sts:*"])], [ONE, OTHER]),
        (allowed({"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"}}), [ANYBODY]),
        (allowed({"StringEquals": {f"{OWN}:sub": ONE}}, Principal={"Federated": f"{PROVIDER}/{OWN}"}), [ONE]),
        (allowed({"StringEquals": {f"{ISSUER}:sub": ONE}}, Principal={"Federated": f"{PROVIDER}/{OWN}"}), [ANYBODY]),
        (allowed({}, Principal={"Federated": f"{PROVIDER}/gitlab.acme.example"}), []),
        (allowed({"StringEqualsIfExists": {f"{ISSUER}:sub": ONE}}), [ANYBODY]),
        (allowed({"StringEquals": {f"{ISSUER}:sub": ONE}}, Effect="Deny"), []),
        (allowed({}, Action="sts:AssumeRole", Principal={"AWS": f"arn:aws:iam::{ACCOUNT}:root"}), []),
    ]
    with cloud() as aws:
        for name, value in aws.items():
            monkeypatch.setenv(name, value)
        iam = boto3.client("iam")
        for number, (statement, expected) in enumerate(cases):
            policy = json.dumps({"Version": "2012-10-17", "Statement": statement})
            role = iam.create_role(RoleName=f"r{number}", Path="/ci/", AssumeRolePolicyDocument=policy)["Role"]
            assert trusted_subjects(role["Arn"], REGION) == expected
        with pytest.raises(Unverifiable, match="another account"):
            trusted_subjects("arn:aws:iam::999999999999:role/ci/r0", REGION)
        with pytest.raises(Unverifiable, match="not found"):
            trusted_subjects(f"arn:aws:iam::{ACCOUNT}:role/missing", REGION)


def test_only_a_role_s_arn_is_one() -> None:
    assert is_role(f"arn:aws-us-gov:iam::{ACCOUNT}:role/a/b")
    assert not is_role("envclone-plan@acme-demo.iam.gserviceaccount.com")
