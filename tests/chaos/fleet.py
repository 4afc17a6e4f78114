"""The service as it runs: one process group on SQLite, or several replicas on a PostgreSQL that each reaches by a network of its own."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.database import Network, network
from tests.chaos.disk import Disk, disk
from tests.postgres import Cluster, cluster
from tests.support.needs import allowed
from tests.support.serving import Serving, serving
from tests.support.small_monorepo import REPOSITORY

LEASES = {"ENVCLONE_HEARTBEAT": "2s", "ENVCLONE_DEAD_AFTER": "6s"}
"""So that others take over within seconds."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """Replicas, and the networks between them and the database if it is a PostgreSQL; else the disk that it lies on, if we may mount one."""

    replicas: Sequence[Serving]
    networks: Sequence[Network] = ()
    cluster: Cluster | None = None
    disk: Disk | None = None

    @property
    def first(self) -> Serving:
        """The replica whose GitHub and log stand for all: they share the repository."""
        return self.replicas[0]

    def calm(self) -> None:
        """Let every replica and every network go on."""
        if self.disk is not None:
            self.disk.free()
        for each in self.replicas:
            each.go_on()
        for between in self.networks:
            between.mend()


@contextmanager
def fleet(directory: Path, count: int) -> Iterator[Fleet]:
    """Run so many replicas; one has no PostgreSQL."""
    directory.mkdir()
    looks = {"ENVCLONE_LOOK_BACK_EVERY": "2s", "ENVCLONE_SWEEP_EVERY": "2s", "ENVCLONE_REPOSITORIES": REPOSITORY}
    with allowed({"e2e", "postgres"}), ExitStack() as stack:
        if count == 1:
            small = stack.enter_context(disk(directory / "data"))
            yield Fleet([stack.enter_context(serving(directory, **looks))], disk=small)
            return
        database = stack.enter_context(cluster())
        name = database.url().partition("?")[0]
        places = [database.directory / f"n{number}" for number in range(count)]
        networks = [stack.enter_context(network(place, database.directory)) for place in places]
        variables = [{**looks, **LEASES, "ENVCLONE_DATABASE_URL": f"{name}?host={place}"} for place in places]
        first = stack.enter_context(serving(directory, **variables[0]))
        others = [first.replica(f"replica-{n}", directory, **variables[n]) for n in range(1, count)]
        for each in others:
            stack.callback(each.kill)
            each.start()
        yield Fleet([first, *others], networks, database)
