"""A state on its way to another place: wherever the move was broken off, it is finished, and no other state is written over."""

import json
from typing import Any

import pytest

from bot.core.ledger.state_move import StateMove, emptied_copy, moving
from bot.errors import Unverifiable, UserError
from bot.names import StepName

NET = StepName("net")
THING = {"mode": "managed", "type": "terraform_data", "name": "main", "instances": [{"attributes": {"id": "1"}}]}


def state(serial: int = 3, lineage: str = "a", *, empty: bool = False, **more: object) -> bytes:
    held = {"resources": [] if empty else [THING], "outputs": {} if empty else {"id": {"value": "1"}}}
    return json.dumps({"version": 4, "serial": serial, "lineage": lineage, **held, **more}).encode()


def read(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(data)
    return found


@pytest.mark.parametrize(
    ("there", "over", "serial"),
    [(b"", False, 4), (b"\n", False, 4), (state(9, empty=True), True, 10), (state(1, "b", empty=True), True, 4)],
    ids=["nothing", "an empty line", "what was emptied when it moved away", "what was destroyed"],
)
def test_it_is_written_where_nothing_is_and_then_emptied_where_it_was(there: bytes, over: bool, serial: int) -> None:
    move = moving(state(), there, NET)
    assert (read(move.present), move.over) == ({**read(state()), "serial": serial}, over)
    emptied = read(move.former)
    assert (emptied["resources"], emptied["outputs"], emptied["serial"], emptied["lineage"]) == ([], {}, 4, "a")
    assert "THING" not in repr(move)
    # Broken off after either of the two, it is done once what is left is done; some backends give it a lineage of their own.
    for copied in (move.present, json.dumps({**read(move.present), "serial": 1, "lineage": "c"}).encode()):
        assert moving(state(), copied, NET) == StateMove(former=move.former)
        assert moving(move.former, copied, NET).is_done


def test_nothing_moves_where_nothing_is_or_both_places_are_one() -> None:
    for former, present in ((b"", b""), (b"", state()), (state(empty=True), state()), (state(), state())):
        assert moving(former, present, NET).is_done


def test_another_state_is_not_written_over_and_what_is_no_state_is_not_moved() -> None:
    other = state(4, "b", resources=[{**THING, "name": "other"}])
    with pytest.raises(UserError, match="`net` can't be moved here: there is another state"):
        moving(state(), other, NET)
    # A copy whose move was broken off may meet its serial again, when an earlier version was applied in between.
    for serial in (3, 4, 9):
        with pytest.raises(UserError, match=r"a copy of it with serial \d.*Destroy neither"):
            moving(state(4), state(serial, resources=[THING, {**THING, "name": "other"}]), NET)
    for wrong in (b"<html>", b"[]", b'{"serial": "many"}'):
        with pytest.raises(Unverifiable):
            moving(wrong, b"", NET)


def test_a_copy_that_was_left_on_the_way_is_emptied_and_nothing_else() -> None:
    left = moving(state(), b"", NET).present
    there = moving(state(), b"", NET, [left, b"", state(9, "b")]).present
    assert read(there)["serial"] == 10, "none of the copies has it"
    assert moving(state(), there, NET, [left]) == StateMove(former=moving(state(), b"", NET).former)
    emptied = read(emptied_copy(left, there, NET))
    assert (emptied["resources"], emptied["outputs"], emptied["serial"], emptied["lineage"]) == ([], {}, 5, "a")
    of_its_own = json.dumps({**read(left), "serial": 1, "lineage": "c"}).encode()
    assert read(emptied_copy(of_its_own, there, NET))["lineage"] == "c"
    another = state(4, "b", resources=[{**THING, "name": "other"}])
    for kept in (there, b"", state(empty=True), another):
        assert emptied_copy(kept, there, NET) == b""
