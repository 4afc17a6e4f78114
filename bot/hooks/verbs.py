"""The verbs of a declared hook: its inputs checked, its kind called, the result in the ledger's words."""

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from pydantic import ValidationError

from bot.complaints import plainly
from bot.core.ledger.ledger import Undo
from bot.core.ledger.secret_references import Unredactable
from bot.errors import UserError
from bot.hooks.kind import HookCheck, HookContext, HookFailed, HookModel, OutOfTime, Undone
from bot.hooks.program import Program
from bot.hooks.registry import AnyKind, kind_of, recorded_kind
from bot.model.pipeline import Failure, Hook, Json, RunProgram
from bot.names import ParameterName

Keep: TypeAlias = Callable[[Undo], Undo]
"""Takes the secrets out of what undo needs, before it leaves here for the ledger. Raises `Unredactable`."""


@dataclass(frozen=True, slots=True)
class VerbResult:
    """What apply and verify said. `undo` is what undo needs, without the template."""

    outputs: Mapping[ParameterName, Json]
    sensitive: frozenset[ParameterName]
    evidence: str
    undo: Undo


class StepFailed(Exception):
    """A hook failed. `undo` says what it had done all the same, and `is_final` that another try would fail too."""

    def __init__(self, error: HookFailed, undo: Undo | None) -> None:
        super().__init__(str(error))
        self.is_final = error.is_final
        self.failure: Failure = "timeout" if isinstance(error, OutOfTime) else "failure"
        self.undo = undo


def check(hook: Hook, inputs: Mapping[ParameterName, Json], context: HookContext) -> HookCheck:
    """Say what apply would find. A hook that can't be asked is `unknown`, with the reason."""
    kind = kind_of(hook)
    try:
        return kind.check(_validated(kind, inputs), context)
    except HookFailed as error:
        return HookCheck("unknown", str(error))


def apply(hook: Hook, inputs: Mapping[ParameterName, Json], context: HookContext, keep: Keep) -> VerbResult:
    """Make it so, and verify that it is. Raises `StepFailed`."""
    kind, undo = kind_of(hook), None
    try:
        given = _validated(kind, inputs)
        applied = kind.apply(given, context)
        undo = _kept(hook, applied.undo, keep)
        verified = kind.verify(given, context)
    except HookFailed as error:
        raise StepFailed(error, _kept_of(hook, error, keep) or undo) from error
    evidence = "; ".join(text for text in (applied.evidence, verified) if text)
    return VerbResult(applied.outputs, applied.sensitive, evidence, undo)


def may_leave(hook: Hook, inputs: Mapping[ParameterName, Json], context: HookContext, keep: Keep) -> Undo | None:
    """Return what the ledger keeps from the moment that apply begins, in case it never ends; None when that is unknown.

    Raises `Unredactable` when that holds a secret which can't be kept: the hook must not begin then.
    """
    kind = kind_of(hook)
    try:
        record = kind.may_leave(_validated(kind, inputs), context)
    except HookFailed:
        return None  # apply fails in the same way, before it does anything
    return keep(_undo(hook, record)) if record is not None else None


def undo(recorded: Undo, context: HookContext) -> Undone:
    """Take back what the ledger says was done, and return evidence and what stays. Raises `StepFailed`."""
    if recorded.none:
        return Undone(recorded.none)
    if recorded.run is not None:
        kind: AnyKind | None = Program(RunProgram(apply=recorded.run, undo=recorded.run))
    else:
        kind = recorded_kind(recorded.uses)
    if kind is None:
        raise UserError(f"Hook kind `{recorded.uses}` is no longer installed: install the package that provides it.")
    try:
        said = kind.undo(kind.record.model_validate(recorded.record), context)
    except HookFailed as error:
        raise StepFailed(error, None) from error
    return said if isinstance(said, Undone) else Undone(str(said))


def reads(hook: Hook, inputs: Mapping[ParameterName, Json]) -> tuple[str, ...]:
    """Return the files and directories of the environment that the hook's apply depends on, each in one spelling."""
    return tuple(sorted({posixpath.normpath(path) for path in kind_of(hook).reads(inputs)}))


def makes_data(hook: Hook) -> bool:
    """Say whether the hook fills the environment with data: by its declaration, else by its kind."""
    return kind_of(hook).makes_data if hook.data is None else hook.data


def asks_anybody(hook: Hook) -> bool:
    """Say whether its check runs code of the repository, or talks to whomever its inputs name."""
    return hook.run is not None or kind_of(hook).asks_anybody


def _validated(kind: AnyKind, inputs: Mapping[ParameterName, Json]) -> HookModel:
    try:
        return kind.inputs.model_validate(dict(inputs))  # type: ignore[no-any-return]
    except ValidationError as error:
        raise HookFailed("; ".join(complaints(error)), is_final=True) from None


def complaints(error: ValidationError) -> list[str]:
    """Return what is wrong with inputs, in words that never quote a value."""
    found = []
    for item in error.errors(include_input=False, include_url=False):
        where = ".".join(str(part) for part in item["loc"])
        match item["type"]:
            case "extra_forbidden":
                found.append(f"`{where}` is not an input of this kind")
            case "missing":
                found.append(f"the input `{where}` is missing")
            case _:
                message = plainly(item["msg"])
                found.append(f"`{where}`: {message}" if where else message)
    return found


def _kept(hook: Hook, record: HookModel | None, keep: Keep) -> Undo:
    try:
        return keep(_undo(hook, record))
    except Unredactable as error:
        # What the ledger has from the beginning stays; it is what a run that was killed now would have left.
        raise HookFailed(str(error), is_final=True) from error


def _kept_of(hook: Hook, failure: HookFailed, keep: Keep) -> Undo | None:
    if failure.undo is None:
        return None
    try:
        return keep(_undo(hook, failure.undo))
    except Unredactable:
        return None


def _undo(hook: Hook, record: HookModel | None) -> Undo:
    if hook.undo is not None:
        # The record is kept all the same: the next apply is given it.
        return Undo(none=hook.undo.none, record=record.model_dump(mode="json") if record is not None else None)
    if record is None:
        return Undo(none="nothing to undo")
    if hook.run is not None:
        return Undo(run=hook.run.undo, record=record.model_dump(mode="json"))
    return Undo(uses=hook.uses, record=record.model_dump(mode="json"))
