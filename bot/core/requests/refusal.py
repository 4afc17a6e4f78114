"""Why a command is not carried out, with the corrected command when there is one to paste."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeAlias, TypeVar, cast

from bot.commands.grammar import MOST_MISTAKES
from bot.commands.model import (
    Clone,
    Codify,
    Command,
    Destroy,
    Extend,
    List,
    PlanCommand,
    Promote,
    Repair,
    Reset,
    Resume,
    Rollback,
    Set,
    Status,
    Sync,
    Unlock,
)
from bot.errors import Finding, UserError
from bot.model.suggest import abbreviated, closest
from bot.names import EnvironmentName, PurposeName, is_valid

AboutOne: TypeAlias = (
    Set
    | Extend
    | Sync
    | Promote
    | Rollback
    | Repair
    | Codify
    | PlanCommand
    | Resume
    | Unlock
    | Destroy
    | Reset
    | Status
)
"""The commands about an environment that is there, or is proposed."""
C = TypeVar("C", bound=Command)
MOST_CORRECTIONS = 3
"""Lines that are tried one after the other: a name, then what is wrong with the rest."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a command is not carried out; `instead` is the corrected command when there is one to paste.

    `findings` are what is wrong with the template's code, if that is why.
    """

    reason: str
    instead: Command | None = None
    findings: tuple[Finding, ...] = ()


def with_suggestion(refused: Refused, attempt: Callable[[Command], object]) -> Refused:
    """Return the refusal with a corrected command in which the other mistakes that `attempt` finds are fixed as well.

    One that would be refused in its turn is not shown.
    """
    instead = refused.instead
    for _ in range(MOST_MISTAKES):
        again = attempt(instead) if instead is not None else None
        if not isinstance(again, Refused):
            return replace(refused, instead=instead)
        instead = again.instead
    return replace(refused, instead=None)


def accepted(meant: C, attempt: Callable[[C], object]) -> C | None:
    """Return the command, or the one that it is corrected to, if `attempt` does not refuse it; None if there is none.

    Law 13: what is offered is accepted as it stands and keeps what was said.
    """
    command = meant
    for _ in range(MOST_CORRECTIONS):
        try:
            again = attempt(command)
        except UserError:
            return None
        if not isinstance(again, Refused):
            return command
        if again.instead is None or not keeps(meant, again.instead):
            return None
        command = cast(C, again.instead)  # of the same type: `keeps` says so
    return None


def keeps(said: Command, corrected: Command) -> bool:
    """Say whether a corrected command has a value wherever something was said: other words, perhaps, but nothing left out."""
    if type(said) is not type(corrected):
        return False
    return all(_size(getattr(corrected, each.name)) >= _size(getattr(said, each.name)) for each in fields(said))


def _size(value: object) -> int:
    return len(value) if isinstance(value, Mapping | tuple) else int(value not in (None, False))


def unknown_source(command: Clone, known: Sequence[str], templates: Sequence[str] = ()) -> Refused:
    """Return that there is no such environment to clone, with the one that was probably meant."""
    known = _valid(known)
    near = closest(command.source, known) or abbreviated(command.source, known)
    listed = ", ".join(f"`{name}`" for name in known[:10]) or "none"
    hint = f"Did you mean `{near}`?" if near else f"Environments that can be cloned: {listed}."
    note = (
        " (There is a template of that name, but `/clone` takes an environment.)" if command.source in templates else ""
    )
    instead = replace(command, source=EnvironmentName(near)) if near else None
    return Refused(f"Environment `{command.source}` not found. {hint}{note}", instead)


def unknown_environment(command: AboutOne, known: Iterable[str]) -> Refused:
    """Return that there is no such environment, with the command about the one that was probably meant."""
    assert command.name is not None
    near = closest(command.name, _valid(known))
    if near is None:
        return Refused(f"Environment `{command.name}` not found. `/list` shows all environments.")
    return Refused(
        f"Environment `{command.name}` not found. Did you mean `{near}`?",
        replace(command, name=EnvironmentName(near)),
    )


def unknown_purpose(command: List, known: Iterable[Collection[PurposeName]]) -> Refused | None:
    """Return that no template has the purpose that a list is asked for; None if one has it."""
    if command.purpose is None or any(command.purpose in purposes for purposes in known):
        return None
    return Refused(f"No template has the purpose `{command.purpose}`.")


def _valid(known: Iterable[str]) -> list[str]:
    """Return what can be typed: a directory that somebody made by hand may be called anything."""
    return [name for name in known if is_valid(EnvironmentName, name)]
