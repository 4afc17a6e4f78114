"""DBOS, the durable engine, and its traps. Nothing else imports it; its version is pinned exactly.

- Its default serializer is pickle: ours is its portable JSON, so that jobs of old versions can always be read.
- Its default version is a hash of our source, and jobs of another version are left behind: ours is the work's, which changes by hand,
  and `adopt` lets jobs of another version start over under ours.
- Its default executor id is the same everywhere, and two of one id run each other's jobs: ours is the replica's name.
- It never puts SQLite into WAL: we do, before it opens the file.
- On Python >= 3.12 its timestamps are `unixepoch('subsec')`, which SQLite before 3.42 answers with NULL: such a SQLite gets ours.
- It does not take over a dead replica's jobs by itself: `recover` does, with a call that is not public.
- At each look at the queue it reads how that is registered, and puts a page of SQL together: with two calls that are not public either,
  it reads the first once, for that changes with a start alone, and looks for jobs only where one waits.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig, WorkflowStatus
from dbos._serialization import DBOSPortableJSON

from bot.clients.store.database_url import noticing_silence
from bot.clients.store.records import KEEP_DELIVERIES
from bot.clients.store.sqlite import file_at
from bot.jobs.figures import JobsNow
from bot.jobs.gate import StepGate
from bot.jobs.runner import JobRunner
from bot.model.pipeline import Json
from bot.service.jobs_api import JobRequest

log = logging.getLogger(__name__)

APPLICATION = "envclone"
QUEUE = "jobs"
WORKFLOW = "job"
POLLING = 0.1
"""Seconds between two looks at the queue. It is part of what people wait for."""

MOST_COUNTED = 10_000

KEEP_JOBS = KEEP_DELIVERIES
"""How long the key of a job that ended is known. Comments are looked for, and deliveries repeated, for three days at most."""

ENDED = ["SUCCESS", "ERROR"]
PRUNED_AT_ONCE = 500
"""Jobs in one transaction: it takes less than a tenth of a second, and jobs that run wait for no longer."""

CUT_OFF_FOR = 60.0
"""Seconds for which a job of ours that is under way must run nowhere. On a busy machine one takes seconds to begin."""

KNOWS_SUBSEC = (3, 42)
"""The first SQLite that knows `unixepoch('subsec')`."""


@dataclass(frozen=True, slots=True)
class EngineLocation:
    """Where jobs are kept, and who this is: `url` is PostgreSQL's or, with None, SQLite lies in `directory`."""

    url: str | None
    directory: Path
    replica: str
    concurrency: int

    @property
    def database(self) -> str:
        return noticing_silence(self.url) if self.url is not None else f"sqlite:///{self.directory / 'jobs.sqlite3'}"


class OldSqlite(sqlite3.Connection):
    """A connection of a SQLite before 3.42 that tells the time as the engine asks for it on Python >= 3.12."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Whole seconds, as the engine has them on Python 3.11. SQLite's own function is kept for two arguments and more.
        self.create_function("unixepoch", 1, lambda _: int(time.time()))


class Engine:
    """The engine of this process; there is one in a process (DBOS keeps global state)."""

    def __init__(self, place: EngineLocation, runner: JobRunner) -> None:
        self.gate = StepGate()
        self._runner = runner
        self._replica = place.replica
        self._running: set[str] = set()
        self._missing: dict[str, float] = {}
        self._unrecorded: set[str] = set()
        self._version = runner.version
        self._quiet_logs()
        self._file = place.directory / "jobs.sqlite3" if place.url is None else None
        if self._file is not None:
            _into_wal(self._file)
            self._opened = file_at(self._file)
        config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_url": place.database,
            "application_version": self._version,
            "executor_id": place.replica,
            "serializer": DBOSPortableJSON,
            "log_level": "WARNING",
            # Each running or waiting job holds a thread; 8 more are ample for DBOS's own few.
            "max_executor_threads": place.concurrency + 8,
        }
        if place.url is None and sqlite3.sqlite_version_info < KNOWS_SUBSEC:
            config["db_engine_kwargs"] = {"connect_args": {"factory": OldSqlite}}
        engine = DBOS(config=config)

        # A function, not a method: DBOS hangs attributes on it.
        def job(request: dict[str, Json]) -> dict[str, Json]:
            return self._run(JobRequest.model_validate(request))

        DBOS.workflow(name=WORKFLOW)(job)
        DBOS.launch()
        _look_first(engine._sys_db)
        DBOS.register_queue(
            QUEUE,
            worker_concurrency=place.concurrency,
            partition_concurrency=1,
            polling_interval_sec=POLLING,
            on_conflict="always_update",
        )
        _read_once(engine._sys_db)
        self.adopt([place.replica])

    def submit(self, request: JobRequest) -> None:
        """Write a job down. One whose key is known already is not made again."""
        DBOS.enqueue_workflow_with_options(
            {
                "workflow_name": WORKFLOW,
                "queue_name": QUEUE,
                "workflow_id": request.key,
                "queue_partition_key": request.partition,
                "app_version": self._version,
            },
            request.model_dump(mode="json"),
        )

    def _run(self, request: JobRequest) -> dict[str, Json]:
        from sqlalchemy.exc import DBAPIError  # noqa: PLC0415 - the engine has it loaded by now

        self._running.add(request.key)
        try:
            return self._runner.run(request, _Checkpoints(self.gate, self.submit))
        except DBAPIError:
            self._unrecorded.add(request.key)
            raise
        finally:
            self._running.discard(request.key)

    def revive(self) -> int:
        """Let our jobs begin anew that the database, full or away, cut off: they run no more, and nobody would go on; return how many.

        Called again and again. What is missing for a minute is not just about to begin, or to be queued again after a restart.
        """
        now = time.monotonic()
        states: dict[str, Any] = {"name": WORKFLOW, "load_input": False, "load_output": False}
        pending = DBOS.list_workflows(status="PENDING", executor_id=self._replica, app_version=self._version, **states)
        missing = {job.workflow_id: job for job in pending if job.workflow_id not in self._running}
        since = {key: self._missing.get(key, now) for key in missing}
        lost = [job for key, job in missing.items() if now - since[key] >= CUT_OFF_FOR]
        for job in lost:
            DBOS.cancel_workflow(job.workflow_id)
        if self._unrecorded:
            lost += DBOS.list_workflows(status="ERROR", workflow_ids=[*self._unrecorded], **states)
        for job in lost:
            self._begin_anew(job)
        begun = {job.workflow_id for job in lost}
        self._missing = {key: seen for key, seen in since.items() if key not in begun}
        self._unrecorded -= begun
        return len(lost)

    def recover(self, replicas: Sequence[str]) -> int:
        """Put the jobs of dead replicas back into the queue; return how many. May be repeated, by any replica."""
        # Not public in 3.4; `tests/jobs/test_engine.py` fails if it moves.
        return self.adopt(replicas) + len(DBOS._recover_pending_workflows(list(replicas)))

    def adopt(self, replicas: Sequence[str]) -> int:
        """Let jobs of another version that wait, or that these replicas left behind, begin anew under ours; return how many.

        What their steps returned is forgotten, for it may have another shape; what the steps made they find. Their keys stay, so none
        is made a second time. Killed in between, a job is cancelled and not yet queued again: it is found by that.
        """
        states = ["ENQUEUED", "PENDING", "CANCELLED"]
        found = DBOS.list_workflows(name=WORKFLOW, status=states, load_input=False, load_output=False)
        old = [
            job
            for job in found
            if job.app_version != self._version and (job.status != "PENDING" or job.executor_id in replicas)
        ]
        for job in old:
            DBOS.cancel_workflow(job.workflow_id)
            self._begin_anew(job)
        if old:
            log.info("%d jobs of another version start over", len(old), extra={"action": "adopt"})
        return len(old)

    def _begin_anew(self, job: WorkflowStatus) -> None:
        DBOS.rewind_workflow(
            job.workflow_id,
            application_version=self._version,
            queue_name=QUEUE,
            queue_partition_key=job.queue_partition_key,
        )

    def prune(self, older_than: timedelta = KEEP_JOBS) -> int:
        """Forget jobs that ended longer ago, with what their steps returned; return how many."""
        until = (datetime.now(UTC) - older_than).isoformat()
        count = 0
        while found := DBOS.list_workflows(
            name=WORKFLOW,
            status=ENDED,
            completed_before=until,
            limit=PRUNED_AT_ONCE,
            load_input=False,
            load_output=False,
        ):
            DBOS.delete_workflows([one.workflow_id for one in found])
            count += len(found)
        return count

    def jobs_now(self) -> JobsNow:
        """Count the jobs that wait and those that run, over all replicas."""
        found = DBOS.list_queued_workflows(queue_name=QUEUE, limit=MOST_COUNTED, load_input=False, load_output=False)
        since = [(one.created_at or 0) / 1000 for one in found if one.status != "PENDING"]
        oldest = max(0.0, time.time() - min(since)) if since else 0.0
        return JobsNow(waiting=len(since), running=len(found) - len(since), oldest=timedelta(seconds=oldest))

    def is_lost(self) -> bool:
        """Say whether the file was deleted: then no job is written down any more, and only a start makes it anew."""
        return self._file is not None and file_at(self._file) != self._opened

    def destroy(self) -> None:
        """Close the database. Unfinished jobs resume at the next start.

        Threads of parked and waiting jobs are left behind, so the process must be ended by `os._exit`.
        """
        DBOS.destroy(workflow_completion_timeout_sec=0)

    def _quiet_logs(self) -> None:
        """Let the engine's lines go our way, without the advice that SQLite is for development (see the module's text)."""
        logger = logging.getLogger("dbos")
        logger.addHandler(logging.NullHandler())  # else it adds a handler of its own
        logger.addFilter(lambda record: "SQLite" not in record.getMessage())


class _Checkpoints:
    """`Memory` by the engine: an act is a step of DBOS's, its outcome is written down when it returns."""

    forgets = False

    def __init__(self, gate: StepGate, submit: Callable[[JobRequest], None]) -> None:
        self._gate = gate
        self._submit = submit

    def remember(self, name: str, act: Callable[[], dict[str, Json]]) -> dict[str, Json]:
        # The gate is held until the outcome is written down, not just until the act is over.
        with self._gate.step():
            result: dict[str, Any] = DBOS.run_step({"name": name}, act)
        return result

    def sleep(self, seconds: float) -> None:
        # As the engine's own does, but for what `left` says.
        time.sleep(left(DBOS.run_step({"name": "sleep"}, lambda: time.time() + seconds), seconds))

    def follow(self, request: JobRequest) -> None:
        self._submit(request)


def left(until: float, seconds: float) -> float:
    """Return what is left of a wait of so many seconds. By a clock that is a day late a minute would become a day."""
    return min(seconds, max(0.0, until - time.time()))


def _look_first(database: Any) -> None:
    """Let the engine take jobs out of a queue, ours or its own, only when some wait there.

    What it asks for that is a page of SQL, put together anew at each look: 4 % of a core where nothing happens, for each worker.
    """
    from sqlalchemy import bindparam  # noqa: PLC0415 - the engine has it loaded by now

    # Not public in 3.4; `tests/jobs/test_engine.py` fails if it moves.
    jobs, whole = database.tables.workflow_status, database.dequeue_scopes
    waiting = jobs.select().with_only_columns(jobs.c.queue_name).limit(1)
    waiting = waiting.where(jobs.c.queue_name == bindparam("queue"), jobs.c.status == "ENQUEUED")

    def scopes(queue: str) -> list[str | None]:
        with database.engine.connect() as connection:
            nothing_waits = connection.execute(waiting, {"queue": queue}).first() is None
        return [] if nothing_waits else whole(queue)

    database.dequeue_scopes = scopes


def _read_once(database: Any) -> None:
    """Let the engine remember how this process has registered the queue: a third of what a worker takes where nothing happens."""
    # Not public in 3.4; `tests/jobs/test_engine.py` fails if it moves.
    ours, read = database.get_queue(QUEUE), database.get_queue
    database.get_queue = lambda name, **given: ours if name == QUEUE and not given else read(name, **given)


def _into_wal(path: Path) -> None:
    """Switch a SQLite file to write-ahead logging, which it then stays in: twice the jobs a second, and reads that never wait."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path, timeout=30)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
