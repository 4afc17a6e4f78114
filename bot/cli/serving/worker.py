"""The worker process: `python -m bot.cli.serving worker`. Started by `envclone serve`."""

import logging
import os
import signal
import sys
import time
from collections.abc import Callable

from bot.cli.serving.composition import service
from bot.cli.serving.processes import is_told_to_begin, start, told_to_stop
from bot.clients.children.filler import fill_in_a_child
from bot.clients.store import JobStore, StoreUnavailable, open_store
from bot.clients.transient import Transient
from bot.errors import UserError
from bot.jobs.alone import ALONE, OwnProcess, StepUnderWay, answer, be_first_to_go
from bot.jobs.limits import limit_memory
from bot.jobs.step_attempts import TAKEN_BACK_WITHIN
from bot.service.jobs_api import JobsApi
from bot.settings import Settings

log = logging.getLogger(__name__)


def main(work_of: Callable[[Settings], JobsApi] | None = None) -> int:
    """Work until told to stop; running steps end, the rest goes on at the next start. With `ALONE`, do one step."""
    is_alone = ALONE in sys.argv
    if is_alone:
        be_first_to_go()
    else:
        # With the engine: half of what a start costs, and a step alone needs none.
        from bot.jobs.worker import run_worker  # noqa: PLC0415
    settings = start()
    limit_memory()
    fill_in_a_child()

    def work(store: JobStore) -> JobsApi:
        return work_of(settings) if work_of else service(settings, store)

    try:
        if is_alone:
            # The worker lets running steps end, so what tells it to stop is not for us. (Ignored signals would be so for git, too.)
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, lambda *_: None)
            known = _store(settings)
            answer(lambda: work(known), lambda step: _take_back(known, step))
        else:
            if not is_told_to_begin():
                return 0
            stop = told_to_stop()
            store = _store(settings)
            alone = OwnProcess([sys.executable, *sys.orig_argv[1:], ALONE])
            run_worker(settings, store, work(store), stop, alone=alone)
    except (StoreUnavailable, Transient, UserError) as error:
        log.critical("can't work: %s", error)
        return 1
    return 0


def _take_back(store: JobStore, step: StepUnderWay) -> None:
    """Let the death of the worker count nothing: it was killed and we were not, so it was not the step's doing.

    Tried again while the next worker waits for it: whoever kills may have filled the disk as well.
    """
    until = time.monotonic() + TAKEN_BACK_WITHIN
    while True:
        try:
            store.forgive(step.request.key, step.deaths)
        except StoreUnavailable:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
        else:
            return


def _store(settings: Settings) -> JobStore:
    url = settings.database_url.get_secret_value() if settings.database_url else None
    return open_store(url, settings.data_dir)


def end(status: int) -> None:
    """End the process at once. Parked jobs hold threads that never return; they go on at the next start."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def run() -> None:
    """Be the worker process."""
    end(main())
