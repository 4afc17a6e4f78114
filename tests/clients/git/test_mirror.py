"""Pushes as compare-and-swap, against a bare repository of real git."""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.clients.git.claims import claim_ref
from bot.clients.git.mirror import Mirror
from bot.clients.git.refusals import GitRefused
from bot.clients.git.remote import Moved
from bot.clients.git.trees import Author, Publication
from bot.core.rendering.inventory import Claim
from bot.core.tree import File, tree_id
from bot.names import ParameterName
from tests.clients.git.conftest import run

CLAIM = Claim(ParameterName("network"), "10.64.0.0/20")


def publication(mirror: Mirror) -> Publication:
    parent = mirror.head("main")
    assert parent is not None
    author = Author("envclone", "envclone@example.com")
    at = datetime(2026, 11, 1, tzinfo=UTC)
    files = {"main.tf": File(b"")}
    return Publication(parent, {"envs/demo-x": files}, "envclone/demo-x", None, {CLAIM: None}, "Clone", author, at)


def waiting(mirror: Mirror) -> int:
    """Return how many threads have asked for a fetch and wait for their turn."""
    frames = [frame for frame in sys._current_frames().values() if frame.f_code is Mirror.fetch.__code__]
    return sum(frame.f_locals.get("self") is mirror and "asked" in frame.f_locals for frame in frames)


def test_jobs_that_arrive_while_a_fetch_is_under_way_share_the_next_one(tmp_path: Path, remote: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()
    fetches: list[float] = []

    def credentials() -> tuple[str, str]:  # asked for once for each fetch
        fetches.append(time.monotonic())
        begun.set()
        assert go_on.wait(60)
        return "x-access-token", "none"

    mirror = Mirror(tmp_path / "mirror.git", str(remote), credentials)
    with ThreadPoolExecutor(6) as pool:
        jobs = [pool.submit(mirror.fetch, "main")]
        assert begun.wait(60)
        jobs += [pool.submit(mirror.fetch, "main") for _ in range(5)]
        end = time.monotonic() + 60
        while waiting(mirror) < 5:
            assert time.monotonic() < end
            time.sleep(0.01)
        go_on.set()
        for job in jobs:
            job.result(60)
    mirror.close()
    assert len(fetches) == 2


def before_the_transaction(remote: Path, line: str) -> None:
    """Let the server run `line` once it has compared the leases, and before it writes the refs."""
    hook = remote / "hooks" / "pre-receive"
    hook.write_text(f"#!/bin/sh\nunset GIT_QUARANTINE_PATH\n{line}\n")
    hook.chmod(0o755)


def test_a_claim_that_another_push_takes_at_the_same_moment_has_moved(remote: Path, mirror: Mirror) -> None:
    before_the_transaction(remote, f"git update-ref {claim_ref(CLAIM)} {mirror.head('main')}")
    assert mirror.publish(publication(mirror)) == Moved((claim_ref(CLAIM),))
    assert run("git", "-C", str(remote), "for-each-ref", "--format=%(refname)", "refs/heads") == "refs/heads/main"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("no", "Whoever runs the server can exempt"),
        ("error: GH013: Repository rule violations found for refs/heads/x.", "the ruleset's bypass list"),
        ("error: GH006: Protected branch update failed for refs/heads/x.", "Let the App push there"),
    ],
)
def test_a_push_that_a_rule_of_the_server_refuses_is_not_tried_again(
    remote: Path, mirror: Mirror, said: str, told: str
) -> None:
    before_the_transaction(remote, f"echo '{said}' >&2; exit 1")
    with pytest.raises(GitRefused) as refused:
        mirror.publish(publication(mirror))
    assert told in str(refused.value)
    assert said.removeprefix("error: ") in str(refused.value)


def test_a_symlink_is_pushed_as_one_and_read_as_what_it_leads_to(remote: Path, mirror: Mirror) -> None:
    files = {"app/main.tf": File(b"x"), "web/main.tf": File(b"x", link="../app/main.tf")}
    commit = mirror.publish(replace(publication(mirror), directories={"envs/demo-x": files}))
    assert isinstance(commit, str)
    [line] = run("git", "-C", str(remote), "ls-tree", commit, "envs/demo-x/web/").splitlines()
    assert line.startswith("120000 blob ")
    assert mirror.read_tree(commit, "envs/demo-x") == files
    assert run("git", "-C", str(remote), "rev-parse", f"{commit}:envs/demo-x") == tree_id(files)


def test_a_tag_is_what_the_remote_has_now(remote: Path, mirror: Mirror) -> None:
    head = mirror.head("main") or ""
    assert mirror.tagged("v1") is None
    run("git", "-C", str(remote), "tag", "v1", head)
    person = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    run("git", "-C", str(remote), *person, "tag", "--annotate", "--message=Two", "v2", head)
    assert (mirror.tagged("v1"), mirror.tagged("v2")) == (head, head)
    run("git", "-C", str(remote), "tag", "--delete", "v1")
    assert mirror.tagged("v1") is None
