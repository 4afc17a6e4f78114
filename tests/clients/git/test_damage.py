"""A mirror that is damaged while the service runs, or between two starts, is made anew by the next fetch."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.clients.git.damage import STALE
from bot.clients.git.mirror import Mirror
from bot.clients.git.remote import GitFailed
from tests.clients.git.conftest import run
from tests.clients.git.test_mirror import publication


def emptied(files: str) -> Callable[[Path], None]:
    def empty(place: Path) -> None:
        for each in filter(Path.is_file, place.glob(files)):
            each.chmod(0o644)
            each.write_bytes(b"")

    return empty


def cut_packs(place: Path) -> None:
    run("git", "--git-dir", str(place), "repack", "-a", "-d", "-q")
    for each in place.glob("objects/pack/*.pack"):
        each.chmod(0o644)
        each.write_bytes(each.read_bytes()[:40])


DAMAGES: dict[str, Callable[[Path], None]] = {
    "empty objects": emptied("objects/??/*"),
    "cut packs": cut_packs,
    "no objects": lambda place: shutil.rmtree(place / "objects"),
    "an empty HEAD": emptied("HEAD"),
    "empty refs": emptied("refs/heads/*"),
    "nothing left": shutil.rmtree,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_mirror_is_made_anew(remote: Path, mirror: Mirror, damage: str) -> None:
    DAMAGES[damage](mirror.path)
    mirror.fetch("main")
    published = mirror.publish(publication(mirror))
    assert run("git", "-C", str(remote), "rev-parse", "envclone/demo-x") == published
    DAMAGES[damage](mirror.path)
    again = Mirror(mirror.path, str(remote), lambda: ("x-access-token", "none"))
    again.fetch("main")
    assert again.proposals() == {"demo-x": published}
    again.close()


@pytest.mark.parametrize("aside", [-1, 1], ids=["old", "of the future, for the clock was put back"])
def test_the_lock_of_a_killed_git_is_removed_once_it_can_be_nobody_s(remote: Path, mirror: Mirror, aside: int) -> None:
    run("git", "-C", str(remote), "update-ref", "refs/heads/envclone/demo-x", "refs/heads/main")
    lock = mirror.path / "refs/heads/envclone/demo-x.lock"
    lock.parent.mkdir(parents=True)
    lock.touch()
    with pytest.raises(GitFailed, match="File exists"):
        mirror.fetch("main")
    long_ago = lock.stat().st_mtime + aside * (STALE + 1)
    os.utime(lock, (long_ago, long_ago))
    mirror.fetch("main")
    assert "demo-x" in mirror.proposals()
