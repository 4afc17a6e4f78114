"""A worker of the product's own work, whose time is what a file says: `python -m tests.jobs.expiring CLOCK`."""

import sys
from datetime import datetime
from pathlib import Path

from bot.cli.serving.composition import service
from bot.cli.serving.worker import end, main
from bot.clients.store import open_store
from bot.service.router import Router
from bot.settings import Settings


def work(settings: Settings) -> Router:
    found = service(settings, open_store(None, settings.data_dir))
    found.context.now = lambda: datetime.fromisoformat(Path(sys.argv[1]).read_text())
    found.context.own_clock = found.context.now
    return found


if __name__ == "__main__":
    end(main(work))
