"""The web process: `python -m bot.cli.serving.web FD`, where FD is a listening socket. Started by `envclone serve`."""

import logging
import signal
import socket
import sys
import threading

import uvicorn

from bot.cli.serving.processes import start, told_to_stop
from bot.clients.store import StoreUnavailable, open_store
from bot.settings import Settings
from bot.web.app import create_app

log = logging.getLogger(__name__)


def main() -> int:
    """Take deliveries until told to stop."""
    settings = start()
    url = settings.database_url.get_secret_value() if settings.database_url else None
    try:
        store = open_store(url, settings.data_dir)
    except StoreUnavailable as error:
        log.critical("the database can't be used: %s", error)
        return 1
    with socket.socket(fileno=int(sys.argv[1])) as listener:
        serve(settings, uvicorn.Server(_config(settings, create_app(settings, store))), listener)
    store.close()
    return 0


def serve(settings: Settings, server: uvicorn.Server, listener: socket.socket) -> None:
    """Run uvicorn until told to stop; requests under way get their answers."""
    stop = told_to_stop()

    def end() -> None:
        stop.wait()
        server.should_exit = True

    threading.Thread(target=end, name="stop", daemon=True).start()
    # uvicorn takes the signals over and raises them again when it has ended; by then nothing is left to be told.
    server.run(sockets=[listener])
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    log.info("stopped", extra={"action": "stop", "within": settings.stop_within})


def _config(settings: Settings, app: object) -> uvicorn.Config:
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        ws="none",
        timeout_graceful_shutdown=int(settings.stop_within.total_seconds()) or 1,
    )


if __name__ == "__main__":
    sys.exit(main())
