"""`aws.lambda`: invoke a function, and hold its answer against what it should be."""

import base64
import json
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, ClassVar

from pydantic import Field

from bot.core.digest import digest_of
from bot.core.plural import counted
from bot.hooks.aws.session import Aws, AwsRecord, code_of, speaking
from bot.hooks.json_values import Pointer, difference
from bot.hooks.kind import AppliedHook, HookCheck, HookContext, HookFailed, HookKind, HookModel, OutOfTime, VerifyFailed
from bot.model.pipeline import Json
from bot.names import ParameterName, shown

LONGEST_RUN = timedelta(minutes=15)
"""What AWS lets a function take at most."""
LARGEST_ANSWER = 100_000
"""Bytes of an answer that are kept as an output; AWS gives up to 6 MB."""
_NAMES = uuid.UUID("1d1f62ab-6d7e-5ac4-9a51-0b8c55f3c0de")


class InvokeInputs(HookModel):
    """What is invoked, with what, and what the answer must be."""

    function: Annotated[str, Field(min_length=1, max_length=170, description="The function's name or ARN.")]
    qualifier: Annotated[str | None, Field(max_length=128, description="A version or an alias.")] = None
    payload: Annotated[Json, Field(description="The function's input, as JSON.")] = None
    json_values: dict[Pointer, Json] = Field(
        default_factory=dict, description="JSON pointers (RFC 6901) into the answer, and the values that must be there."
    )
    sensitive: Annotated[bool, Field(description="The answer is secret: it is shown nowhere.")] = False
    undo_payload: Annotated[
        Json,
        Field(description="The payload that undoes what the function did; required unless `undo: {none: …}`."),
    ] = None


class InvokeRecord(AwsRecord):
    """What is invoked to take it back."""

    function: str
    qualifier: str | None
    payload: Json


class AwsLambda(HookKind[InvokeInputs, InvokeRecord]):
    """Invokes a function, waits for its answer and holds it against the values that it should have.

    The function must be idempotent: a run that was killed invokes it again, and AWS has no way to find out what became of
    the first call. To help it, each call of this step with the same payload has the same `idempotency_key`, in the custom
    part of the client context. A function that fails, or gives another answer than it should, fails the step.

    A function that leaves something behind is given an `undo_payload`, which is what undo invokes it with; one that
    leaves nothing is declared with `undo: {none: <reason>}`.
    """

    name = "aws.lambda"
    inputs = InvokeInputs
    record = InvokeRecord
    outputs: ClassVar[Mapping[ParameterName, str]] = {
        ParameterName("answer"): "The function's answer; null when it is longer than 100,000 bytes.",
        ParameterName("version"): "The version that answered.",
    }

    def check(self, inputs: InvokeInputs, context: HookContext) -> HookCheck:
        return HookCheck("unknown", f"not asked: {shown(inputs.function)} may change something, and a check must not")

    def apply(self, inputs: InvokeInputs, context: HookContext) -> AppliedHook[InvokeRecord]:
        aws = Aws.to_change(context)
        record = self.may_leave(inputs, context)
        try:
            said, version = _invoke(aws, _Call(inputs.function, inputs.qualifier, inputs.payload), context)
            answer = _parsed(said, inputs.function)
            if inputs.sensitive:
                context.keep_secret(answer)
            if wrong := difference(answer, inputs.json_values):
                hidden = "its answer is not as it should be" if inputs.sensitive else wrong
                raise VerifyFailed(f"{shown(inputs.function)} answered, but {hidden}")
        except HookFailed as failure:
            failure.undo = record
            raise
        outputs: dict[ParameterName, Json] = {
            ParameterName("answer"): answer if len(said) <= LARGEST_ANSWER else None,
            ParameterName("version"): version,
        }
        sensitive = frozenset({ParameterName("answer")} if inputs.sensitive else ())
        held = f", with {counted(len(inputs.json_values), 'value')} as declared" if inputs.json_values else ""
        return AppliedHook(
            outputs, f"{shown(inputs.function)} answered {counted(len(said), 'byte')}{held}", record, sensitive
        )

    def verify(self, inputs: InvokeInputs, context: HookContext) -> str:
        return ""  # the answer was held against what it should be; asking again would invoke it again

    def undo(self, record: InvokeRecord, context: HookContext) -> str:
        aws = record.account()
        try:
            _invoke(aws, _Call(record.function, record.qualifier, record.payload), context)
        except HookFailed as failure:
            if code_of(failure) == "ResourceNotFoundException":
                raise HookFailed(
                    f"{shown(record.function)} no longer exists, so it can't undo what it did: check by hand.",
                    is_final=True,
                ) from failure
            raise
        return f"{shown(record.function)} answered to its undo payload"

    def may_leave(self, inputs: InvokeInputs, context: HookContext) -> InvokeRecord | None:
        if inputs.undo_payload is None:
            return None
        aws = Aws.of(context)
        return InvokeRecord(
            account_id=aws.account_id,
            region=aws.region,
            function=inputs.function,
            qualifier=inputs.qualifier,
            payload=inputs.undo_payload,
        )

    def can_undo(self, given: Collection[ParameterName]) -> bool:
        return "undo_payload" in given


@dataclass(frozen=True, slots=True)
class _Call:
    function: str
    qualifier: str | None
    payload: Json = field(repr=False)

    def context(self, owner: str) -> str:
        """Return the client context as it travels: the same for every call of this step with this payload."""
        key = str(uuid.uuid5(_NAMES, f"{owner} {self.function} {self.qualifier} {digest_of(self.payload)}"))
        return base64.b64encode(json.dumps({"custom": {"idempotency_key": key, "step": owner}}).encode()).decode()


def _invoke(aws: Aws, call: _Call, context: HookContext) -> tuple[bytes, str]:
    """Return the answer and the version that gave it. Raises `HookFailed` also for what the function itself raised."""
    client = aws.functions(min(context.remaining(), LONGEST_RUN))
    which = {"Qualifier": call.qualifier} if call.qualifier else {}
    try:
        with speaking(f"the invocation of {shown(call.function)}"):
            answer = client.invoke(
                FunctionName=call.function,
                InvocationType="RequestResponse",
                ClientContext=call.context(context.owner),
                Payload=json.dumps(call.payload).encode(),
                **which,  # type: ignore[arg-type]
            )
            said = answer["Payload"].read()
    except HookFailed as failure:
        from botocore.exceptions import ReadTimeoutError  # noqa: PLC0415 (as in `session`)

        if isinstance(failure.__cause__, ReadTimeoutError):
            raise OutOfTime(f"The time ran out before {shown(call.function)} answered.") from failure
        raise
    if "FunctionError" in answer:
        raise _failure(call.function, said)
    return said, answer.get("ExecutedVersion", "$LATEST")


def _failure(function: str, said: bytes) -> HookFailed:
    """Return what a function raised: its error's type and message, never its stack trace."""
    answer = _parsed(said, function)
    fields = answer if isinstance(answer, dict) else {}
    kind, message = str(fields.get("errorType", "an error")), str(fields.get("errorMessage", ""))[:500]
    return HookFailed(f"{shown(function)} failed: {kind}{f': {message}' if message else ''}")


def _parsed(said: bytes, function: str) -> Json:
    try:
        answer: Json = json.loads(said or b"null")
    except ValueError:
        raise VerifyFailed(f"{shown(function)} answered, but not with JSON") from None
    return answer
