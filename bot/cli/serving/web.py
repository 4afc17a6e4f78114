"""The web process: `python -m bot.cli.serving web PUBLIC OPERATIONS`, two listening sockets. Started by `envclone serve`."""

import logging
import resource
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial

import uvicorn
from starlette.types import ASGIApp

from bot.cli.serving.github_account import github_client
from bot.cli.serving.processes import start, told_to_stop
from bot.clients.github import GitHubRefused
from bot.clients.store import StoreUnavailable, open_store
from bot.clients.transient import Transient
from bot.errors import UserError
from bot.settings import Settings
from bot.web.app import WEBHOOK, TakesDeliveries, create_app, create_operations_app
from bot.web.connections import HEADER_ROOM, BoundedProtocol, ConnectionLimits, Connections
from bot.web.deliveries import DeliveryProtocol
from bot.web.health import OK
from bot.web.last_said import LastSaid
from bot.web.metrics import Metrics

log = logging.getLogger(__name__)

BACKLOG = 512
"""Connections that the kernel keeps for us. asyncio accepts all of them in one go, before any can be closed."""

OTHER_FILES = 64
"""Database, log, sockets of the loops: what the process has open beside its connections."""

OPERATIONS = ConnectionLimits(connections=32, request_bytes=HEADER_ROOM)
"""Probes and Prometheus need a handful."""


def main() -> int:
    """Take deliveries until told to stop."""
    settings = start()
    url = settings.database_url.get_secret_value() if settings.database_url else None
    try:
        store = open_store(url, settings.data_dir, takes_deliveries=True)
    except StoreUnavailable as error:
        log.critical("the database can't be used: %s", error)
        return 1
    metrics = Metrics(store, settings.dead_after)
    limits = ConnectionLimits(_affordable(settings.max_connections), settings.max_body + HEADER_ROOM)
    public = bounded_server(create_app(settings, store, metrics), limits, settings)
    operations = bounded_server(
        create_operations_app(settings, store, metrics, asks_github(settings)), OPERATIONS, settings
    )
    with (
        socket.socket(fileno=int(sys.argv[1])) as listener,
        socket.socket(fileno=int(sys.argv[2])) as inside,
        _in_thread(operations, inside),
    ):
        serve(settings, public, listener)
    store.close()
    return 0


def asks_github(settings: Settings) -> LastSaid:
    """Return what asks GitHub whether it takes the service's credentials, now and then. Only who asks loads a client of GitHub's."""
    client = cache(lambda: github_client(settings))

    def look() -> str:
        try:
            client().check()
        except (GitHubRefused, Transient, UserError) as error:
            return str(error).partition("\n")[0]
        return OK

    return LastSaid(look)


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


def bounded_server(app: ASGIApp, limits: ConnectionLimits, settings: Settings) -> uvicorn.Server:
    """Return uvicorn for an application, with bounds on what its connections may cost."""
    connections = Connections(limits)
    protocol: Callable[..., BoundedProtocol] = (
        partial(DeliveryProtocol, connections, WEBHOOK, app.webhook)
        if isinstance(app, TakesDeliveries)
        else partial(BoundedProtocol, connections)
    )
    config = uvicorn.Config(
        app,
        http=protocol,  # type: ignore[arg-type] # it calls what is meant as a class
        backlog=BACKLOG,
        log_config=None,
        access_log=False,
        loop="asyncio",
        server_header=False,
        date_header=True,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=int(settings.stop_within.total_seconds()) or 1,
    )
    return uvicorn.Server(config)


@contextmanager
def _in_thread(server: uvicorn.Server, listener: socket.socket) -> Iterator[None]:
    """Serve from a thread with a loop of its own until the block ends: no flood of deliveries delays a probe."""
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="operations")
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


def _affordable(connections: int) -> int:
    """Return how many connections the process may have open, after asking for as many files as they need."""
    need = connections + BACKLOG + OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < need:
        soft = need if hard == resource.RLIM_INFINITY else min(need, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= need:
        return connections
    fewer = max(soft // 2 - OTHER_FILES, 1)
    log.warning("at most %d connections: the limit of open files is %d", fewer, soft, extra={"action": "limit"})
    return fewer


def run() -> None:
    """Be the web process."""
    sys.exit(main())
