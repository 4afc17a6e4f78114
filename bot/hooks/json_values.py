"""Assertions on JSON: what must stand where, by JSON pointer (RFC 6901)."""

import json
from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from bot.model.pipeline import Json
from bot.names import shown

Pointer = Annotated[str, Field(pattern=r"^(/([^~/]|~[01])*)*$")]

_MISSING = object()


def difference(document: Json, expected: Mapping[str, Json]) -> str | None:
    """Return what is not as expected, in words, or None."""
    for pointer, value in expected.items():
        if (found := _at(document, pointer)) != value:
            there = "nothing" if found is _MISSING else "something else"
            return f"{shown(pointer)} is {there} instead of {shown(json.dumps(value))}"
    return None


def _at(document: Json, pointer: str) -> object:
    """Return what the pointer leads to, or `_MISSING`."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict) and key in document:
            document = document[key]
        elif isinstance(document, list) and key.isdecimal() and int(key) < len(document):
            document = document[int(key)]
        else:
            return _MISSING
    return document
