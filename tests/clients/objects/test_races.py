"""Sixteen writers at once: never two winners, never a lost update."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from bot.clients.objects.store import Conflict, ObjectStore
from tests.clients.objects.places import ObjectPlace
from tests.clients.objects.racing import rounds_won

WRITERS = 16
STORES = 4
"""Making a client of a cloud takes longer than what it is asked here, and one is for several threads."""


def raced(place: ObjectPlace, act: Callable[[ObjectStore, int], object]) -> int:
    """Let all act at once, with several stores; return how many won."""
    stores = [place.store() for _ in range(STORES)]

    def wins(number: int) -> bool:
        try:
            act(stores[number % STORES], number)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(WRITERS) as pool:
        return sum(pool.map(wins, range(WRITERS)))


def test_of_those_who_create_one_wins(place: ObjectPlace) -> None:
    assert raced(place, lambda store, number: store.write("one", str(number).encode(), if_absent=True)) == 1


def test_of_those_who_replace_what_they_saw_one_wins(place: ObjectPlace) -> None:
    seen = place.store().write("one", b"at first")
    assert raced(place, lambda store, number: store.write("one", str(number).encode(), if_match=seen)) == 1


def test_of_those_who_delete_or_replace_what_they_saw_one_wins(place: ObjectPlace) -> None:
    seen = place.store().write("one", b"at first")

    def act(store: ObjectStore, number: int) -> None:
        if number % 2:
            store.delete("one", if_match=seen)
        else:
            store.write("one", str(number).encode(), if_match=seen)

    assert raced(place, act) == 1


@pytest.mark.whole
def test_no_update_is_lost(place: ObjectPlace) -> None:
    place.store().write("sum", b"0")

    def add(store: ObjectStore, number: int) -> None:
        while True:
            stored = store.read("sum")
            assert stored is not None
            try:
                store.write("sum", str(int(stored.data) + number).encode(), if_match=stored.etag)
            except Conflict:
                continue
            return

    assert raced(place, add) == WRITERS
    stored = place.store().read("sum")
    assert stored is not None
    assert int(stored.data) == sum(range(WRITERS))


@pytest.mark.whole
def test_of_writers_racing_in_processes_exactly_one_wins_each_round(tmp_path: Path) -> None:
    rounds, writers = 20, 4
    context = multiprocessing.get_context("spawn")
    with context.Pool(writers) as pool:
        wins = pool.starmap(rounds_won, [(tmp_path, rounds)] * writers)
    assert sum(wins) == rounds
