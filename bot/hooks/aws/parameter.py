"""`aws.parameter`: parameters below a path of Systems Manager's parameter store."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field

from bot.core.plural import counted
from bot.hooks.aws.parameter_store import (
    ParameterKey,
    ParameterRecord,
    Path,
    Wanted,
    bring_about,
    merged,
    previous,
    undone,
    values,
)
from bot.hooks.aws.session import Aws
from bot.hooks.kind import AppliedHook, HookCheck, HookContext, HookFailed, HookKind, HookModel, Undone, VerifyFailed
from bot.model.pipeline import Json
from bot.names import ParameterName


class ParameterInputs(HookModel):
    """Where the parameters lie, and their values."""

    path: Path
    values: dict[ParameterKey, str | int | float | bool] = Field(
        min_length=1, max_length=200, description="Names below the path, and values; numbers and booleans become text."
    )
    secure: bool = Field(default=False, description="Encrypted, and hidden wherever they would be shown.")
    key_id: Annotated[str | None, Field(description="The KMS key for secure ones; AWS's own without it.")] = None


class AwsParameter(HookKind[ParameterInputs, ParameterRecord]):
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

    def check(self, inputs: ParameterInputs, context: HookContext) -> HookCheck:
        _hide(inputs, context)
        wanted = _wanted(inputs)
        current = values(Aws.of(context).ssm(), wanted)
        absent = [name for name in wanted if name not in current]
        different = [name for name in wanted if name in current and current[name] != wanted[name].value]
        if not absent and not different:
            return HookCheck("already_so", f"below {inputs.path}: {counted(len(wanted), 'parameter')} as declared")
        return HookCheck("would_change", f"below {inputs.path}: {len(absent)} to create, {len(different)} to change")

    def apply(self, inputs: ParameterInputs, context: HookContext) -> AppliedHook[ParameterRecord]:
        _hide(inputs, context)
        aws = Aws.to_change(context)
        wanted = _wanted(inputs)
        try:
            changed = bring_about(aws.ssm(), wanted, previous(context), context)
        except HookFailed as failure:
            failure.undo = self.may_leave(inputs, context)
            raise
        names = tuple(sorted(wanted))
        outputs: dict[ParameterName, Json] = {
            ParameterName("path"): inputs.path,
            ParameterName("names"): [*names],
        }
        evidence = f"{counted(len(wanted), 'parameter')} below {inputs.path}, {changed} written now"
        return AppliedHook(
            outputs, evidence, ParameterRecord(account_id=aws.account_id, region=aws.region, names=names)
        )

    def verify(self, inputs: ParameterInputs, context: HookContext) -> str:
        _hide(inputs, context)
        wanted = _wanted(inputs)
        current = values(Aws.of(context).ssm(), wanted)
        wrong = sorted(name for name in wanted if current.get(name) != wanted[name].value)
        if wrong:
            raise VerifyFailed(f"not as declared: {', '.join(wrong)}")
        return f"below {inputs.path}: {counted(len(wanted), 'parameter')} as declared"

    def undo(self, record: ParameterRecord, context: HookContext) -> Undone:
        return undone(record, context)

    def may_leave(self, inputs: ParameterInputs, context: HookContext) -> ParameterRecord:
        aws = Aws.of(context)
        names = merged(previous(context), _wanted(inputs))
        return ParameterRecord(account_id=aws.account_id, region=aws.region, names=names)


def _hide(inputs: ParameterInputs, context: HookContext) -> None:
    if inputs.secure:
        context.keep_secret([str(value) for value in inputs.values.values()])


def _wanted(inputs: ParameterInputs) -> dict[str, Wanted]:
    return {
        f"{inputs.path}/{name}": Wanted(_as_text(value), "SecureString" if inputs.secure else "String", inputs.key_id)
        for name, value in inputs.values.items()
    }


def _as_text(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
