"""Data as YAML text, as PyYAML writes it, with lists indented.

Its emitter takes ten milliseconds for a manifest, and a proof writes one for each environment. So what is plain (nested mappings and
lists of short values) is put together of pieces that PyYAML wrote once; all else is PyYAML's. That both write the same is a law.
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import yaml

WIDTH = 110
"""Columns at which PyYAML folds a line."""
_SHORT = WIDTH - 10
_REMEMBERED = 20_000


class _Dumper(yaml.SafeDumper):
    """SafeDumper that indents lists, so that what we write reads as people write it."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


class _NotPlain(Exception):
    """Something that only PyYAML writes."""


def text(data: dict[str, Any]) -> str:
    """Return data as YAML text."""
    try:
        return "".join(_mapping(data, 0, set())) if data else by_pyyaml(data)
    except _NotPlain:
        return by_pyyaml(data)


def by_pyyaml(data: object) -> str:
    """Return data as YAML text, by PyYAML's emitter alone."""
    return str(yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=WIDTH))


def _mapping(data: dict[Any, Any], indent: int, seen: set[int]) -> Iterator[str]:
    _once(data, seen)
    for key, value in data.items():
        if not isinstance(key, str):
            raise _NotPlain
        name = f"{' ' * indent}{_key(key)}:"
        if isinstance(value, dict) and value:
            yield f"{name}\n"
            yield from _mapping(value, indent + 2, seen)
        elif isinstance(value, list) and value:
            yield f"{name}\n"
            yield from _list(value, indent + 2, seen)
        else:
            yield _line(f"{name} ", value, seen)


def _list(items: list[Any], indent: int, seen: set[int]) -> Iterator[str]:
    _once(items, seen)
    dash = f"{' ' * indent}- "
    for item in items:
        if isinstance(item, dict) and item:
            lines = "".join(_mapping(item, indent + 2, seen))
            yield dash + lines[indent + 2 :]
        elif isinstance(item, list) and item:
            raise _NotPlain
        else:
            yield _line(dash, item, seen)


def _line(before: str, value: object, seen: set[int]) -> str:
    """Return the line of a value that fits into one."""
    if isinstance(value, dict | list):
        _once(value, seen)
        return f"{before}{'{}' if isinstance(value, dict) else '[]'}\n"
    if not isinstance(value, str | int | float | None) or (isinstance(value, str) and not _is_plain(value)):
        raise _NotPlain
    line = f"{before}{_scalar(value)}\n"
    if len(line) > _SHORT:
        raise _NotPlain
    return line


def _once(container: object, seen: set[int]) -> None:
    """Refuse what is the same object in two places: PyYAML writes an alias."""
    if id(container) in seen:
        raise _NotPlain
    seen.add(id(container))


@lru_cache(_REMEMBERED, typed=True)  # else 1 is True
def _scalar(value: str | float | None) -> str:
    return _only_line(by_pyyaml({"k": value}).removeprefix("k: "))


@lru_cache(_REMEMBERED)
def _key(key: str) -> str:
    if not _is_plain(key):
        raise _NotPlain
    return _only_line(by_pyyaml({key: 0})).removesuffix(": 0")


def _is_plain(text: str) -> bool:
    """Say whether a text is short, and has no line's end of Unicode's, after which PyYAML indents."""
    return len(text) <= _SHORT and text.isprintable()


def _only_line(written: str) -> str:
    line, end = written[:-1], written[-1:]
    if end != "\n" or "\n" in line or line.startswith(("?", "|", ">")):
        raise _NotPlain
    return line
