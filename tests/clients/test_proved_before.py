"""What was proved is not proved again; whatever the proof depends on makes another one of it."""

from pathlib import Path

import pytest

from bot.clients.proved_before import ProvedBefore, users_cache
from bot.model.roots import DEFAULT, Roots
from tests.support import example

TREES = {"production": "1" * 40, "demo-x": "2" * 40}


def test_what_was_kept_is_known_to_the_next_command(tmp_path: Path) -> None:
    ProvedBefore(tmp_path, DEFAULT).keep(TREES, {"production": example.production()})
    assert ProvedBefore(tmp_path, DEFAULT).among(TREES) == {"production": example.production()}


@pytest.mark.parametrize(
    ("trees", "roots"),
    [
        ({"production": "3" * 40}, DEFAULT),
        ({"another": "1" * 40}, DEFAULT),
        (TREES, Roots(environments="live", templates="templates")),
    ],
)
def test_another_content_name_or_place_is_not_proved(tmp_path: Path, trees: dict[str, str], roots: Roots) -> None:
    ProvedBefore(tmp_path, DEFAULT).keep(TREES, {"production": example.production()})
    assert ProvedBefore(tmp_path, roots).among(trees) == {}


def test_where_nothing_can_be_kept_nothing_is_known_and_nothing_fails(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = ProvedBefore(tmp_path / "file" / "below", DEFAULT)
    cache.keep(TREES, {"production": example.production()})
    assert cache.among(TREES) == {}


def test_the_users_cache_is_where_the_user_has_caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert users_cache() == tmp_path / "envclone"
    monkeypatch.setenv("XDG_CACHE_HOME", ".cache")
    assert users_cache() == Path.home() / ".cache" / "envclone", "no directory of the checkout"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert users_cache() == Path.home() / ".cache" / "envclone"
