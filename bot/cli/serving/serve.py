"""`envclone serve`: a web process and a worker process, kept alive.

They are two because jobs in the web process would delay acknowledgements tenfold. The supervisor owns the listening sockets: while a
web process that died is started again, connections wait in their queues instead of being refused.
"""

import contextlib
import errno
import logging
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Annotated

import typer

from bot.cli.console import edge
from bot.cli.serving.processes import BEGIN, INVALID, LIFELINE, start, told_to_stop
from bot.settings import Settings

log = logging.getLogger(__name__)

SOON = 0.5
LATEST = 30.0
"""Seconds before a child that died is started again: the first time, and at most (doubled each time)."""

HEALTHY = 60.0
"""A child that lived for so many seconds is started again soon."""

LOOK = 0.1

_LISTEN_INSTEAD = {
    errno.EADDRINUSE: " Another program does. Set {} to a free port, or to 0 for any.",
    errno.EADDRNOTAVAIL: " Set the host beside it to an address of this machine.",
    errno.EACCES: " Set {} to a port above 1023.",
}
"""What to do about an address that can't be listened on."""


@dataclass(slots=True)
class ServedProcess:
    """A process that is to be there, and since when."""

    name: str
    command: list[str]
    descriptors: tuple[int, ...] = ()
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    due: float = 0.0
    wait: float = field(default=SOON)

    def load(self) -> None:
        """Let the process read its code; a worker then waits until it may begin."""
        # The pipe ends when we do, and the child then stops by itself.
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, pass_fds=self.descriptors, bufsize=0)

    def begin(self) -> None:
        """Let it do its work."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.started = time.monotonic()
        with contextlib.suppress(BrokenPipeError):  # it died; the next look says so
            self.process.stdin.write(BEGIN)
        log.info("started", extra={"action": "start", "child": self.name, "pid": self.process.pid})

    def look(self) -> None:
        """Start the child when it is due; note its death and when it is due again."""
        now = time.monotonic()
        if self.process is None:
            if now >= self.due:
                self.load()
                self.begin()
        elif (status := self.process.poll()) is not None:
            assert self.process.stdin is not None
            self.process.stdin.close()
            self.process = None
            wait = SOON if now - self.started > HEALTHY else self.wait
            self.due, self.wait = now + wait, min(wait * 2, LATEST)
            log.error("died", extra={"action": "restart", "child": self.name, "status": status, "wait": wait})

    def stop(self, deadline: float) -> None:
        """Wait for a child that was told to stop; kill it when its time is over."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            log.error("killed: it did not stop", extra={"action": "kill", "child": self.name})
            self.process.kill()
            self.process.wait()


def serve(
    web_only: Annotated[bool, typer.Option("--web-only", help="Only receive deliveries.")] = False,
    worker_only: Annotated[bool, typer.Option("--worker-only", help="Only run jobs.")] = False,
    setup: Annotated[
        bool, typer.Option("--setup", help="Show a page that creates the GitHub App with one click, and keep its key.")
    ] = False,
    organization: Annotated[
        str, typer.Option("--organization", metavar="NAME", help="With --setup: whose App it is; by default, yours.")
    ] = "",
    url: Annotated[
        str,
        typer.Option("--url", metavar="URL", help="With --setup: the service's address, as GitHub will reach it."),
    ] = "",
) -> None:
    """Run the service: receive webhooks and carry out commands. Settings are ENVCLONE_… environment variables."""
    if web_only and worker_only:
        raise typer.BadParameter("--web-only and --worker-only can't be used together")
    if (organization or url) and not setup:
        raise typer.BadParameter("--organization and --url are for --setup")
    settings = start()
    if setup:
        _make_app(settings, organization, url)
        return
    worker = ServedProcess("worker", _argv("worker", LIFELINE))
    _refuse_what_can_not_work(settings, worker, web_only=web_only, worker_only=worker_only)
    children = []
    if not worker_only:
        public = _listen("ENVCLONE_PORT", "listen", settings.host, settings.port)
        operations = _listen(
            "ENVCLONE_OPERATIONS_PORT",
            "listen-operations",
            settings.operations_host,
            settings.operations_port_or_next,
        )
        descriptors = (public.fileno(), operations.fileno())
        children.append(ServedProcess("web", _argv("web", *map(str, descriptors), LIFELINE), descriptors))
    if not web_only:
        worker.begin()
        children.append(worker)
    supervise(children, settings.stop_within + timedelta(seconds=5))


def supervise(children: list[ServedProcess], stop_within: timedelta) -> None:
    """Keep children alive until told to stop; then stop them all."""
    stop = told_to_stop()
    while not stop.is_set():
        for child in children:
            child.look()
        stop.wait(LOOK)
    for child in children:
        if child.process is not None:
            child.process.terminate()
    deadline = time.monotonic() + stop_within.total_seconds()
    for child in children:
        child.stop(deadline)
    log.info("stopped", extra={"action": "stop", "child": "supervisor"})


def _make_app(settings: Settings, organization: str, url: str) -> None:
    """Make the GitHub App, as `bot.cli.serving.set_up` says; the supervisor loads nothing of it otherwise."""
    from bot.cli.serving.set_up import set_up  # noqa: PLC0415 (see the docstring)

    with edge():
        listen = partial(_listen, "ENVCLONE_PORT", "listen", settings.host, settings.port)
        set_up(settings, listen, organization, url)


def _argv(name: str, *words: str) -> list[str]:
    return [sys.executable, "-m", "bot.cli.serving", name, *words]


def _refuse_what_can_not_work(settings: Settings, worker: ServedProcess, *, web_only: bool, worker_only: bool) -> None:
    """End the process (2) with a line for each setting with which nothing would ever be answered. The worker loads meanwhile."""
    missing = []
    if not worker_only and not any(settings.secrets):
        missing.append(
            "ENVCLONE_WEBHOOK_SECRET is not set, so every delivery would be rejected. Set it to the secret of the App's webhook."
        )
    if not web_only and not settings.has_credentials:
        missing.append(
            "No GitHub credentials: set ENVCLONE_GITHUB_APP_ID and ENVCLONE_GITHUB_PRIVATE_KEY, or ENVCLONE_GITHUB_TOKEN. "
            "`envclone serve --setup` makes an App."
        )
    missing += _unusable(settings, web_only=web_only)
    for line in missing:
        typer.echo(line, err=True)
    if not missing and not web_only:
        worker.load()
    refused = False
    if not web_only and settings.has_credentials:
        refused = subprocess.run(_argv("preflight"), stdin=subprocess.DEVNULL, check=False).returncode == INVALID
    if missing or refused:
        raise typer.Exit(INVALID)  # a worker that waits to begin hears of our end


def _unusable(settings: Settings, *, web_only: bool) -> Iterator[str]:
    """Yield what of this machine a process would fail on, again and again."""
    if web_only and settings.database_url is not None:
        return  # it writes nothing here
    if not web_only and shutil.which("git") is None:
        yield "`git` is not on PATH, and the service proposes changes with it: install git 2.31 or newer."
    place = settings.data_dir
    try:
        place.mkdir(parents=True, exist_ok=True)
        reason = None if os.access(place, os.W_OK | os.X_OK) else os.strerror(errno.EACCES)
    except OSError as error:
        reason = os.strerror(error.errno or 0)
    if reason is not None:
        yield f"ENVCLONE_DATA_DIR: {place} can't be used: {reason}. Set it to a directory that this user may write."


def _listen(setting: str, action: str, host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's algorithm off only then; with it an answer's body waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        fix = _LISTEN_INSTEAD.get(error.errno or 0, "").format(setting)
        log.critical("%s: can't listen on %s:%d: %s.%s", setting, host, port, os.strerror(error.errno or 0), fix)
        raise typer.Exit(1) from None
    listener.listen(512)
    url = f"http://{f'[{host}]' if family == socket.AF_INET6 else host}:{listener.getsockname()[1]}"
    log.info("listening on %s", url, extra={"action": action, "url": url})
    return listener
