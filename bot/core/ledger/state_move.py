"""How the state of a renamed stack gets from where it was to where it belongs, so that it may be begun again anywhere.

It is written in its new place, with a higher serial; then the former place is emptied. So it is never in no place, and of two places that hold
it the former one is known. Both may be one place, as with a state that is older than its environment: only then do they hold the very same, since a
copy has a higher serial. A place that holds anything else is never written over.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.errors import Unverifiable, UserError
from bot.names import StepName


@dataclass(frozen=True, slots=True)
class StateMove:
    """What is still to be written: the state in its new place, perhaps `over` an empty one of another lineage, and the empty one in the former place.

    Both hold nothing where nothing is left to do.
    """

    present: bytes = field(default=b"", repr=False)
    over: bool = False
    former: bytes = field(default=b"", repr=False)

    @property
    def is_done(self) -> bool:
        return not self.former


def moving(former: bytes, present: bytes, stack: StepName, copies: Sequence[bytes] = ()) -> StateMove:
    """Return what is left to do, by what both places hold. Raises `UserError` where another state is in the way, `Unverifiable`.

    `copies` are what other places hold, where a run may have left a copy: the state gets a serial that none of them has.
    """
    before, now = _read(former, stack), _read(present, stack)
    if not _holds(before):
        return StateMove()
    serial = int(before.get("serial", 0))
    emptied = _emptied(before)
    if not _holds(now):
        highest = max(serial, *(int(_read(each, stack).get("serial", 0)) for each in (present, *copies)))
        moved = _written({**before, "serial": highest + 1})
        return StateMove(moved, over=bool(now), former=emptied)
    if now == before:
        return StateMove()  # one place; a serial alone may be met again by a copy that was left behind
    # Some backends give a state that is new to them a lineage and a serial of its own.
    if all(now.get(part) == before.get(part) for part in ("resources", "outputs")):
        return StateMove(former=emptied)
    if now.get("lineage") == before.get("lineage"):
        raise UserError(
            f"The state of `{stack}` can't be moved here: in its place there is a copy of it with serial {now.get('serial')}, and in its former place "
            f"it has serial {serial} and other contents. Compare both with `terraform state list`, and delete the outdated one where it is stored; then "
            "run this again. Destroy neither: they name the same resources."
        )
    raise UserError(
        f"The state of `{stack}` can't be moved here: there is another state with resources in its place. Find out whose it is with "
        "`terraform state list`; if nothing in it is needed, destroy that first, then run this again."
    )


def emptied_copy(copy: bytes, present: bytes, stack: StepName) -> bytes:
    """Return what to write where a copy was left, by what lies there and in the state's place; nothing if that is no copy. Raises `Unverifiable`."""
    left, now = _read(copy, stack), _read(present, stack)
    if not _holds(left) or left == now:
        return b""  # what is the very same lies in one place, since a copy has another serial
    same = left.get("lineage") == now.get("lineage") or all(
        left.get(part) == now.get(part) for part in ("resources", "outputs")
    )
    return _emptied(left) if same else b""


def _emptied(state: dict[str, Any]) -> bytes:
    serial = int(state.get("serial", 0)) + 1
    return _written({**state, "serial": serial, "resources": [], "outputs": {}, "check_results": None})


def _holds(state: dict[str, Any]) -> bool:
    return bool(state.get("resources") or state.get("outputs"))


def _read(data: bytes, stack: StepName) -> dict[str, Any]:
    if not data.strip():
        return {}
    try:
        state = json.loads(data)
        int(state.get("serial", 0))
    except (ValueError, TypeError, AttributeError):
        raise Unverifiable(f"The state of `{stack}` could not be read, so it is not moved") from None
    found: dict[str, Any] = state
    return found


def _written(state: dict[str, Any]) -> bytes:
    return json.dumps(state, indent=2).encode()
