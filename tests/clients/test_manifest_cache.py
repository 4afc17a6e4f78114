"""What was read once, kept across restarts."""

import gc
import stat
from pathlib import Path

import pytest

from bot.clients.manifest_cache import ManifestCache, many_made
from tests.support import example

ONE, TWO, THREE = "1" * 40, "2" * 40, "3" * 40


def test_what_was_written_is_read_by_another_process_of_the_same_user_alone(tmp_path: Path) -> None:
    path, manifest = tmp_path / "new" / "manifests.sqlite3", example.production()
    ManifestCache(path).write({ONE: manifest})
    assert ManifestCache(path).read([ONE, TWO]) == {ONE: manifest}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    cache, manifest = ManifestCache(tmp_path / "manifests.sqlite3", most=2), example.production()
    for tree in (ONE, TWO, THREE):
        cache.write({tree: manifest})
    assert set(cache.read([ONE, TWO, THREE])) == {TWO, THREE}


def test_what_is_damaged_is_lost_and_nothing_else_happens(tmp_path: Path) -> None:
    path, manifest = tmp_path / "manifests.sqlite3", example.production()
    path.write_bytes(b"this is no database, however long it is" * 100)
    cache = ManifestCache(path)
    assert cache.read([ONE]) == {}
    cache.write({ONE: manifest})
    assert cache.read([ONE]) == {ONE: manifest}


def fails_while_many_are_made() -> None:
    with many_made():
        with many_made():
            pass
        assert not gc.isenabled(), "the outer one has not ended"
        raise LookupError


def test_the_search_for_garbage_goes_on_after_many_manifests_were_made_and_after_a_failure() -> None:
    assert gc.isenabled()
    with pytest.raises(LookupError):
        fails_while_many_are_made()
    assert gc.isenabled()
