"""`aws.secret`: give a secret its first value, of a declared shape, and never copy a value from anywhere."""

import json
import secrets
import string
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from botocore.exceptions import ClientError
from pydantic import Field, model_validator

from bot.errors import InvalidInput
from bot.hooks.aws import Aws, code_of, speaking
from bot.hooks.kind import Applied, Check, Context, HookFailed, Kind, Model, VerifyFailed
from bot.names import ParameterName, shown
from bot.pipeline import Json

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient

_CURRENT = "AWSCURRENT"
_ALPHABETS = {
    "letters-digits": string.ascii_letters + string.digits,
    "digits": string.digits,
    "hex": "0123456789abcdef",
    # Without what databases, URLs and shells give a meaning to.
    "printable": string.ascii_letters + string.digits + "!#%*+,-.:=?^_~",
}
_NAMES = uuid.UUID("8f0d6a51-93ab-5c6e-9d0a-0c6a7a3f3b52")


class SecretField(Model):
    """One text: either generated or a given test value, which is no secret (it stands in the repository)."""

    generate: Annotated[int | None, Field(ge=8, le=4096, description="How many characters to generate.")] = None
    alphabet: Literal["letters-digits", "digits", "hex", "printable"] = "letters-digits"
    value: Annotated[str | None, Field(description="A value for tests, as it is.")] = None

    @model_validator(mode="after")
    def _one_origin(self) -> "SecretField":
        if (self.generate is None) == (self.value is None):
            raise InvalidInput("say either `generate: <characters>` or `value: <test value>`")
        return self


class SecretInputs(Model):
    """Which secret, and the shape of its value."""

    secret_id: Annotated[str, Field(min_length=1, max_length=2048, description="The secret's name or ARN.")]
    text: Annotated[SecretField | None, Field(description="The value is one text.")] = None
    fields: dict[str, SecretField] = Field(default_factory=dict, description="The value is a JSON object of these.")

    @model_validator(mode="after")
    def _one_shape(self) -> "SecretInputs":
        if (self.text is None) == (not self.fields):
            raise InvalidInput("say either `text` (one text) or `fields` (a JSON object)")
        return self


class SecretRecord(Model):
    """Which version of which secret was put."""

    account_id: str
    region: str
    secret_arn: str
    version_id: str


class AwsSecret(Kind[SecretInputs, SecretRecord]):
    """Gives a secret that Terraform made its first value: generated characters, or test values from the declaration.

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

    def check(self, inputs: SecretInputs, context: Context) -> Check:
        found = _find(Aws.of(context).secretsmanager(), inputs.secret_id)
        if found is None:
            return Check("unknown", f"the secret {shown(inputs.secret_id)} does not exist yet")
        if found[1] is not None:
            return Check("already_so", f"{shown(inputs.secret_id)} has a value and keeps it")
        return Check("would_change", f"{shown(inputs.secret_id)} gets a value: {_shape(inputs)}")

    def apply(self, inputs: SecretInputs, context: Context) -> Applied[SecretRecord]:
        aws = Aws.of(context)
        aws.assert_account()
        client = aws.secretsmanager()
        arn, version = _existing(client, inputs.secret_id)
        evidence = f"{shown(inputs.secret_id)} had a value and keeps it"
        if version is None:
            version = _put(client, arn, inputs, context)
            evidence = f"put the first value of {shown(inputs.secret_id)}: {_shape(inputs)}"
        outputs: dict[ParameterName, Json] = {
            ParameterName("secret_arn"): arn,
            ParameterName("version_id"): version,
        }
        # Only a version that we put is ours to speak of, also when a run before this one put it and died.
        ours = version == _version_of(arn, context.owner)
        record = SecretRecord(account_id=aws.account_id, region=aws.region, secret_arn=arn, version_id=version)
        return Applied(outputs, evidence, record if ours else None)

    def verify(self, inputs: SecretInputs, context: Context) -> str:
        client = Aws.of(context).secretsmanager()
        arn, version = _existing(client, inputs.secret_id)
        if version is None:
            raise VerifyFailed(f"{shown(inputs.secret_id)} has no value")
        with speaking(f"the reading of {shown(inputs.secret_id)}, to verify its shape"):
            value = client.get_secret_value(SecretId=arn).get("SecretString", "")
        context.keep_secret(_parsed(value))
        if inputs.fields:
            parsed = _parsed(value)
            missing = inputs.fields.keys() - (parsed.keys() if isinstance(parsed, dict) else set())
            if missing:
                raise VerifyFailed(f"the value of {shown(inputs.secret_id)} lacks {', '.join(sorted(missing))}")
        elif not value:
            raise VerifyFailed(f"the value of {shown(inputs.secret_id)} is empty")
        return f"{shown(inputs.secret_id)} has a current version of the declared shape"

    def undo(self, record: SecretRecord, context: Context) -> str:
        return f"the value of {record.secret_arn} goes when its stack destroys the secret"


def _find(client: "SecretsManagerClient", secret_id: str) -> tuple[str, str | None] | None:
    """Return the secret's ARN and the id of its current version, if it has one; None when there is no secret."""
    try:
        with speaking(f"the description of {shown(secret_id)}"):
            found = client.describe_secret(SecretId=secret_id)
    except HookFailed as failure:
        if isinstance(failure.__cause__, ClientError) and code_of(failure.__cause__) == "ResourceNotFoundException":
            return None
        raise
    versions = found.get("VersionIdsToStages", {})
    return found["ARN"], next((version for version, stages in versions.items() if _CURRENT in stages), None)


def _existing(client: "SecretsManagerClient", secret_id: str) -> tuple[str, str | None]:
    found = _find(client, secret_id)
    if found is None:
        raise HookFailed(f"The secret {shown(secret_id)} does not exist: a stack has to make it first.", is_final=True)
    return found


def _put(client: "SecretsManagerClient", arn: str, inputs: SecretInputs, context: Context) -> str:
    value = _value(inputs, context)
    version = _version_of(arn, context.owner)
    try:
        with speaking("the first value of a secret"):
            client.put_secret_value(SecretId=arn, SecretString=value, ClientRequestToken=version)
    except HookFailed as failure:
        # The token makes this idempotent: it exists when a run before this one put it and died.
        if not isinstance(failure.__cause__, ClientError) or code_of(failure.__cause__) != "ResourceExistsException":
            raise
    return version


def _version_of(arn: str, owner: str) -> str:
    """Return the id of the version that this step puts; an ARN ends in random characters, so it is another secret's no more."""
    return str(uuid.uuid5(_NAMES, f"{owner} {arn}"))


def _value(inputs: SecretInputs, context: Context) -> str:
    if inputs.text is not None:
        return _text(inputs.text, context)
    return json.dumps({name: _text(field, context) for name, field in inputs.fields.items()})


def _text(field: SecretField, context: Context) -> str:
    if field.value is not None:
        return field.value
    alphabet = _ALPHABETS[field.alphabet]
    generated = "".join(secrets.choice(alphabet) for _ in range(field.generate or 0))
    context.keep_secret(generated)
    return generated


def _parsed(value: str) -> Json:
    try:
        parsed: Json = json.loads(value)
    except ValueError:
        return value
    return parsed


def _shape(inputs: SecretInputs) -> str:
    if inputs.text is not None:
        return _field_shape(inputs.text)
    return ", ".join(f"{shown(name)} {_field_shape(field)}" for name, field in inputs.fields.items())


def _field_shape(field: SecretField) -> str:
    return f"{field.generate} generated characters" if field.generate else "a given test value"
