"""`aws.parameter`: parameters below a path of Systems Manager's parameter store."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, ClassVar

from botocore.exceptions import ClientError
from pydantic import Field

from bot.hooks.aws import Aws, code_of, speaking
from bot.hooks.kind import Applied, Check, Context, HookFailed, Kind, Model, VerifyFailed
from bot.names import ParameterName, shown
from bot.pipeline import Json

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

_OWNER_TAG = "envclone:step"
_MOST_AT_ONCE = 10
"""Names in one call (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html)."""

_ParameterKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$", max_length=500)]


class ParameterInputs(Model):
    """Where the parameters lie, and their values."""

    path: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9_.-]+)+$", max_length=500, description="Starts with `/`.")]
    values: dict[_ParameterKey, str | int | float | bool] = Field(
        min_length=1, max_length=200, description="Names below the path, and values; numbers and truth become text."
    )
    secure: bool = Field(default=False, description="Encrypted, and hidden wherever they would be shown.")
    key_id: Annotated[str | None, Field(description="The KMS key for secure ones; AWS's own without it.")] = None


class ParameterRecord(Model):
    """Which parameters this step made."""

    account_id: str
    region: str
    names: tuple[str, ...]


class AwsParameter(Kind[ParameterInputs, ParameterRecord]):
    """Puts parameters below a path, from the declaration and other steps' outputs.

    What this step made is marked with the tag `envclone:step`; it never overwrites a parameter that it did not make.
    Parameters that it made and that are no longer declared are deleted. Undo deletes what it made.
    """

    name = "aws.parameter"
    inputs = ParameterInputs
    record = ParameterRecord
    outputs: ClassVar[Mapping[ParameterName, str]] = {
        ParameterName("path"): "The path.",
        ParameterName("names"): "The full names of the parameters, in order.",
    }

    def check(self, inputs: ParameterInputs, context: Context) -> Check:
        _hide(inputs, context)
        wanted = _wanted(inputs)
        current = _current(Aws.of(context).ssm(), wanted)
        absent = [name for name in wanted if name not in current]
        different = [name for name in wanted if name in current and current[name] != wanted[name]]
        if not absent and not different:
            return Check("already_so", f"{len(wanted)} parameters below {inputs.path} are as declared")
        return Check("would_change", f"below {inputs.path}: {len(absent)} to make, {len(different)} to change")

    def apply(self, inputs: ParameterInputs, context: Context) -> Applied[ParameterRecord]:
        _hide(inputs, context)
        aws = Aws.of(context)
        aws.assert_account()
        client = aws.ssm()
        wanted = _wanted(inputs)
        before = _previous_names(context)
        done = ParameterRecord(account_id=aws.account_id, region=aws.region, names=_merged(before, wanted))
        try:
            changed = _put_all(client, inputs, wanted, context)
            _delete(client, [name for name in before if name not in wanted])
        except HookFailed as failure:
            failure.undo = done
            raise
        outputs: dict[ParameterName, Json] = {
            ParameterName("path"): inputs.path,
            ParameterName("names"): [*sorted(wanted)],
        }
        evidence = f"{len(wanted)} parameters below {inputs.path}, {changed} of them put now"
        return Applied(outputs, evidence, done.model_copy(update={"names": tuple(sorted(wanted))}))

    def verify(self, inputs: ParameterInputs, context: Context) -> str:
        _hide(inputs, context)
        wanted = _wanted(inputs)
        current = _current(Aws.of(context).ssm(), wanted)
        wrong = sorted(name for name in wanted if current.get(name) != wanted[name])
        if wrong:
            raise VerifyFailed(f"not as declared: {', '.join(wrong)}")
        return f"{len(wanted)} parameters below {inputs.path} are as declared"

    def undo(self, record: ParameterRecord, context: Context) -> str:
        aws = Aws(record.account_id, record.region)
        aws.assert_account()
        client = aws.ssm()
        ours = [name for name in record.names if _owner(client, name) == context.owner]
        _delete(client, ours)
        return f"deleted {len(ours)} parameters; {len(record.names) - len(ours)} were gone or not ours"


def _hide(inputs: ParameterInputs, context: Context) -> None:
    if inputs.secure:
        context.keep_secret([str(value) for value in inputs.values.values()])


def _wanted(inputs: ParameterInputs) -> dict[str, str]:
    return {f"{inputs.path}/{name}": _as_text(value) for name, value in inputs.values.items()}


def _as_text(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _current(client: "SSMClient", names: Iterable[str]) -> dict[str, str]:
    ordered, found = sorted(names), dict[str, str]()
    for first in range(0, len(ordered), _MOST_AT_ONCE):
        with speaking("the reading of parameters"):
            answer = client.get_parameters(Names=ordered[first : first + _MOST_AT_ONCE], WithDecryption=True)
        found |= {each["Name"]: each["Value"] for each in answer["Parameters"]}
    return found


def _put_all(client: "SSMClient", inputs: ParameterInputs, wanted: Mapping[str, str], context: Context) -> int:
    current = _current(client, wanted)
    changed = 0
    for name, value in wanted.items():
        if name in current and _owner(client, name) != context.owner:
            raise HookFailed(f"The parameter {shown(name)} exists, and this step did not make it.", is_final=True)
        if current.get(name) != value:
            _put(client, inputs, (name, value), None if name in current else context.owner)
            changed += 1
    return changed


def _put(client: "SSMClient", inputs: ParameterInputs, pair: tuple[str, str], owner: str | None) -> None:
    """Put one parameter; with an `owner` it must be new. AWS sets tags only on new ones, so making and marking are one call."""
    name, value = pair
    key = {"KeyId": inputs.key_id} if inputs.secure and inputs.key_id else {}
    fresh = {"Tags": [{"Key": _OWNER_TAG, "Value": owner}]} if owner is not None else {}
    with speaking(f"the parameter {shown(name)}"):
        client.put_parameter(
            Name=name,
            Value=value,
            Type="SecureString" if inputs.secure else "String",
            Overwrite=owner is None,
            **key,  # type: ignore[arg-type]
            **fresh,  # type: ignore[arg-type]
        )


def _owner(client: "SSMClient", name: str) -> str | None:
    """Return the step that made the parameter, if it says so and exists."""
    try:
        with speaking(f"the tags of {shown(name)}"):
            tags = client.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
    except HookFailed as failure:
        if isinstance(failure.__cause__, ClientError) and code_of(failure.__cause__) == "InvalidResourceId":
            return None
        raise
    return next((tag["Value"] for tag in tags if tag["Key"] == _OWNER_TAG), None)


def _delete(client: "SSMClient", names: list[str]) -> None:
    for first in range(0, len(names), _MOST_AT_ONCE):
        with speaking("the deletion of parameters"):
            client.delete_parameters(Names=names[first : first + _MOST_AT_ONCE])


def _previous_names(context: Context) -> tuple[str, ...]:
    return ParameterRecord.model_validate(context.previous).names if context.previous else ()


def _merged(one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({*one, *other}))
