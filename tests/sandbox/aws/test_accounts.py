"""The sandbox's accounts are separate, and their roles admit those whom they trust."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from bot.errors import UserError
from bot.sandbox.aws import SandboxAws
from bot.sandbox.aws.accounts import check_buckets
from tests import ROOT
from tests.support.issuer import Issuer
from tests.support.patience import PATIENCE
from tests.support.sandbox_aws import APPLY, CLONES, PLAN, PRODUCTION, account, assume, client, sandbox_aws


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with Issuer().running() as issuer:
        yield issuer


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory, issuer: Issuer) -> Iterator[SandboxAws]:
    with sandbox_aws(tmp_path_factory.mktemp("aws"), issuer.url) as aws:
        yield aws


def code(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_an_account_has_a_state_bucket_that_is_versioned_encrypted_and_private(aws: SandboxAws) -> None:
    s3 = client(aws.account_environment(CLONES), "s3")
    bucket = {"Bucket": "acme-clones-tfstate"}
    assert s3.get_bucket_versioning(**bucket)["Status"] == "Enabled"
    rules = s3.get_bucket_encryption(**bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    assert rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert all(s3.get_public_access_block(**bucket)["PublicAccessBlockConfiguration"].values())


def test_two_accounts_that_name_one_state_bucket_are_refused_with_what_to_write() -> None:
    check_buckets({"production": "acme-a", "clones": "acme-b", "elsewhere": "", "there": ""})
    with pytest.raises(UserError, match="account `clones`: its state bucket `acme-a` is that of `production`"):
        check_buckets({"production": "acme-a", "clones": "acme-a"})


def test_making_an_account_again_changes_nothing(aws: SandboxAws, issuer: Issuer) -> None:
    for _ in range(2):
        aws.create_account(
            replace(
                account(CLONES, issuer.url),
                lock_tables=frozenset({"acme-locks"}),
                zones=frozenset({"acme.example."}),
                roles=frozenset({"acme-reader"}),
            )
        )
    table = client(aws.account_environment(CLONES), "dynamodb").describe_table(TableName="acme-locks")["Table"]
    assert table["KeySchema"] == [{"AttributeName": "LockID", "KeyType": "HASH"}]
    route53 = client(aws.account_environment(CLONES), "route53")
    assert {zone["Name"] for zone in route53.list_hosted_zones()["HostedZones"]} == {
        "acme.example.",
        "clones.acme.example.",
    }
    assert client(aws.account_environment(CLONES), "iam").get_role(RoleName="acme-reader")["Role"]["MaxSessionDuration"]


def test_accounts_do_not_see_one_anothers_resources(aws: SandboxAws) -> None:
    client(aws.account_environment(PRODUCTION), "ssm").put_parameter(Name="/secret", Value="x", Type="String")
    with pytest.raises(ClientError) as error:
        client(aws.account_environment(CLONES), "ssm").get_parameter(Name="/secret")
    assert code(error) == "ParameterNotFound"


def test_a_bucket_of_another_account_is_denied(aws: SandboxAws) -> None:
    with pytest.raises(ClientError) as error:
        client(aws.account_environment(CLONES), "s3").list_objects_v2(Bucket="acme-production-tfstate")
    assert code(error) in {"AccessDenied", "403"}


def test_the_bootstrap_identity_lives_in_no_environments_account(aws: SandboxAws) -> None:
    assert client(aws.environment(), "sts").get_caller_identity()["Account"] not in {PRODUCTION, CLONES}


@pytest.mark.parametrize("service", ["sts", "ssm"])
def test_keys_that_nobody_issued_are_refused(aws: SandboxAws, service: str) -> None:
    stranger = client(aws.environment() | {"AWS_ACCESS_KEY_ID": "AKIAFORGOTTEN"}, service)
    with pytest.raises(ClientError) as error:
        stranger.get_caller_identity() if service == "sts" else stranger.describe_parameters()
    assert code(error) in {"InvalidClientTokenId", "UnrecognizedClientException"}


@pytest.mark.parametrize("subject", [APPLY, "repo:acme@17/shop@42:environment:envclone-apply"])
def test_a_job_assumes_the_role_that_trusts_it_in_that_account(aws: SandboxAws, issuer: Issuer, subject: str) -> None:
    identity = client(assume(aws, issuer.token(subject)), "sts").get_caller_identity()
    assert identity["Account"] == CLONES
    assert identity["Arn"] == f"arn:aws:sts::{CLONES}:assumed-role/envclone-apply/job"


@pytest.mark.parametrize(
    "subject",
    [
        PLAN,
        "repo:acme/shop:pull_request",
        "repo:evil/shop:environment:envclone-apply",
        f"{APPLY}-not",
        "",
    ],
)
def test_a_job_whose_subject_the_role_does_not_trust_is_denied(aws: SandboxAws, issuer: Issuer, subject: str) -> None:
    with pytest.raises(ClientError) as error:
        assume(aws, issuer.token(subject))
    assert code(error) == "AccessDenied"


def test_a_token_for_another_audience_is_denied(aws: SandboxAws, issuer: Issuer) -> None:
    with pytest.raises(ClientError) as error:
        assume(aws, issuer.token(APPLY, audience="api.example.com"))
    assert code(error) == "AccessDenied"


def test_a_token_that_has_run_out_is_refused(aws: SandboxAws, issuer: Issuer) -> None:
    with pytest.raises(ClientError) as error:
        assume(aws, issuer.token(APPLY, lifetime=-60))
    assert code(error) == "ExpiredTokenException"


def test_a_token_signed_by_another_key_is_refused(aws: SandboxAws, issuer: Issuer) -> None:
    with pytest.raises(ClientError) as error:
        assume(aws, Issuer(issuer.url).token(APPLY))
    assert code(error) == "InvalidIdentityToken"


def test_an_issuer_beyond_loopback_is_never_asked(aws: SandboxAws) -> None:
    with pytest.raises(ClientError) as error:
        assume(aws, Issuer("https://token.actions.githubusercontent.com").token(APPLY))
    assert code(error) == "InvalidIdentityToken"


def test_text_that_is_no_token_is_refused(aws: SandboxAws) -> None:
    with pytest.raises(ClientError) as error:
        assume(aws, "not-a-token")
    assert code(error) == "InvalidIdentityToken"


def test_a_role_that_does_not_exist_is_denied(aws: SandboxAws, issuer: Issuer) -> None:
    with pytest.raises(ClientError) as error:
        assume(aws, issuer.token(APPLY), role=f"arn:aws:iam::{CLONES}:role/envclone-aply")
    assert code(error) == "AccessDenied"
    with pytest.raises(ClientError) as error:
        client(aws.environment(), "sts").assume_role(
            RoleArn="arn:aws:iam::333333333333:role/any", RoleSessionName="job"
        )
    assert code(error) == "AccessDenied"


def test_a_role_that_trusts_jobs_alone_is_not_assumed_with_keys(aws: SandboxAws) -> None:
    with pytest.raises(ClientError) as error:
        client(aws.environment(), "sts").assume_role(
            RoleArn=f"arn:aws:iam::{CLONES}:role/envclone-apply", RoleSessionName="job"
        )
    assert code(error) == "AccessDenied"


@pytest.mark.slow
def test_a_call_that_moto_does_not_know_is_answered_so_that_nobody_retries_it(aws: SandboxAws) -> None:
    with pytest.raises(ClientError) as error:
        client(aws.account_environment(CLONES), "ssm").list_nodes()
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


@pytest.mark.whole
def test_the_endpoint_ends_with_whoever_started_it() -> None:
    argv = [sys.executable, "-m", "bot.sandbox.aws.server"]
    server = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)
    assert server.stdin is not None
    assert server.stdout is not None
    assert server.stdout.readline().strip().isdigit()
    server.stdin.close()
    assert server.wait(timeout=PATIENCE) == 0
    server.stdout.close()
