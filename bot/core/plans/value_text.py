"""A value of a plan as a person reads it: JSON in a text as what it says, two long values by where they differ.

Lines are those of a block of `diff`: they begin with what GitHub colours (`+`, `-`, `!`).
"""

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence

from bot.core.plans.plan_values import Masked, PlanValue, UnknownUntilApply
from bot.model.pipeline import Json

LONGEST_VALUE = 300
"""Characters of one value on one line."""
MOST_LINES = 80
"""Lines of one value: a policy of six statements. The complete plan and the code have all of a longer one."""
_LONGEST_READ = 200_000
"""Characters of a text that is read as JSON, or compared line by line. A policy has 20,480 at most, a list of containers 65,536."""
_DEEPEST = 30
_MOST_COMPARED = 1_000
"""Items of a list, or lines of a text, that are matched to one another: the time for it grows with their square."""
_BEFORE = 60
"""Characters of two long values that are shown before the first difference."""

_PLAIN = re.compile(r"[A-Za-z0-9_:/-]+")

_Container = dict[str, Json] | list[Json]


def on_one_line(value: PlanValue) -> str:
    """Return a value on one line, as JSON; sensitive and unknown parts say so, and a long one its length."""
    return _window(_json(value), 0)


def both_on_one_line(before: PlanValue, after: PlanValue) -> tuple[str, str]:
    """Return two values on one line each; of long ones the part where they begin to differ, so that they never look alike."""
    one, other = _json(before), _json(after)
    if max(len(one), len(other)) <= LONGEST_VALUE:
        return one, other
    shared = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    start = max(0, shared - _BEFORE) if shared > LONGEST_VALUE - _BEFORE else 0
    return _window(one, start), _window(other, start)


def given(path: str, value: PlanValue) -> Iterator[str]:
    """Yield the lines that show a new value: JSON in a text, and a text of several lines, as they are read."""
    container = _container(value)
    if container is not None:
        lines = json.dumps(container, indent=2, ensure_ascii=False).split("\n")
        yield from _bounded("+", [f"{path} = jsonencode({lines[0]}", *lines[1:-1], f"{lines[-1]})"])
    elif isinstance(value, str) and "\n" in value.rstrip("\n") and len(value) <= _LONGEST_READ:
        yield from _bounded("+", [f"{path} = <<EOT", *(f"  {line}" for line in value.rstrip("\n").split("\n")), "EOT"])
    else:
        yield f"+     {path} = {on_one_line(value)}"


def changed(path: str, before: PlanValue, after: PlanValue, note: str = "") -> Iterator[str]:
    """Yield the lines that show how a value changes; `note` is added to the first."""
    if isinstance(before, Masked) and isinstance(after, Masked):
        yield f"!     {path}: changes (sensitive){note}"
        return
    one, other = _container(before), _container(after)
    if one is not None and other is not None:
        lines = list(_json_changes("", one, other))
        if not lines:
            yield f"!     {path}: only the formatting of its JSON changes{note}"
            return
        yield f"!     {path}, in its JSON:{note}"
        yield from _cut([f"{line[0]}         {line[1:]}" for line in lines])
        return
    if _are_texts(before, after):
        yield f"!     {path}:{note}"
        yield from _cut([f"{line[0]}         {line[1:]}" for line in _text_changes(str(before), str(after))])
        return
    left, right = both_on_one_line(before, after)
    yield f"!     {path}: {left} → {right}{note}"


def _json_changes(path: str, before: Json, after: Json) -> Iterator[str]:
    """Yield what differs in two values of JSON, as `+path = value`, `-path = value` or `!path: one → other`."""
    if before == after:
        return
    inner, other = _inner(before), _inner(after)
    if isinstance(inner, dict) and isinstance(other, dict):
        for key in dict.fromkeys([*inner, *other]):
            yield from _member(_below(path, key), inner, other, key)
    elif isinstance(inner, list) and isinstance(other, list) and max(len(inner), len(other)) <= _MOST_COMPARED:
        yield from _list_changes(path, inner, other)
    else:
        left, right = both_on_one_line(before, after)
        yield f"!{path or 'all of it'}: {left} → {right}"


def _member(path: str, before: Mapping[str, Json], after: Mapping[str, Json], key: str) -> Iterator[str]:
    if key not in before:
        yield f"+{path} = {on_one_line(after[key])}"
    elif key not in after:
        yield f"-{path} = {on_one_line(before[key])}"
    else:
        yield from _json_changes(path, before[key], after[key])


def _below(path: str, key: str) -> str:
    plain = key if _PLAIN.fullmatch(key) else json.dumps(key)
    return f"{path}.{plain}" if path else plain


def _list_changes(path: str, before: Sequence[Json], after: Sequence[Json]) -> Iterator[str]:
    one, other = ([json.dumps(item, sort_keys=True) for item in items] for items in (before, after))
    for how, low, high, to_low, to_high in difflib.SequenceMatcher(a=one, b=other, autojunk=False).get_opcodes():
        if how == "equal":
            continue
        paired = min(high - low, to_high - to_low)
        for offset in range(paired):
            yield from _json_changes(f"{path}[{low + offset}]", before[low + offset], after[to_low + offset])
        yield from (f"-{path}[{i}] = {on_one_line(before[i])}" for i in range(low + paired, high))
        yield from (f"+{path}[{i}] = {on_one_line(after[i])}" for i in range(to_low + paired, to_high))


def _text_changes(before: str, after: str) -> Iterator[str]:
    for line in difflib.unified_diff(before.splitlines(), after.splitlines(), n=1, lineterm=""):
        if not line.startswith(("---", "+++", "@@")):
            yield line
    if before.splitlines() == after.splitlines():
        yield "!only the line breaks at its end change"


def _are_texts(before: PlanValue, after: PlanValue) -> bool:
    """Say whether two texts of several lines can be compared line by line in reasonable time."""
    both = (before, after)
    return all(
        isinstance(text, str) and len(text) <= _LONGEST_READ and text.count("\n") < _MOST_COMPARED for text in both
    ) and any("\n" in str(text).rstrip("\n") for text in both)


def _container(value: PlanValue) -> _Container | None:
    """Return the object or list that a text holds as JSON; None for any other text, and for one that is too deep to be shown."""
    if not isinstance(value, str) or len(value) > _LONGEST_READ or not value.lstrip().startswith(("{", "[")):
        return None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) and found and not _is_deep(found) else None


def _is_deep(value: Json) -> bool:
    level: list[Json] = [value]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


def _inner(value: Json) -> Json:
    """Return the JSON that a text inside JSON holds, as definitions of containers have it; else the value."""
    return _container(value) or value if isinstance(value, str) else value


def _bounded(sign: str, lines: Sequence[str]) -> Iterator[str]:
    return _cut([f"{sign}     {line}" for line in lines])


def _cut(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        yield f"          … and {len(lines) - MOST_LINES:,} more lines"


def _window(text: str, start: int) -> str:
    if len(text) <= LONGEST_VALUE:
        return text
    shown = text[start : start + LONGEST_VALUE]
    return f"{'…' if start else ''}{shown}{'…' if start + LONGEST_VALUE < len(text) else ''} ({len(text):,} characters)"


def _json(value: PlanValue) -> str:
    match value:
        case Masked() | UnknownUntilApply():
            return repr(value)
        case Mapping():
            return "{" + ", ".join(f"{json.dumps(key)}: {_json(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(_json(item) for item in value) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)
