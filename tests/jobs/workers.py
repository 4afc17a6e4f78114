"""Worker processes to be killed, and what they left behind."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from bot.clients.store import Delivery, JobStore
from tests.jobs.counting import STEPS, CountingWork
from tests.support.needs import require
from tests.support.patience import PATIENCE
from tests.support.preloaded import Preloaded
from tests.web.serving import comment


class Workers:
    """Starts `tests.jobs.counting` over one directory, and kills what is left at the end."""

    def __init__(self, directory: Path, environment: Mapping[str, str]) -> None:
        self.directory = directory
        self.work = CountingWork(directory / "work")
        self.log = directory / "worker.log"
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ENVCLONE_")},
            "ENVCLONE_DATA_DIR": str(directory / "data"),
            "ENVCLONE_HEARTBEAT": "1s",
            "ENVCLONE_DEAD_AFTER": "3s",
            "ENVCLONE_STOP_WITHIN": f"{PATIENCE}s",
            **environment,
        }
        self._started: list[Preloaded] = []

    def start(self, *words: str, **environment: str) -> Preloaded:
        """Start a worker; a job may end all of its session."""
        require("e2e", "postgres")
        module, *said = self.program()
        worker = Preloaded(module, [*said, *words], {**self._environment, **environment}, self.log)
        self._started.append(worker)
        return worker

    def program(self) -> list[str]:
        """Return the module that is run, and what it is given."""
        return ["tests.jobs.counting", str(self.directory / "work")]

    def kill_all(self) -> None:
        for worker in self._started:
            if worker.poll() is None:
                worker.kill()
            worker.wait()

    def stop(self, worker: Preloaded) -> int:
        """Stop gracefully; return the exit code."""
        worker.send_signal(signal.SIGTERM)
        return worker.wait(PATIENCE)

    @property
    def runs(self) -> list[list[str]]:
        """Every run of a step: partition, key, step, process id."""
        return [line.split() for line in self.work.notes("runs")]

    @property
    def effects(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in (self.directory / "work" / "effects").iterdir()}

    @property
    def answers(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in (self.directory / "work" / "answers").iterdir()}

    @property
    def overlaps(self) -> list[str]:
        return self.work.notes("overlaps")

    def wait(self, is_so: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        are_gone = False
        while not is_so():
            if time.monotonic() > deadline or are_gone:
                raise AssertionError(f"never happened: {what}\nanswers: {self.answers}\n{self.log.read_text()[-3000:]}")
            time.sleep(0.05)
            # Before the next look: what the last one does at its end has come about.
            are_gone = all(worker.poll() is not None for worker in self._started)


@contextmanager
def workers(directory: Path, **environment: str) -> Iterator[Workers]:
    """Yield workers that are all gone when the block ends."""
    found = Workers(directory, environment)
    try:
        yield found
    finally:
        found.kill_all()


def order(store: JobStore, jobs: Mapping[int, str]) -> None:
    """Write down a delivery for each comment id and partition."""
    now = datetime.now(UTC)
    new = store.append(
        [Delivery(f"delivery-{id_}", "issue_comment", comment(id_, f"/work {name}"), now) for id_, name in jobs.items()]
    )
    assert all(new)


def expected(jobs: Mapping[int, str]) -> dict[str, str]:
    """All effects of these jobs, each once."""
    return {f"comment-{id_}.{step}": f"{step}\n" for id_ in jobs for step in STEPS}
