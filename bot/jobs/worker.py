"""The worker process: dispatcher, engine and heartbeat around one `JobsApi`."""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clients.store import JobStore
from bot.jobs.alone import OwnProcess
from bot.jobs.attempt import Patience
from bot.jobs.dispatcher import Dispatcher
from bot.jobs.engine import Engine, EngineLocation
from bot.jobs.figures import Figures
from bot.jobs.limits import watch
from bot.jobs.look_back import LookingBack
from bot.jobs.replicas import Heart
from bot.jobs.runner import JobRunner, Seen
from bot.jobs.step_attempts import StepAttempts
from bot.jobs.sweeper import Sweeper
from bot.jobs.traces import traces
from bot.service.event_jobs.look_back import LONGEST_LOOK_BACK
from bot.service.jobs_api import JobsApi
from bot.settings import Settings

log = logging.getLogger(__name__)

LOOK = 1.0
"""Seconds between two looks whether the engine's file is still there."""

LAST_SPANS = timedelta(seconds=5)
"""How long the end waits for a collector that does not answer: it delays a restart, and spans are no more than a help."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """How the worker stopped: whether all running steps ended in time."""

    finished: bool


def run_worker(
    settings: Settings, store: JobStore, work: JobsApi, stop: threading.Event, *, alone: OwnProcess
) -> Stopped:
    """Work until `stop` is set, then finish the steps that run; `alone` does a step apart. The caller ends the process by `os._exit`.

    Raises `StoreUnavailable` when another live process works under this replica's name, `UserError` if a library is missing.
    """
    replica = settings.replica_name
    store.hold(replica, settings.dead_after)
    figures = Figures(replica)
    seen = Seen(figures, traces(settings.traces_url, replica))
    silent_since = _silent_since(store, work.now())
    # The first heartbeat comes before the first job: who never beat would never be missed.
    store.beat(replica, figures.text())
    url = settings.database_url.get_secret_value() if settings.database_url else None
    attempts = StepAttempts(store, alone)
    engine = Engine(
        EngineLocation(url, settings.data_dir, replica, settings.concurrency),
        JobRunner(work, seen, Patience(), attempts),
    )
    dispatcher = Dispatcher(store, work, engine.submit, seen=seen, repositories=settings.repositories)
    heart = Heart(store, engine, work, figures)
    # The heart beats on while running steps end, so that nobody takes them over meanwhile.
    stopped = threading.Event()
    beating = threading.Thread(
        target=heart.run, args=(stopped, settings.heartbeat, settings.dead_after), name="heart", daemon=True
    )
    beating.start()
    threading.Thread(target=watch, args=(stopped, attempts.longest), name="watch", daemon=True).start()
    dispatching = threading.Thread(target=dispatcher.run, args=(stop,), name="dispatcher", daemon=True)
    dispatching.start()
    sweeper = Sweeper(work, engine.submit, settings)
    threading.Thread(target=sweeper.run, args=(stop,), name="sweeper", daemon=True).start()
    looking = LookingBack(work, engine.submit, settings, silent_since)
    threading.Thread(target=looking.run, args=(stop,), name="look back", daemon=True).start()
    log.info("working", extra={"action": "start", "replica": replica})
    while not stop.wait(LOOK):
        if engine.is_lost():
            # What was under way is found by the next worker's look back, and nothing of it is done twice.
            log.critical("the jobs' database was deleted: this worker ends", extra={"action": "lost"})
            stop.set()
    engine.gate.close(timedelta(0))  # no step begins any more, also while the dispatcher comes to its end
    log.info("stopping: %d steps run", engine.gate.running, extra={"action": "stop"})
    attempts.stop()
    # What a step returns can't be written down into a deleted file, so there is nothing to wait for.
    within = timedelta(0) if engine.is_lost() else settings.stop_within
    dispatching.join(within.total_seconds())
    finished = engine.gate.close(within)
    stopped.set()
    beating.join(5)
    engine.destroy()
    seen.traces.close(LAST_SPANS)
    log.info("stopped", extra={"action": "stop", "finished": finished})
    return Stopped(finished)


def _silent_since(store: JobStore, now: datetime) -> datetime:
    """Return when any worker was last alive; now when there never was one, for what was written before is not for us.

    Long ago if nobody knows, since the clock was put back: what was carried out is not carried out again.
    """
    silence = min((replica.silent_for for replica in store.replicas()), default=timedelta(0))
    return now - (silence if silence >= timedelta(0) else LONGEST_LOOK_BACK)
