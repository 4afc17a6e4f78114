"""Objects beside the Terraform state: reviews and ledgers, written by compare-and-swap so that two writers can't both win.

etag = store.write("reviews/demo-x/….json", data, if_absent=True)
store.write("reviews/demo-x/….json", newer, if_match=etag)
"""

import re
from dataclasses import dataclass
from typing import Protocol

from bot.names import shown

_SEGMENT = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]{1,128}"
_KEY = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT}){{0,9}}")


class Conflict(Exception):
    """Somebody else wrote the object first; read it again and decide anew."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object's bytes, and the tag of exactly this content for `if_match`."""

    data: bytes
    etag: str


class ObjectStore(Protocol):
    """Objects by key. Keys are paths of letters, digits, `.`, `_` and `-`; anything else is a `ValueError`.

    Both verbs raise `Unverifiable` when the answer can't be known (no access, no connection).
    """

    def read(self, key: str) -> StoredObject | None:
        """Return the object, or None when there is none."""
        ...

    def write(self, key: str, data: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        """Write the object and return its tag.

        `if_match`: only over the content with this tag; `if_absent`: only where there is none. Raises `Conflict`.
        """
        ...


def checked_key(key: str) -> str:
    if _KEY.fullmatch(key) is None:
        raise ValueError(f"{shown(key)} is not a valid object key")
    return key
