"""What was seen lately is said at once; a look that takes its time is not waited for, and is not doubled."""

import threading
from datetime import timedelta

from bot.web.last_said import LastSaid

AT_ONCE, LONG, NEVER = timedelta(0), timedelta(minutes=5), timedelta(days=1)


class Gate:
    """A look that ends when it is let go, and counts."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.looks = 0

    def __call__(self) -> str:
        self.looks += 1
        assert self.open.wait(LONG.total_seconds())
        return f"look {self.looks}"


def test_an_answer_serves_until_it_is_old() -> None:
    gate = Gate()
    gate.open.set()
    often, seldom = LastSaid(gate, fresh=AT_ONCE), LastSaid(gate, fresh=NEVER)
    assert [often(LONG), often(LONG)] == ["look 1", "look 2"]
    assert [seldom(LONG), seldom(LONG)] == ["look 3", "look 3"]


def test_nobody_waits_for_a_slow_look_which_all_share_and_its_answer_is_kept() -> None:
    gate = Gate()
    last_said = LastSaid(gate, fresh=NEVER)
    assert [last_said(AT_ONCE), last_said(AT_ONCE)] == [None, None]
    gate.open.set()
    assert last_said(LONG) == "look 1"
    assert gate.looks == 1


def test_the_last_answer_serves_while_the_next_look_takes_its_time_but_not_for_ever() -> None:
    gate = Gate()
    gate.open.set()
    patient, strict = LastSaid(gate, fresh=AT_ONCE, usable=NEVER), LastSaid(gate, fresh=AT_ONCE, usable=AT_ONCE)
    assert patient(LONG) == "look 1"
    assert strict(LONG) is None, "an answer of no use"
    gate.open.clear()
    assert patient(AT_ONCE) == "look 1"
    gate.open.set()


def test_a_look_that_breaks_is_tried_again() -> None:
    looks, broke = iter([0]), threading.Event()
    last_said = LastSaid(lambda: f"look {1 // next(looks, 1)}")
    before, threading.excepthook = threading.excepthook, lambda _: broke.set()
    try:
        assert last_said(LONG) is None
        assert broke.wait(LONG.total_seconds()), "the thread says so after those who wait were told"
    finally:
        threading.excepthook = before
    assert last_said(LONG) == "look 1"
