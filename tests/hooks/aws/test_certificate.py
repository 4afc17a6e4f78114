"""`aws.certificate` against moto, which issues what it is asked for after a while."""

from dataclasses import replace

import boto3
import pytest
from moto import settings
from moto.acm.models import acm_backends

from bot.hooks.aws.certificate import AwsCertificate, CertificateInputs
from bot.hooks.kind import HookFailed, OutOfTime, VerifyFailed
from bot.names import ParameterName
from tests.hooks.conftest import Surroundings
from tests.support.cloud import ACCOUNT

KIND = AwsCertificate()
ELSEWHERE = "us-east-1"


@pytest.fixture
def certificate(aws: None, monkeypatch: pytest.MonkeyPatch) -> CertificateInputs:
    """A certificate of CloudFront's region, in validation for good unless a test says otherwise."""
    monkeypatch.setattr(settings, "ACM_VALIDATION_WAIT", 10_000)
    client = boto3.client("acm", ELSEWHERE)
    arn = client.request_certificate(DomainName="shop.example", ValidationMethod="DNS")["CertificateArn"]
    return CertificateInputs.model_validate({"certificate_arn": arn, "interval": "1s"})


@pytest.mark.sample
def test_it_waits_until_the_certificate_is_issued(
    around: Surroundings, certificate: CertificateInputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert KIND.check(certificate, around.context()).text == "the certificate of shop.example is PENDING_VALIDATION"
    with pytest.raises(VerifyFailed):
        KIND.verify(certificate, around.context())
    lines: list[str] = []

    def issued_once_it_waits(line: str) -> None:
        lines.append(line)
        monkeypatch.setattr(settings, "ACM_VALIDATION_WAIT", 0)

    for _ in range(2):
        applied = KIND.apply(certificate, replace(around.context(), log=issued_once_it_waits))
        assert applied.outputs[ParameterName("certificate_arn")] == certificate.certificate_arn
        assert applied.evidence == "the certificate of shop.example is issued"
        assert applied.undo is None
    assert "CNAME" in lines[0]
    assert KIND.check(certificate, around.context()).result == "already_so"
    assert "is valid until" in KIND.verify(certificate, around.context())


def test_the_wait_ends_with_the_steps_time(around: Surroundings, certificate: CertificateInputs) -> None:
    with pytest.raises(OutOfTime, match="The time ran out while waiting for the certificate"):
        KIND.apply(certificate, around.context(seconds=0.5))


def test_a_certificate_that_will_never_be_issued_ends_the_wait_at_once(
    around: Surroundings, certificate: CertificateInputs
) -> None:
    acm_backends[ACCOUNT][ELSEWHERE]._certificates[certificate.certificate_arn].status = "FAILED"
    with pytest.raises(HookFailed, match="is FAILED: it will not be issued") as failure:
        KIND.apply(certificate, around.context())
    assert failure.value.is_final


def test_a_certificate_that_is_not_there_is_a_failure(around: Surroundings, certificate: CertificateInputs) -> None:
    absent = CertificateInputs(certificate_arn=certificate.certificate_arn[:-4] + "0000")
    with pytest.raises(HookFailed, match="ResourceNotFoundException"):
        KIND.apply(absent, around.context())
