"""A repository as the service reads it: its default branch, and itself at another commit."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import FrameType

import pytest

from bot.core.rendering.assemble import assemble
from bot.names import EnvironmentName
from bot.service.repository import repository_at_head
from tests.support import example
from tests.support.small_monorepo import MAINTAINER, REPOSITORY, SmallMonorepo

PRODUCTION = EnvironmentName("production")


def test_the_default_branch_is_the_one_that_github_names(place: SmallMonorepo) -> None:
    context = place.service.context
    repo = place.repository()
    assert repo.branch == context.github.default_branch(repo.name) == repo.mirror.default_branch() == "main"


@pytest.mark.sample
def test_at_another_commit_it_is_as_it_was_there(place: SmallMonorepo) -> None:
    before = place.repository()
    files: dict[str, bytes | None] = {f"envs/production/{path}": None for path in before.environment(PRODUCTION)}
    commit = place.server.commit(REPOSITORY, files, by=MAINTAINER, message="Remove it")
    after = place.repository()
    assert after.commit == commit
    assert after.manifest(PRODUCTION) is None
    assert after.at(before.commit).manifest(PRODUCTION) == before.manifest(PRODUCTION) is not None
    assert after.environment(PRODUCTION) == {}
    assert "environment.yaml" in after.at(before.commit).environment(PRODUCTION)


@pytest.mark.sample
def test_many_manifests_are_read_in_one_process_and_after_a_restart_from_what_was_kept(place: SmallMonorepo) -> None:
    _grow(place, 5)
    first = place.repository().read_inventory()
    assert len(first.inventory.live) == 6
    assert not first.findings
    context = place.service.context
    started = replace(context, manifests={}, unreadable={}, remnants={}, seen={})
    git_starts: list[Sequence[str]] = []
    with watched_programs(git_starts):
        again = repository_at_head(started, REPOSITORY).read_inventory()
    assert again == first
    assert [words for words in git_starts if "cat-file" in words and "--buffer" in words] == []
    (context.mirrors_directory / "manifests.sqlite3").write_bytes(b"no database")
    lost = replace(context, manifests={}, unreadable={}, remnants={}, seen={})
    with watched_programs(git_starts):
        assert repository_at_head(lost, REPOSITORY).read_inventory() == first
    assert len([words for words in git_starts if "cat-file" in words and "--buffer" in words]) == 1


def test_one_manifest_among_many_that_can_not_be_read_is_named_and_stops_no_other(place: SmallMonorepo) -> None:
    _grow(place, 4)
    files: dict[str, bytes | None] = {"envs/old-1/environment.yaml": b"name: [", "envs/old-2/environment.yaml": None}
    place.server.commit(REPOSITORY, files, by="admin", message="Break two")
    reading = place.repository().read_inventory()
    assert {*reading.inventory.live} == {"production", "old-0", "old-3"}
    assert {finding.path for finding in reading.findings} == {*files}


def test_a_directory_without_a_manifest_is_somebody_elses(place: SmallMonorepo) -> None:
    place.server.add_user("admin", REPOSITORY, "admin")
    files: dict[str, bytes | None] = {"envs/modules/main.tf": b"", "envs/Old_Stuff/main.tf": b"", "envs/README.md": b""}
    place.server.commit(REPOSITORY, files, by="admin", message="Other things")
    repo = place.repository()
    reading = repo.read_inventory()
    assert reading.findings == ()
    assert reading.inventory.unmanaged == {"modules", "Old_Stuff"}
    assert repo.names() == ["production"]
    listed = place.say("/list") or ""
    assert "In `envs/`, but no environments, because they have no environment.yaml: `Old_Stuff`, `modules`." in listed
    refused = place.say("/clone production as modules for demo") or ""
    assert "`envs/modules` already exists and is not an environment" in refused
    assert "/clone production as modules-2 for demo" in refused
    assert "`demo-x` is being planned" in (place.say("/clone production as demo-x for demo") or "")


def test_an_environment_that_lost_its_manifest_is_not_taken_for_somebody_elses(place: SmallMonorepo) -> None:
    _grow(place, 2)
    place.server.commit(REPOSITORY, {"envs/old-0/environment.yaml": None}, by="admin", message="Lose one")
    reading = place.repository().read_inventory()
    assert [finding.path for finding in reading.findings] == ["envs/old-0/environment.yaml"]
    assert reading.inventory.unmanaged == set()
    gone: dict[str, bytes | None] = dict.fromkeys(
        f"envs/old-1/{path}" for path in place.repository().environment(EnvironmentName("old-1"))
    )
    place.server.commit(REPOSITORY, gone, by="admin", message="Remove the other")
    place.server.commit(REPOSITORY, {"envs/old-1/main.tf": b""}, by="admin", message="Another's, of its name")
    assert place.repository().read_inventory().inventory.unmanaged == {"old-1"}


def _grow(place: SmallMonorepo, count: int) -> None:
    place.server.add_user("admin", REPOSITORY, "admin")
    files: dict[str, bytes | None] = {}
    for number in range(count):
        manifest = example.production().model_copy(update={"name": f"old-{number}"})
        files |= {
            f"envs/old-{number}/{path}": file.data for path, file in assemble(example.template(), manifest).items()
        }
    place.server.commit(REPOSITORY, files, by="admin", message="Grow")


@contextmanager
def watched_programs(started: list[Sequence[str]]) -> Iterator[None]:
    """Note the argument lists of the programs that this thread starts, by the interpreter's own profiling hook."""

    def look(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code is subprocess.Popen.__init__.__code__:
            started.append(frame.f_locals["args"])

    sys.setprofile(look)
    try:
        yield
    finally:
        sys.setprofile(None)
