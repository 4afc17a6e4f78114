"""`envclone serve` as people run it, in front of the sandbox's GitHub; and a way to kill it at a chosen moment."""

import os
import re
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.sandbox.github import GitHubServer
from bot.sandbox.github.server import Middleware
from bot.sandbox.port import reserved_port
from bot.sandbox.tls import tls
from tests.support.needs import require
from tests.support.small_monorepo import MAINTAINER, REPOSITORY, monorepo

PATIENCE = 500.0
"""Seconds. On a busy machine fifty clones take minutes; what never comes is a failure either way."""


@dataclass
class Moment:
    """A moment in the life of a request to GitHub: before it is carried out, or after its effect and before its answer."""

    method: str
    path: str
    when: Literal["before", "after"]


class Guillotine:
    """ASGI middleware that does something terrible, once, at a moment."""

    def __init__(self) -> None:
        self.moment: Moment | None = None
        self.fall: Callable[[], None] = lambda: None
        self.fell = threading.Event()

    def arm(self, moment: Moment, fall: Callable[[], None]) -> None:
        self.moment, self.fall = moment, fall
        self.fell.clear()

    def __call__(self, app: ASGIApp) -> ASGIApp:
        async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
            moment = self.moment if scope["type"] == "http" else None
            hit = (
                moment is not None
                and scope["method"] == moment.method
                and re.search(moment.path, scope["path"]) is not None
            )
            if not hit or moment is None:
                await app(scope, receive, send)
                return
            self.moment = None
            if moment.when == "after":
                await app(scope, receive, send)
            self.fall()
            self.fell.set()

        return guarded


@dataclass
class Serving:
    """A repository on GitHub and the service in front of it, which can die and come back."""

    server: GitHubServer
    guillotine: Guillotine
    environment: dict[str, str]
    log: Path
    issue: int
    port: int
    operations_port: int
    ports: ExitStack
    """Keeps the ports for the service while it is not running: else the next connection of any test may take one for a minute."""
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start the service and wait until it is ready."""
        self.launch()
        self.until(self._is_ready)

    def launch(self) -> None:
        """Start the service, whatever becomes of it."""
        require("e2e")
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot.cli.app", "serve"],
                env=self.environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip

    def kill(self) -> None:
        """Kill the supervisor, the web process and the worker at once (-9)."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def pause(self) -> None:
        """Let every process of it stand still (SIGSTOP)."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it go on after a pause."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            # The supervisor leads the session; web process and worker are in its group.
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def replica(self, name: str, directory: Path, **variables: str) -> "Serving":
        """Return another replica in front of the same repository, with its own data directory; not yet started."""
        port, operations_port = (self.ports.enter_context(reserved_port()) for _ in range(2))
        own = {
            "ENVCLONE_REPLICA": name,
            "ENVCLONE_DATA_DIR": str(directory / name),
            "ENVCLONE_PORT": str(port),
            "ENVCLONE_OPERATIONS_PORT": str(operations_port),
        }
        environment = {**self.environment, **own, **variables}
        log = directory / f"{name}.log"
        return replace(self, environment=environment, log=log, port=port, operations_port=operations_port, process=None)

    def comment(self, body: str, by: str = MAINTAINER) -> int:
        """Comment as a person; the webhook is delivered by GitHub."""
        return self.server.comment(REPOSITORY, self.issue, body, by=by)

    def replies(self, comment: int) -> list[str]:
        """Return all replies to a comment."""
        marker = f"<!-- envclone:request:{comment} -->"
        return [c.body for c in self.server.comments(REPOSITORY, self.issue) if c.body.startswith(marker)]

    def until(self, holds: Callable[[], object]) -> None:
        """Wait until something holds; fail with the service's log when it does not."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < deadline, (
                f"waited {PATIENCE} s in vain; the log ends:\n{self.log.read_text()[-4000:]}"
            )
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            url = f"http://127.0.0.1:{self.operations_port}/readyz"
            return httpx.get(url, timeout=2, trust_env=False, verify=tls()).is_success
        except httpx.TransportError:
            return False


@contextmanager
def serving(directory: Path, around: Middleware | None = None, /, **variables: str) -> Iterator[Serving]:
    """Serve the example monorepo's repository from `directory`, with the service started; `variables` are settings of it.

    `around` is put around GitHub.
    """
    guillotine = Guillotine()
    server = GitHubServer(
        root=directory / "github", middleware=lambda app: around(guillotine(app)) if around else guillotine(app)
    )
    server.create_repository(REPOSITORY, source=monorepo(directory / "monorepo"))
    server.add_user(MAINTAINER, REPOSITORY, "write")
    app = server.create_app("envclone", "acme")
    server.install(app, "acme")
    secret = secrets.token_hex(16)
    key = directory / "key.pem"
    key.write_text(app.private_key)
    with server.running() as url, ExitStack() as ports:
        port, operations_port = (ports.enter_context(reserved_port()) for _ in range(2))
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(directory),
            "ENVCLONE_GITHUB_APP_ID": str(app.id),
            "ENVCLONE_GITHUB_PRIVATE_KEY_FILE": str(key),
            "ENVCLONE_GITHUB_API_URL": f"{url}/api/v3",
            "ENVCLONE_WEBHOOK_SECRET": secret,
            "ENVCLONE_DATA_DIR": str(directory / "data"),
            "ENVCLONE_PORT": str(port),
            "ENVCLONE_OPERATIONS_PORT": str(operations_port),
            "ENVCLONE_REPLICA": "test",
            "ENVCLONE_COMMANDS_PER_AUTHOR": "1000",  # one person asks for fifty clones
            **variables,
        }
        issue = server.open_issue(REPOSITORY, "We need a demo", by=MAINTAINER)
        found = Serving(server, guillotine, environment, directory / "service.log", issue, port, operations_port, ports)
        try:
            found.start()
            server.add_webhook(f"{found.url}/webhooks/github", secret, app=app)
            yield found
        finally:
            found.kill()
