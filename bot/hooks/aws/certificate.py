"""`aws.certificate`: wait until a certificate is issued."""

from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from bot.hooks.aws.session import Aws, awaited, speaking
from bot.hooks.kind import AppliedHook, HookCheck, HookContext, HookFailed, HookKind, HookModel, VerifyFailed
from bot.model.duration import Duration
from bot.model.duration import parse as _duration
from bot.model.pipeline import Json
from bot.names import ParameterName, shown

if TYPE_CHECKING:
    from mypy_boto3_acm.type_defs import CertificateDetailTypeDef

_WAITING = "PENDING_VALIDATION"
_ISSUED = "ISSUED"


class CertificateInputs(HookModel):
    """Which certificate."""

    certificate_arn: Annotated[
        str,
        Field(
            pattern=r"^arn:aws[a-z-]*:acm:[a-z0-9-]+:[0-9]{12}:certificate/[0-9a-f-]+$",
            description="Its own region is searched, even if the environment's is another (CloudFront's is us-east-1).",
        ),
    ]
    interval: Annotated[Duration, Field(description="Between two looks.")] = _duration("10s")


class CertificateRecord(HookModel):
    """Nothing: waiting has nothing to undo."""


class AwsCertificate(HookKind[CertificateInputs, CertificateRecord]):
    """Waits until Certificate Manager has issued a certificate, for as long as the step's `timeout` allows.

    A certificate that can't be issued any more ends the wait at once, with AWS's reason. The log names the validation
    records that are still looked for. There is nothing to undo: the certificate is its stack's.
    """

    name = "aws.certificate"
    inputs = CertificateInputs
    record = CertificateRecord
    outputs: ClassVar[Mapping[ParameterName, str]] = {
        ParameterName("certificate_arn"): "The certificate, issued: whoever takes this output waits for it.",
        ParameterName("domain"): "The name that it is for.",
        ParameterName("expires_at"): "When it expires, in ISO 8601.",
    }

    def check(self, inputs: CertificateInputs, context: HookContext) -> HookCheck:
        found = _certificate(inputs, context)
        status = found.get("Status", "unknown")
        if status == _ISSUED:
            return HookCheck("already_so", f"the certificate of {found['DomainName']} is issued")
        return HookCheck("would_change", f"the certificate of {found['DomainName']} is {status}")

    def apply(self, inputs: CertificateInputs, context: HookContext) -> AppliedHook[CertificateRecord]:
        Aws.to_change(context)
        told: list[str] = []

        def issued() -> "CertificateDetailTypeDef | None":
            found = _certificate(inputs, context)
            status = found.get("Status", "unknown")
            if status not in {_ISSUED, _WAITING}:
                reason = found.get("FailureReason")
                raise HookFailed(
                    f"The certificate of {found['DomainName']} is {status}{f' ({reason})' if reason else ''}: it will not be issued.",
                    is_final=True,
                )
            if status == _WAITING and (wanted := _wanted(found)) != told:
                told[:] = wanted
                context.log(f"waiting for {', '.join(wanted) or 'the validation'}")
            return found if status == _ISSUED else None

        what = f"the certificate {shown(inputs.certificate_arn)} to be issued"
        found = awaited(what, issued, context, max(inputs.interval, timedelta(seconds=1)))
        outputs: dict[ParameterName, Json] = {
            ParameterName("certificate_arn"): inputs.certificate_arn,
            ParameterName("domain"): found["DomainName"],
            ParameterName("expires_at"): found["NotAfter"].isoformat(),
        }
        return AppliedHook(outputs, f"the certificate of {found['DomainName']} is issued")

    def verify(self, inputs: CertificateInputs, context: HookContext) -> str:
        found = _certificate(inputs, context)
        if found.get("Status") != _ISSUED:
            raise VerifyFailed(f"the certificate of {found['DomainName']} is {found.get('Status')}")
        return f"the certificate of {found['DomainName']} is valid until {found['NotAfter']:%Y-%m-%d}"

    def undo(self, record: CertificateRecord, context: HookContext) -> str:
        return "waiting has nothing to undo"

    def can_undo(self, given: Collection[ParameterName]) -> bool:
        return False


def _certificate(inputs: CertificateInputs, context: HookContext) -> "CertificateDetailTypeDef":
    region = inputs.certificate_arn.split(":")[3]
    with speaking("the description of the certificate"):
        return Aws.of(context).acm(region).describe_certificate(CertificateArn=inputs.certificate_arn)["Certificate"]


def _wanted(found: "CertificateDetailTypeDef") -> list[str]:
    """Return the records that would prove the domains, in words."""
    options = [
        option for option in found.get("DomainValidationOptions", ()) if option.get("ValidationStatus") != "SUCCESS"
    ]
    records = [option["ResourceRecord"] for option in options if "ResourceRecord" in option]
    return sorted({f"{record['Name']} {record['Type']} {record['Value']}" for record in records})
