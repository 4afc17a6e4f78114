"""`run:`: the repository's own program as a hook.

The program is a regular file inside the environment's directory, or an interpreter from a short list with such a file as
its first argument; never a shell string. It reads one JSON object on standard input:

    {"verb": "apply", "environment": "demo-x", "parameters": {…}, "inputs": {…}, "undo": …}

and writes one on standard output. Every key may be left out:

    {"outputs": {…}, "sensitive": ["name of an output", …], "evidence": "text", "undo": …}      apply, verify
    {"evidence": "text", "remains": [{"what": "id", "why": "text", "until": "text"}, …]}         undo
    {"result": "already_so" | "would_change" | "unknown", "text": "…"}                           check

What it writes to standard error goes to the log, line by line. An exit code other than 0 means that it failed. `undo` is
what the program wants to be given when its effects are to be undone. In place of an input that is a stack's sensitive
output the ledger keeps only a reference; the step fails if it contains any other secret. `undo` is `null` when a
run was killed before the program said anything: it then undoes whatever it may have done. `remains` is what it leaves on
purpose; the receipt of the destroy lists it.
"""

import json
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeVar

from pydantic import ConfigDict, Field, ValidationError

from bot.complaints import plainly
from bot.core.ledger.ledger import Retained
from bot.core.ledger.step_digest import EVERYTHING
from bot.hooks.json_process import ChildFailed, ChildTimedOut, JsonProcess, run
from bot.hooks.kind import AppliedHook, HookCheck, HookContext, HookFailed, HookKind, HookModel, OutOfTime, Undone
from bot.hooks.paths import regular_file
from bot.model.pipeline import Argv, Json, RunProgram, Verb
from bot.names import ParameterName, shown

INTERPRETERS = ("python3", "bash", "node")
"""Programs that may be named without a path. Each is given a file of the environment to run."""


class ProgramInputs(HookModel):
    """Any inputs: the program knows its own."""

    model_config = ConfigDict(extra="allow")

    @property
    def given(self) -> dict[str, Json]:
        return self.model_extra or {}


class ProgramRecord(HookModel):
    """What the program said that it wants to be given when it is to undo."""

    undo: Json = None


class _Done(HookModel):
    outputs: dict[ParameterName, Json] = Field(default_factory=dict)
    sensitive: frozenset[ParameterName] = frozenset()
    evidence: str = ""
    undo: Json = None
    remains: tuple[Retained, ...] = ()


class _Checked(HookModel):
    result: Literal["already_so", "would_change", "unknown"] = "unknown"
    text: str = ""


_Answer = TypeVar("_Answer", bound=HookModel)


class Program(HookKind[ProgramInputs, ProgramRecord]):
    """Runs the repository's own program for each verb that it declares."""

    name = "run"
    inputs = ProgramInputs
    record = ProgramRecord
    outputs: ClassVar[Mapping[ParameterName, str]] = {}

    def __init__(self, declared: RunProgram) -> None:
        self.declared = declared

    def check(self, inputs: ProgramInputs, context: HookContext) -> HookCheck:
        if self.declared.check is None:
            return HookCheck("unknown", "the program declares no `check`")
        answer = _answer(_Call(self.declared.check, "check", inputs.given), context, _Checked)
        return HookCheck(answer.result, answer.text[:500])

    def apply(self, inputs: ProgramInputs, context: HookContext) -> AppliedHook[ProgramRecord]:
        answer = _answer(_Call(self.declared.apply, "apply", inputs.given), context, _Done)
        for name in answer.sensitive:
            context.keep_secret(answer.outputs.get(name))
        return AppliedHook(
            outputs=answer.outputs,
            evidence=answer.evidence or "the program succeeded",
            undo=ProgramRecord(undo=answer.undo),
            sensitive=answer.sensitive,
        )

    def verify(self, inputs: ProgramInputs, context: HookContext) -> str:
        if self.declared.verify is None:
            return ""
        answer = _answer(_Call(self.declared.verify, "verify", inputs.given), context, _Done)
        return answer.evidence or "the program's verification succeeded"

    def undo(self, record: ProgramRecord, context: HookContext) -> Undone:
        if self.declared.undo is None:
            return Undone("the program declares that there is nothing to undo")
        answer = _answer(_Call(self.declared.undo, "undo", undo=record.undo), context, _Done)
        return Undone(answer.evidence or "the program succeeded", answer.remains)

    def may_leave(self, inputs: ProgramInputs, context: HookContext) -> ProgramRecord:
        return ProgramRecord(undo=_previous(context))

    def reads(self, inputs: Mapping[ParameterName, Json]) -> tuple[str, ...]:
        verbs = (self.declared.apply, self.declared.check, self.declared.verify, self.declared.undo)
        return tuple(sorted({_directory_of(argv) for argv in verbs if argv is not None}))


def resolved(argv: Argv, context: HookContext) -> list[str]:
    """Return the argument list as it is run: the program's path absolute. Raises `HookFailed` for what may not be run."""
    first = argv[0]
    if "/" in first:
        return [str(regular_file(context.directory, first)), *argv[1:]]
    if first not in INTERPRETERS:
        raise HookFailed(
            f"{shown(first)} may not be run: name a file of the environment (with a `/`), or one of {', '.join(INTERPRETERS)} "
            "and a file.",
            is_final=True,
        )
    if len(argv) == 1 or argv[1].startswith("-"):
        raise HookFailed(f"{shown(first)} needs a file of the environment as its first argument.", is_final=True)
    return [first, str(regular_file(context.directory, argv[1])), *argv[2:]]


def _directory_of(argv: Argv) -> str:
    """Return where the program lies: it may import all that lies beside it, at the top whatever the environment has."""
    file = argv[0] if "/" in argv[0] else argv[1] if len(argv) > 1 else ""
    return posixpath.dirname(posixpath.normpath(file)) or EVERYTHING


@dataclass(frozen=True, slots=True)
class _Call:
    """One verb of the program and what it is given."""

    argv: Argv
    verb: Verb
    inputs: Mapping[str, Json] = field(default_factory=dict, repr=False)
    undo: Json = None


def _answer(call: _Call, context: HookContext, model: type[_Answer]) -> _Answer:
    given = {
        "verb": call.verb,
        "environment": context.environment,
        "parameters": dict(context.parameters),
        "inputs": dict(call.inputs),
        "undo": call.undo if call.verb == "undo" else _previous(context),
    }
    what = f"{shown(call.argv[0])} ({call.verb})"
    # Otherwise a Python program with a module beside it leaves `__pycache__` in the environment's directory, which is then
    # no longer what was reviewed.
    variables = {**context.environment_variables, "PYTHONDONTWRITEBYTECODE": "1"}
    child = JsonProcess(
        resolved(call.argv, context), context.directory, variables, json.dumps(given).encode(), context.reach
    )
    try:
        said = run(child, context.remaining(), context.log)
    except ChildTimedOut as error:
        raise OutOfTime(f"{what} {error}") from error
    except ChildFailed as error:
        raise HookFailed(f"{what} {error}") from error
    except OSError as error:
        raise HookFailed(f"{what} could not be started: {error.strerror}", is_final=True) from error
    try:
        return model.model_validate_json(said.strip() or b"{}")
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc']))}: {plainly(e['msg'])}" for e in error.errors(include_input=False)[:3]
        )
        raise HookFailed(f"{what} wrote unexpected JSON: {wrong}") from error


def _previous(context: HookContext) -> Json:
    return ProgramRecord.model_validate(context.previous).undo if context.previous else None
