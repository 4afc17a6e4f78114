"""Publish one clone into monorepos of growing size, against git's own ways to add a directory, commit and push."""

import resource
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from bot.core.messages import replies
from bot.core.rendering.assemble import assemble
from bot.sandbox.github import GitHubServer
from bot.service.commands.clone import Published, publish_clone
from bot.service.context import ServiceContext
from bot.service.repository import repository_at_head
from tests.support import example
from tests.support.small_monorepo import REPOSITORY, small_monorepo

SIZES = (10, 1_000)
"""Environments. 10,000 are measured by `make bench ARGS=monorepo_large`: it takes some minutes."""

WAYS = {
    "full clone, commit, push": ("clone", "-q"),
    "shallow clone, commit, push": ("clone", "-q", "--depth=1"),
    "partial clone, sparse checkout, commit, push": ("clone", "-q", "--depth=1", "--filter=blob:none", "--sparse"),
}


def measure(sizes: Sequence[int] = SIZES) -> list[tuple[str, float, str]]:
    """Return rows of (what, ratio to the baseline, baseline)."""
    return [row for size in sizes for row in _measure(size)]


def _measure(size: int) -> list[tuple[str, float, str]]:
    # With a middleware, whichever, git fetches over HTTP, as it does from GitHub; tests fetch from disk.
    with tempfile.TemporaryDirectory() as scratch, small_monorepo(Path(scratch), lambda app: app) as found:
        found.server.add_user("admin", REPOSITORY, "admin")
        grow(found.server, size)
        bases = {way: by_git(found.server, Path(scratch) / f"work-{at}", *WAYS[way]) for at, way in enumerate(WAYS)}
        context = found.service.context
        first = _publish(context, 0)
        later = [_publish(context, number) for number in range(1, 6)]
        anew = replace(context, manifests={}, unreadable={}, remnants={}, seen={}, _mirrors={}, _branches={})
        ours = {
            "first clone": first,
            "first after a restart": _publish(anew, 6),
            "later ones": Took(median(each.seconds for each in later), median(each.busy for each in later)),
            "/list": _listed(anew),
        }
        anew.close()
    return [
        (
            f"{which} among {size:,} environments: {took}",
            took.seconds / base.seconds,
            f"{way} ({base})",
        )
        for which, took in ours.items()
        for way, base in bases.items()
    ]


def grow(server: GitHubServer, size: int) -> None:
    """Commit so many environments to the repository."""
    files: dict[str, bytes | None] = {}
    for number in range(size):
        manifest = example.production().model_copy(update={"name": f"old-{number}"})
        for path, file in assemble(example.template(), manifest).items():
            files[f"envs/old-{number}/{path}"] = file.data
    server.commit(REPOSITORY, files, by="admin", message="Grow")


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds by the clock, and of the processor: those of this process with its GitHub, and of git's processes that ended."""

    seconds: float
    busy: float

    def __str__(self) -> str:
        return f"{self.seconds:.2f} s, {self.busy:.2f} of the processor"


class _Watch:
    """Measures from when it is made."""

    def __init__(self) -> None:
        self._began, self._busy = time.perf_counter(), _busy()

    def read(self) -> Took:
        return Took(time.perf_counter() - self._began, _busy() - self._busy)


def _busy() -> float:
    return sum(sum(resource.getrusage(whose)[:2]) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


def _publish(context: ServiceContext, number: int) -> Took:
    watch = _Watch()
    repository = repository_at_head(context, REPOSITORY)
    outcome = publish_clone(repository, example.asked(f"new-{number}", number + 1))
    assert isinstance(outcome, Published), outcome
    return watch.read()


def _listed(context: ServiceContext) -> Took:
    """Make the text of `/list`, which knows everything already."""
    watch = _Watch()
    replies.listing(repository_at_head(context, REPOSITORY).inventory(), example.NOW)
    return watch.read()


def by_git(server: GitHubServer, work: Path, *clone: str) -> Took:
    token = server.token("admin")
    url = f"{server.url}/{REPOSITORY}.git".replace("http://", f"http://x-access-token:{token}@")

    def git(*words: str) -> None:
        subprocess.run(["git", *words], check=True, capture_output=True, timeout=300)

    watch = _Watch()
    git(*clone, url, str(work))
    if "--sparse" in clone:
        git("-C", str(work), "sparse-checkout", "set", "--sparse-index", "envs/plain")
    (work / "envs" / "plain").mkdir(parents=True)
    (work / "envs" / "plain" / "main.tf").write_text("locals {}\n")
    git("-C", str(work), "add", "envs/plain")
    git("-C", str(work), "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x")
    git("-C", str(work), "push", "-q", "origin", f"HEAD:refs/heads/{work.name}")
    return watch.read()
