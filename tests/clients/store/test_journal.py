"""The journal: what a write has returned from is found again, whole, whatever was written when the process or the machine died."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clients.store import Delivery
from bot.clients.store.journal import Journal

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HALF = 2048
PIECE = 32
"""Bytes of which a disk writes all or none, in any order; in truth they are more."""


def deliveries(*names: str) -> list[Delivery]:
    return [Delivery(name, "issue_comment", name.encode() * 20, NOW) for name in names]


def before_the_last_write(journal: Journal) -> None:
    """Leave both halves with something in them, the first over older records of the same length."""
    journal.begin()
    for name in ("older", "stale", "rusty"):
        journal.write(deliveries(name))
    journal.clear(journal.turn())
    journal.write(deliveries("other"))
    journal.turn()
    journal.write(deliveries("first"))


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """The file before and after a write."""
    path = tmp_path_factory.mktemp("journal") / "file"
    journal = Journal(path, HALF)
    before_the_last_write(journal)
    before = path.read_bytes()
    assert journal.write(deliveries("last", "of all"))
    journal.close(is_empty=False)
    return before, path.read_bytes()


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bytes], list[str]]:
    path = tmp_path_factory.mktemp("left") / "file"

    def found(image: bytes) -> list[str]:
        path.write_bytes(image)
        journal = Journal(path, HALF)
        names = journal.left()
        journal.close(is_empty=False)
        assert names == deliveries(*(one.id for one in names))
        return [one.id for one in names]

    return found


def test_what_was_written_is_found_oldest_half_first(
    images: tuple[bytes, bytes], left: Callable[[bytes], list[str]]
) -> None:
    before, after = images
    assert left(before) == ["other", "first"]
    assert left(after) == ["other", "first", "last", "of all"]


def test_a_write_that_was_cut_off_at_any_byte_is_not_there(
    images: tuple[bytes, bytes], left: Callable[[bytes], list[str]]
) -> None:
    before, after = images
    written = [at for at in range(len(after)) if before[at] != after[at]]
    assert len(written) > 100
    for cut in written:
        assert left(after[:cut] + before[cut:]) == ["other", "first"]
        assert left(after[:cut]) == ["first"]  # the file itself was cut, and its second half is gone


@given(data=st.data())
def test_a_write_of_which_any_pieces_reached_the_disk_is_there_whole_or_not_at_all(
    images: tuple[bytes, bytes], left: Callable[[bytes], list[str]], data: st.DataObject
) -> None:
    pairs = [tuple(image[at : at + PIECE] for image in images) for at in range(0, len(images[0]), PIECE)]
    differ = [at for at, (before, after) in enumerate(pairs) if before != after]
    reached = data.draw(st.sets(st.sampled_from(differ)))
    torn = b"".join(after if at in reached else before for at, (before, after) in enumerate(pairs))
    assert left(torn) == ["other", "first", *(["last", "of all"] if reached == set(differ) else [])]


def test_what_does_not_fit_is_not_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "file", HALF)
    journal.begin()
    names = [f"{number:05}" for number in range(100)]
    taken = [name for name in names if journal.write(deliveries(name))]
    assert taken == names[: len(taken)]
    assert 5 < len(taken) < 100
    assert journal.is_half_full
    journal.turn()
    assert not journal.is_half_full
    assert journal.write(deliveries("next"))
    assert [one.id for one in journal.left()] == []
    journal.close(is_empty=False)
    again = Journal(tmp_path / "file", HALF)
    assert [one.id for one in again.left()] == [*taken, "next"]
    again.close(is_empty=True)
    assert not (tmp_path / "file").exists()


def test_one_process_has_it(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "file")
    with pytest.raises(BlockingIOError):
        Journal(tmp_path / "file")
    (tmp_path / "file").unlink()
    assert not journal.is_there()
    other = Journal(tmp_path / "file")
    assert not journal.is_there()
    journal.close(is_empty=True)
    assert other.is_there()
    other.close(is_empty=True)
