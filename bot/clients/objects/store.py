"""Objects beside the Terraform state: reviews and ledgers, written by compare-and-swap so that two writers can't both win.

    etag = store.write("reviews/demo-x/….json", data, if_absent=True)
    store.write("reviews/demo-x/….json", newer, if_match=etag)

Every store leaves the decision of a race to the place that holds the objects, and gives the same answers:
`tests/clients/objects` asks the same questions of all of them. Races that are accepted:

- A `Conflict` may be about our own write: its answer was lost, and it was sent again. Read, and decide by what is there.
- Writing again what is there already may leave the tag as it is, so two who read the same may both write the same bytes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from bot.clouds.store_address import SEGMENT
from bot.errors import Unverifiable
from bot.names import shown

_KEY = re.compile(rf"{SEGMENT}(?:/{SEGMENT}){{0,9}}")

NO_PLACE = "the bucket or container does not exist"
DENIED = "access was denied"

NO_TAGS = frozenset({"", "*"})
"""What HTTP's `If-Match` takes for no condition, and for any content: neither is the tag of what somebody read."""


class Conflict(Exception):
    """Somebody else wrote the object first; read it again and decide anew."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object's bytes, and the tag of exactly this content for `if_match`."""

    data: bytes
    etag: str


@dataclass(frozen=True, slots=True)
class StoreBounds:
    """How long a store waits, how often it asks, and how many keys it lists at once.

    An object here is a few hundred KB, so 30 s without a byte is an outage. Five attempts outlast a cloud's usual moments of
    overload, and all of it ends well before the lease that is being written does (`bot.core.ledger.lease.LENGTH`).
    """

    connect: timedelta = timedelta(seconds=10)
    answer: timedelta = timedelta(seconds=30)
    attempts: int = 5
    page: int = 1000


USUAL = StoreBounds()


class ObjectStore(Protocol):
    """Objects by key. Keys are paths of letters, digits, `.`, `_`, `-` and `:`; anything else is a `ValueError`.

    No part of a key begins or ends with a dot, or begins with `:`. (Terraform keeps workspaces below `env:/`.) All verbs raise `Unverifiable` when the answer can't be known (no such bucket,
    no access, no connection).
    """

    @property
    def server(self) -> str:
        """Return the address of whoever answers, which says what time it is there; nothing if it is this machine."""
        ...

    def read(self, key: str) -> StoredObject | None:
        """Return the object, or None when there is none."""
        ...

    def write(self, key: str, data: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        """Write the object and return its tag.

        `if_match`: only over the content with this tag; `if_absent`: only where there is none. Raises `Conflict`.
        """
        ...

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        """Delete the object; one that is not there is deleted already.

        `if_match`: only the content with this tag, else `Conflict`, also where there is none.
        """
        ...

    def keys(self, below: str = "") -> Sequence[str]:
        """Return the keys below this path (`reviews/demo-x` has not those of `reviews/demo-x2`), or all, in order."""
        ...


def checked_key(key: str) -> str:
    """Return the key if every store takes it. Raises `ValueError`."""
    if _KEY.fullmatch(key) is None:
        raise ValueError(f"{shown(key)} is not a valid object key")
    return key


def placed(prefix: str, key: str) -> str:
    """Return the key as it is called in a bucket that is shared with others."""
    return f"{prefix}/{checked_key(key)}" if prefix else checked_key(key)


def listing_prefix(prefix: str, below: str) -> str:
    """Return what the names of all objects below a path begin with."""
    parts = [part for part in (prefix, below and checked_key(below)) if part]
    return "".join(f"{part}/" for part in parts)


def relative(names: Sequence[str], prefix: str) -> Sequence[str]:
    """Return the keys of objects in a bucket, in order; what nobody of ours could have written is left out."""
    start = f"{prefix}/" if prefix else ""
    return sorted(key for name in names if _KEY.fullmatch(key := name.removeprefix(start)))


def unverifiable(verb: str, place: str, reason: str) -> Unverifiable:
    """Return the error of an answer that is not known, in the same words for every store."""
    return Unverifiable(f"{place} could not be {verb}: {reason}")


def conflict(place: str) -> Conflict:
    """Return the error of a race that was lost, in the same words for every store."""
    return Conflict(f"{place} was written by somebody else")
