"""Publish one clone into monorepos of growing size, against a full clone, commit and push by git."""

import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

from bot.core.rendering.assemble import assemble
from bot.service.commands.clone import Published, publish_clone
from tests.support import example
from tests.support.small_monorepo import REPOSITORY, SmallMonorepo, small_monorepo

SIZES = (10, 1_000)


def measure() -> list[tuple[str, float, str]]:
    """Return rows of (what, ratio to the baseline, baseline)."""
    rows = []
    for size in SIZES:
        with tempfile.TemporaryDirectory() as scratch, small_monorepo(Path(scratch)) as found:
            found.server.add_user("admin", REPOSITORY, "admin")
            _grow(found, size)
            baseline = _by_full_clone(found, Path(scratch) / "work")
            _publish(found, 0)  # the first fetch and the first look at every manifest
            warm = median(_publish(found, number) for number in range(1, 6))
            rows.append(
                (
                    f"one clone among {size:,} environments: {warm * 1000:.0f} ms",
                    warm / baseline,
                    "full clone, commit, push",
                )
            )
    return rows


def _grow(found: SmallMonorepo, size: int) -> None:
    files: dict[str, bytes | None] = {}
    for number in range(size):
        manifest = example.production().model_copy(update={"name": f"old-{number}"})
        for path, file in assemble(example.template(), manifest).items():
            files[f"envs/old-{number}/{path}"] = file.data
    found.server.commit(REPOSITORY, files, by="admin", message="Grow")


def _publish(found: SmallMonorepo, number: int) -> float:
    began = time.perf_counter()
    outcome = publish_clone(found.repository(), example.asked(f"new-{number}", number + 1))
    assert isinstance(outcome, Published), outcome
    return time.perf_counter() - began


def _by_full_clone(found: SmallMonorepo, work: Path) -> float:
    url = f"{found.server.url}/{REPOSITORY}.git".replace(
        "http://", f"http://x-access-token:{found.server.token('alice')}@"
    )

    def git(*words: str) -> None:
        subprocess.run(["git", *words], check=True, capture_output=True, timeout=300)

    began = time.perf_counter()
    git("clone", "-q", url, str(work))
    (work / "envs" / "plain").mkdir()
    (work / "envs" / "plain" / "main.tf").write_text("locals {}\n")
    git("-C", str(work), "add", "-A")
    git("-C", str(work), "-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x")
    git("-C", str(work), "push", "-q", "origin", "HEAD:refs/heads/plain")
    return time.perf_counter() - began
