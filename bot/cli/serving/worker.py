"""The worker process: `python -m bot.cli.serving.worker`. Started by `envclone serve`."""

import logging
import os
import sys
from collections.abc import Callable

from bot.cli.serving.composition import service
from bot.cli.serving.processes import start, told_to_stop
from bot.clients.filler import fill_in_a_child
from bot.clients.store import StoreUnavailable, open_store
from bot.clients.transient import Transient
from bot.errors import UserError
from bot.jobs.worker import run_worker
from bot.service.jobs_api import JobsApi
from bot.settings import Settings

log = logging.getLogger(__name__)


def main(work_of: Callable[[Settings], JobsApi] | None = None) -> int:
    """Work until told to stop; running steps end, the rest goes on at the next start."""
    settings = start()
    stop = told_to_stop()
    fill_in_a_child()
    url = settings.database_url.get_secret_value() if settings.database_url else None
    try:
        store = open_store(url, settings.data_dir)
        run_worker(settings, store, work_of(settings) if work_of else service(settings, store), stop)
    except (StoreUnavailable, Transient, UserError) as error:
        log.critical("can't work: %s", error)
        return 1
    return 0


def end(status: int) -> None:
    """End the process at once. Parked jobs hold threads that never return; they go on at the next start."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


if __name__ == "__main__":
    end(main())
