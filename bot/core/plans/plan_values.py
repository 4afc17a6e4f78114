"""Values in a plan: JSON in which what must not be shown, and what isn't known yet, are values of their own.

A sensitive leaf is replaced by `Masked` as it enters, so nothing downstream can print it: its text, its repr and its JSON
say nothing. It can still be compared and digested with a key, so a changed secret is noticed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from typing_extensions import TypeIs

from bot.model.pipeline import Json

MERGED = {"tags_all": "tags", "effective_labels": "labels", "terraform_labels": "labels"}
"""Attributes in which a provider shows what a resource's own and the provider's defaults come to."""

SHORTEST_SECRET = 4
"""Characters. A shorter text is too common to be looked for inside other texts."""


class Masked:
    """A sensitive value. Equal to another of the same content; shown as `(sensitive)` wherever it turns up."""

    __slots__ = ("_value",)

    def __init__(self, value: "PlanValue") -> None:
        self._value = value

    def reveal(self) -> "PlanValue":
        """Return the content, for a keyed digest and for nothing else."""
        return self._value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Masked) and self._value == other._value

    def __hash__(self) -> int:
        return hash(Masked)

    def __repr__(self) -> str:
        return "(sensitive)"


@dataclass(frozen=True, slots=True)
class UnknownUntilApply:
    """A value that only the apply will bring."""

    def __repr__(self) -> str:
        return "(known after apply)"


UNKNOWN: Final = UnknownUntilApply()

PlanValue: TypeAlias = (
    "bool | int | float | str | Masked | UnknownUntilApply | Sequence[PlanValue] | Mapping[str, PlanValue] | None"
)


def planned(value: Json, unknown: Json, sensitive: Json, secrets: Sequence[str] = ()) -> PlanValue:
    """Return a value of a plan's JSON with its sensitive and unknown leaves replaced.

    `unknown` and `sensitive` mirror the value's shape, with `true` where they apply (Terraform's `after_unknown` and
    `after_sensitive`). `secrets` are texts that are secret wherever they stand: Terraform forgets that an output was
    sensitive once it has gone through a variable of another stack.
    """
    if unknown is True:
        return UNKNOWN
    if sensitive is True and value is not None:
        return Masked(_plain(value))
    match value:
        case dict():
            keys = [*value, *(key for key in _names(unknown) if key not in value and _has_true(_at(unknown, key)))]
            return {key: planned(value.get(key), _at(unknown, key), _at(sensitive, key), secrets) for key in keys}
        case list():
            return [planned(item, _at(unknown, i), _at(sensitive, i), secrets) for i, item in enumerate(value)]
        case str() if any(secret in value for secret in secrets if len(secret) >= SHORTEST_SECRET):
            return Masked(value)
        case _:
            return _partly_known(unknown) if value is None and _has_true(unknown) else value


@dataclass(frozen=True, slots=True)
class ValueChange:
    """One attribute before and after; `path` is written as in HCL, `ingress[0].from_port`. Absent means None."""

    path: str
    before: PlanValue
    after: PlanValue


def differences(before: PlanValue, after: PlanValue, path: str = "") -> Iterator[ValueChange]:
    """Yield the leaves that differ, in order."""
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            yield from differences(before.get(key), after.get(key), f"{path}.{key}" if path else key)
    elif _is_list(before) and _is_list(after) and len(before) == len(after):
        for position, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from differences(one, other, f"{path}[{position}]")
    else:
        yield ValueChange(path, before, after)


def leaves(value: PlanValue, path: str = "") -> Iterator[tuple[str, PlanValue]]:
    """Yield each leaf with its path; an empty list or map is a leaf."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}" if path else key)
    elif _is_list(value) and value:
        for position, item in enumerate(value):
            yield from leaves(item, f"{path}[{position}]")
    else:
        yield path, value


def _is_list(value: PlanValue) -> TypeIs[Sequence[PlanValue]]:
    return isinstance(value, list | tuple)


def _plain(value: Json) -> PlanValue:
    return planned(value, False, False)


def _partly_known(unknown: Json) -> PlanValue:
    return planned({}, unknown, False) if isinstance(unknown, dict) else UNKNOWN


def _names(marks: Json) -> list[str]:
    return list(marks) if isinstance(marks, dict) else []


def _at(marks: Json, place: str | int) -> Json:
    if isinstance(marks, dict) and isinstance(place, str):
        return marks.get(place, False)
    if isinstance(marks, list) and isinstance(place, int) and place < len(marks):
        return marks[place]
    return False


def _has_true(marks: Json) -> bool:
    match marks:
        case dict():
            return any(_has_true(mark) for mark in marks.values())
        case list():
            return any(_has_true(mark) for mark in marks)
        case _:
            return marks is True
