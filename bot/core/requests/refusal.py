"""Why a command is not carried out, with the corrected command when there is one to paste."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from bot.commands.grammar import MOST_MISTAKES
from bot.commands.model import (
    Clone,
    Codify,
    Command,
    Destroy,
    Extend,
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
from bot.errors import Finding
from bot.model.suggest import abbreviated, closest
from bot.names import EnvironmentName, is_valid

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


def _valid(known: Iterable[str]) -> list[str]:
    """Return what can be typed: a directory that somebody made by hand may be called anything."""
    return [name for name in known if is_valid(EnvironmentName, name)]
