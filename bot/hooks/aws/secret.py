"""`aws.secret`: give a secret its first value, of a declared shape or of another secret's, and never copy a value from anywhere."""

import uuid
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field, model_validator

from bot.errors import InvalidInput
from bot.hooks.aws.secret_shape import SecretField, Shape, UnreadableShape, copied, field_names, parsed_value
from bot.hooks.aws.session import Aws, AwsRecord, code_of, speaking, unless
from bot.hooks.kind import AppliedHook, HookCheck, HookContext, HookFailed, HookKind, HookModel, VerifyFailed
from bot.model.pipeline import Json
from bot.names import ParameterName, shown

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_CURRENT = "AWSCURRENT"
_NAMES = uuid.UUID("8f0d6a51-93ab-5c6e-9d0a-0c6a7a3f3b52")


class SecretInputs(HookModel):
    """Which secret, and the shape of its value."""

    secret_id: Annotated[str, Field(min_length=1, max_length=2048, description="The secret's name or ARN.")]
    text: Annotated[SecretField | None, Field(description="The value is one text.")] = None
    fields: dict[str, SecretField] = Field(default_factory=dict, description="The value is a JSON object of these.")
    shape_of: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=2048,
            description="Another secret, by name or ARN: its field names are copied, its values never.",
        ),
    ] = None
    otherwise: Annotated[
        SecretField | None, Field(description="The value of the fields of `shape_of` that are not in `fields`.")
    ] = None

    @model_validator(mode="after")
    def _one_shape(self) -> "SecretInputs":
        if self.text is not None and self.fields:
            raise InvalidInput("say either `text` (one text) or `fields` (a JSON object)")
        if self.shape_of is None and self.otherwise is not None:
            raise InvalidInput("`otherwise` is for the fields of `shape_of`, which is missing")
        if self.text is None and not self.fields and self.otherwise is None:
            raise InvalidInput(
                "say either `text` (one text) or `fields` (a JSON object), or `otherwise` with `shape_of`"
            )
        return self

    @property
    def declared(self) -> Shape:
        return Shape(self.fields, self.text)


class SecretRecord(AwsRecord):
    """Which version of which secret was put."""

    secret_arn: str
    version_id: str


class AwsSecret(HookKind[SecretInputs, SecretRecord]):
    """Gives a secret that Terraform made its first value: generated characters, or test values from the declaration.

    With `shape_of` the value has the fields that another secret has, so that what works with production's works here.
    Only the names are copied: each field is generated, or gets the test value that is declared for it, and a field for
    which nothing is declared is an error. Who applies needs `secretsmanager:GetSecretValue` on that secret, which must be
    in the same region; where it can't be read, the declared fields alone are used, and the evidence says so. Plans don't
    read it.

    A secret that has a value keeps it, so running again rotates nothing. Undo leaves the value where it is: AWS has no way
    to take back a current version, and the value goes with its secret, which its own stack destroys.
    """

    name = "aws.secret"
    inputs = SecretInputs
    record = SecretRecord
    outputs: ClassVar[Mapping[ParameterName, str]] = {
        ParameterName("secret_arn"): "The secret's ARN.",
        ParameterName("version_id"): "The id of the current version; never its value.",
    }

    def check(self, inputs: SecretInputs, context: HookContext) -> HookCheck:
        found = _find(Aws.of(context).secretsmanager(), inputs.secret_id)
        if found is None:
            return HookCheck("unknown", f"the secret {shown(inputs.secret_id)} does not exist yet")
        if found[1] is not None:
            return HookCheck("already_so", f"{shown(inputs.secret_id)} has a value and keeps it")
        like = f"the fields of {shown(inputs.shape_of)}" if inputs.shape_of else ""
        shape = " and ".join(part for part in (str(inputs.declared), like) if part)
        return HookCheck("would_change", f"{shown(inputs.secret_id)} gets a value: {shape}")

    def apply(self, inputs: SecretInputs, context: HookContext) -> AppliedHook[SecretRecord]:
        aws = Aws.to_change(context)
        client = aws.secretsmanager()
        arn, version = _existing(client, inputs.secret_id)
        evidence = f"{shown(inputs.secret_id)} had a value and keeps it"
        if version is None:
            shape, note = _shape(client, inputs)
            version = _put(client, arn, shape, context)
            evidence = f"put the first value of {shown(inputs.secret_id)}: {shape}{note}"
        outputs: dict[ParameterName, Json] = {
            ParameterName("secret_arn"): arn,
            ParameterName("version_id"): version,
        }
        # Only a version that we put is ours to speak of, also when a run before this one put it and died.
        ours = version == _version_of(arn, context.owner)
        record = SecretRecord(account_id=aws.account_id, region=aws.region, secret_arn=arn, version_id=version)
        return AppliedHook(outputs, evidence, record if ours else None)

    def verify(self, inputs: SecretInputs, context: HookContext) -> str:
        client = Aws.of(context).secretsmanager()
        arn, version = _existing(client, inputs.secret_id)
        if version is None:
            raise VerifyFailed(f"{shown(inputs.secret_id)} has no value")
        with speaking(f"the reading of {shown(inputs.secret_id)}, to verify its shape"):
            value = client.get_secret_value(SecretId=arn).get("SecretString", "")
        context.keep_secret(parsed_value(value))
        shape, note = _shape(client, inputs)
        if lacking := shape.lacking(value):
            raise VerifyFailed(f"the value of {shown(inputs.secret_id)} lacks {', '.join(lacking)}")
        return f"{shown(inputs.secret_id)} has a current version of the {'copied' if inputs.shape_of else 'declared'} shape{note}"

    def undo(self, record: SecretRecord, context: HookContext) -> str:
        return f"the value of {record.secret_arn} goes when its stack destroys the secret"

    def can_undo(self, given: Collection[ParameterName]) -> bool:
        return False


def _shape(client: "SecretsManagerClient", inputs: SecretInputs) -> tuple[Shape, str]:
    """Return the shape that the value is to have, and what people should know of how it was found."""
    if inputs.shape_of is None:
        return inputs.declared, ""
    try:
        names = field_names(client, inputs.shape_of)
    except UnreadableShape as error:
        if not inputs.fields and inputs.text is None:
            raise HookFailed(
                f"The shape of {shown(inputs.shape_of)} can't be read ({error}): declare its fields in `fields`.",
                is_final=True,
            ) from None
        return inputs.declared, f" (as declared: {shown(inputs.shape_of)} can't be read, {error})"
    return copied(names, inputs.declared, inputs.otherwise), ""


def _find(client: "SecretsManagerClient", secret_id: str) -> tuple[str, str | None] | None:
    """Return the secret's ARN and the id of its current version, if it has one; None when there is no secret."""
    absent = frozenset({"ResourceNotFoundException"})
    found = unless(absent, f"the description of {shown(secret_id)}", lambda: client.describe_secret(SecretId=secret_id))
    if found is None:
        return None
    versions = found.get("VersionIdsToStages", {})
    return found["ARN"], next((version for version, stages in versions.items() if _CURRENT in stages), None)


def _existing(client: "SecretsManagerClient", secret_id: str) -> tuple[str, str | None]:
    found = _find(client, secret_id)
    if found is None:
        raise HookFailed(
            f"The secret {shown(secret_id)} does not exist: a stack has to create it first.", is_final=True
        )
    return found


def _put(client: "SecretsManagerClient", arn: str, shape: Shape, context: HookContext) -> str:
    value = shape.value(context.keep_secret)
    version = _version_of(arn, context.owner)
    try:
        with speaking("the first value of a secret"):
            client.put_secret_value(SecretId=arn, SecretString=value, ClientRequestToken=version)
    except HookFailed as failure:
        # The token makes this idempotent: it exists when a run before this one put it and died.
        if code_of(failure) != "ResourceExistsException":
            raise
    return version


def _version_of(arn: str, owner: str) -> str:
    """Return the id of the version that this step puts; an ARN ends in random characters, so it is another secret's no more."""
    return str(uuid.uuid5(_NAMES, f"{owner} {arn}"))
