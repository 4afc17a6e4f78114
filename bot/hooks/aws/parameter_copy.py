"""`aws.parameter-copy`: parameters that one path has, below another, by an allow-list and without a secret."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from bot.core.plural import counted
from bot.errors import InvalidInput
from bot.hooks.aws.parameter_store import (
    ParameterKey,
    ParameterRecord,
    Path,
    Wanted,
    bring_about,
    merged,
    previous,
    read,
    undone,
    values,
)
from bot.hooks.aws.session import Aws
from bot.hooks.kind import AppliedHook, HookCheck, HookContext, HookFailed, HookKind, HookModel, Undone, VerifyFailed
from bot.model.pipeline import Json
from bot.names import ParameterName, shown

_SECURE = "SecureString"


class CopyInputs(HookModel):
    """What is copied from where to where."""

    source_path: Path
    target_path: Path
    names: Annotated[
        tuple[ParameterKey, ...],
        Field(min_length=1, max_length=200, description="The names below the source path that are copied; no others."),
    ]
    test_values: dict[ParameterKey, str] = Field(
        default_factory=dict,
        description="Values to use instead of the source's, by name; a secure parameter is copied only with one.",
    )
    key_id: Annotated[str | None, Field(description="The KMS key for secure ones; AWS's own without it.")] = None

    @model_validator(mode="after")
    def _apart(self) -> "CopyInputs":
        if f"{self.source_path}/".startswith(f"{self.target_path}/"):
            raise InvalidInput("the target path must not hold the source path")
        if unknown := sorted(self.test_values.keys() - {*self.names}):
            raise InvalidInput(f"`test_values` has {', '.join(unknown)}, which `names` does not allow")
        return self


class AwsParameterCopy(HookKind[CopyInputs, ParameterRecord]):
    """Copies the parameters that an allow-list names from one path to another, with their types.

    Both paths are in the environment's account and region. A secure parameter is never decrypted: it is refused unless a
    test value is given in its place, which is in the repository and so is no secret. A name that the source lacks is
    an error, unless it has a test value. What this step made is marked with the tag `envclone:step`; it never overwrites
    a parameter that it did not make, and deletes what it made when the list no longer names it. Undo deletes what it made.
    """

    name = "aws.parameter-copy"
    inputs = CopyInputs
    record = ParameterRecord
    outputs: ClassVar[Mapping[ParameterName, str]] = {
        ParameterName("path"): "The target path.",
        ParameterName("names"): "The full names of the copies, in order.",
    }

    def check(self, inputs: CopyInputs, context: HookContext) -> HookCheck:
        aws = Aws.of(context)
        wanted = _wanted(aws, inputs)
        different = _different(aws, wanted)
        if different:
            return HookCheck(
                "would_change",
                f"{len(different)} of {counted(len(wanted), 'parameter')} to put below {inputs.target_path}",
            )
        return HookCheck("already_so", f"{inputs.target_path} has all of {counted(len(wanted), 'parameter')}")

    def apply(self, inputs: CopyInputs, context: HookContext) -> AppliedHook[ParameterRecord]:
        aws = Aws.to_change(context)
        wanted = _wanted(aws, inputs)
        try:
            changed = bring_about(aws.ssm(), wanted, previous(context), context)
        except HookFailed as failure:
            failure.undo = self.may_leave(inputs, context)
            raise
        names = tuple(sorted(wanted))
        outputs: dict[ParameterName, Json] = {
            ParameterName("path"): inputs.target_path,
            ParameterName("names"): [*names],
        }
        evidence = f"{counted(len(names), 'parameter')} of {inputs.source_path} below {inputs.target_path}, {changed} written now"
        return AppliedHook(
            outputs, evidence, ParameterRecord(account_id=aws.account_id, region=aws.region, names=names)
        )

    def verify(self, inputs: CopyInputs, context: HookContext) -> str:
        aws = Aws.of(context)
        wanted = _wanted(aws, inputs)
        if wrong := _different(aws, wanted):
            raise VerifyFailed(f"not as in the source: {', '.join(wrong)}")
        return f"{inputs.target_path} has all of {counted(len(wanted), 'parameter')}"

    def undo(self, record: ParameterRecord, context: HookContext) -> Undone:
        return undone(record, context)

    def may_leave(self, inputs: CopyInputs, context: HookContext) -> ParameterRecord:
        aws = Aws.of(context)
        names = merged(previous(context), (f"{inputs.target_path}/{name}" for name in inputs.names))
        return ParameterRecord(account_id=aws.account_id, region=aws.region, names=names)


def _wanted(aws: Aws, inputs: CopyInputs) -> dict[str, Wanted]:
    """Return the copies as they are to be. Raises `HookFailed` for what may not be copied, before anything is."""
    source = read(aws.ssm(), (f"{inputs.source_path}/{name}" for name in inputs.names), decrypt=False)
    found = {}
    for name in inputs.names:
        original = source.get(f"{inputs.source_path}/{name}")
        value = inputs.test_values.get(name)
        if original is None and value is None:
            raise HookFailed(f"{inputs.source_path} has no parameter {shown(name)}.", is_final=True)
        kind = original["Type"] if original is not None else "String"
        if value is None and original is not None:
            if kind == _SECURE:
                raise HookFailed(
                    f"{shown(name)} of {inputs.source_path} is secure, and secrets are not copied: give it a value in "
                    "`test_values`, or take it off `names`.",
                    is_final=True,
                )
            value = original["Value"]
        found[f"{inputs.target_path}/{name}"] = Wanted(value or "", kind, inputs.key_id)
    return found


def _different(aws: Aws, wanted: Mapping[str, Wanted]) -> list[str]:
    current = values(aws.ssm(), wanted)
    return sorted(name for name in wanted if current.get(name) != wanted[name].value)
