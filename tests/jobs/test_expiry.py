"""Forty days with two replicas on PostgreSQL, which are killed now and then, and a clock that sometimes goes back."""

import random
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from bot.core.rendering.assemble import assemble
from bot.core.requests.clone import Draft, draft_clone
from bot.model.environment import Manifest
from bot.names import RepositoryName
from bot.sandbox.github import GitHubServer
from tests.jobs.workers import Workers
from tests.postgres import Cluster
from tests.support import example
from tests.support.preloaded import Preloaded
from tests.support.small_monorepo import monorepo, place

REPOSITORY = RepositoryName("acme/infra")
START, DAY = example.NOW, timedelta(days=1)
LIVES = {"demo-a": 9 * DAY, "demo-b": 20 * DAY, "qa-one": 21 * DAY, "load-1": 35 * DAY}
WRONG_CLOCK, KILLED = (4, 22, 40), (5, 17, 29)
DUE = {int((life - before) / DAY) for life in LIVES.values() for before in (3 * DAY, DAY, timedelta())}
DAYS = sorted({0, 1, 2, *WRONG_CLOCK, *KILLED, *DUE})
"""A sweep on a day on which nothing is due and nobody interferes shows no more than the first two."""

pytestmark = pytest.mark.postgres


class Replicas(Workers):
    """Workers that read the time from a file."""

    @property
    def clock(self) -> Path:
        return self.directory / "clock"

    def program(self) -> list[str]:
        return ["tests.jobs.expiring", str(self.clock)]

    def set(self, moment: datetime) -> None:
        fresh = self.directory / "clock.new"
        fresh.write_text(moment.isoformat())
        fresh.rename(self.clock)

    def count_working(self) -> int:
        """How often a replica has said that it works."""
        return sum('"working"' in line for line in self.log.read_text().splitlines()) if self.log.exists() else 0

    def was_swept(self, moment: datetime) -> bool:
        slot = int(moment.timestamp() // DAY.total_seconds())
        return any(
            f"sweep-{REPOSITORY}-{slot}" in line and "job done" in line for line in self.log.read_text().splitlines()
        )


def clones(issue: int) -> Iterator[Manifest]:
    for name, life in LIVES.items():
        drafted = draft_clone(example.asked(name), example.base())
        assert isinstance(drafted, Draft)
        manifest = drafted.manifest
        assert manifest.request is not None
        request = manifest.request.model_copy(update={"issue": issue, "repository": REPOSITORY})
        yield manifest.model_copy(update={"expires_at": START + life, "request": request})


@contextmanager
def town(directory: Path) -> Iterator[tuple[GitHubServer, str]]:
    """Serve a repository in which the clones live, asked for in its first issue; yield the bot's token."""
    root = monorepo(directory / "monorepo")
    for manifest in clones(issue=1):
        place(root / "envs" / manifest.name, assemble(example.template(), manifest))
    server = GitHubServer(directory / "github")
    server.create_repository(REPOSITORY, source=root)
    server.add_user("alice", REPOSITORY, "write")
    token = server.add_user("envclone-bot", REPOSITORY, "write")
    with server.running():
        assert server.open_issue(REPOSITORY, "We need clones", by="alice") == 1
        yield server, token


def proposed(server: GitHubServer) -> Counter[str]:
    return Counter(pull.title for pull in server.pulls(REPOSITORY))


def said(server: GitHubServer) -> Counter[tuple[str, str]]:
    bodies = [comment.body for comment in server.comments(REPOSITORY, 1)]
    parts = [body.splitlines()[0].removesuffix(" -->").split(":") for body in bodies if "<!-- envclone:expiry:" in body]
    return Counter((part[2], part[-1]) for part in parts)


def expected(now: datetime) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """What must have come about by now, each once."""
    ends = {name: START + life for name, life in LIVES.items()}
    times: Mapping[str, timedelta] = {"warn-3d": 3 * DAY, "warn-1d": DAY, "ended": timedelta()}
    titles = Counter(f"Destroy {name}, which has expired" for name, end in ends.items() if now >= end)
    return titles, Counter(
        (name, what) for name, end in ends.items() for what, before in times.items() if now >= end - before
    )


def test_over_forty_days_each_warning_and_each_end_comes_once(tmp_path: Path, postgres: Cluster) -> None:
    chance = random.Random(7)
    with town(tmp_path) as (server, token):
        pool = Replicas(
            tmp_path,
            {
                "ENVCLONE_DATABASE_URL": postgres.database(),
                "ENVCLONE_GITHUB_API_URL": f"{server.url}/api/v3",
                "ENVCLONE_GITHUB_TOKEN": token,
                "ENVCLONE_REPOSITORIES": REPOSITORY,
                "ENVCLONE_SWEEP_EVERY": "1d",
                "ENVCLONE_DEAD_AFTER": "60s",  # and so long it may take until the name of whoever was killed is free again
            },
        )

        def start(name: str) -> None:
            before = pool.count_working()
            alive[name] = pool.start(ENVCLONE_REPLICA=name, ENVCLONE_DATA_DIR=str(tmp_path / name))
            # Else a slow start would leave only one replica for days.
            pool.wait(lambda: pool.count_working() > before, f"{name} works")

        try:
            pool.set(START)
            alive: dict[str, Preloaded] = {}
            for name in ("one", "two"):
                start(name)
            for day in DAYS:
                now = START + day * DAY
                if day in WRONG_CLOCK:
                    pool.set(now - 5 * DAY)  # somebody sets the clock wrong for a while
                    pool.wait(lambda: pool.was_swept(now - 5 * DAY), "a sweep of a past day")  # noqa: B023
                pool.set(now)
                if day in KILLED:
                    name = chance.choice(sorted(alive))
                    alive[name].kill()
                    alive[name].wait()
                    start(name)
                pool.wait(lambda: pool.was_swept(now), f"the sweep of day {day}")  # noqa: B023
                pool.wait(lambda: (proposed(server), said(server)) == expected(now), f"what is due on day {day}")  # noqa: B023
            assert [pool.stop(worker) for worker in alive.values()] == [0, 0]
        finally:
            pool.kill_all()
        assert (proposed(server), said(server)) == expected(START + 40 * DAY)
        assert set(said(server).values()) == {1}
