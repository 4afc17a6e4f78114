"""A local GitHub: REST under `/api/v3` (as GitHub Enterprise has it), git beside it, webhooks, all in this process.

    server = GitHubServer(root=directory)
    server.create_repository("acme/infrastructure", source=monorepo)
    with server.running() as url:
        github.Github(base_url=f"{url}/api/v3", auth=github.Auth.Token(server.add_user("ana", "acme/infrastructure")))

What was said before `running`, and between two runs, is kept; nothing is announced then, because addresses have no port.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import ASGIApp, Scope

from bot.sandbox.github.answers import not_found
from bot.sandbox.github.forge import Forge
from bot.sandbox.github.git_http import TAILS, GitHttp, install_hooks
from bot.sandbox.github.integrations import Integrations
from bot.sandbox.github.rest import actions, apps, checks, deployments, hooks, issues, new_apps, pulls, reactions, repos
from bot.sandbox.github.rest.faults import FaultMiddleware, Faults
from bot.sandbox.github.rest.former_names import FormerNames
from bot.sandbox.github.rest.rates import Meter
from bot.sandbox.github.rest.routing import routes
from bot.sandbox.github.state import ForgeClock, ForgeState, utc_now
from bot.sandbox.github.webhooks import Bus

TABLES = (
    apps.table,
    new_apps.table,
    repos.table,
    issues.table,
    reactions.table,
    pulls.table,
    checks.table,
    deployments.table,
    actions.table,
    hooks.table,
)
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
STOP_WITHIN = 10
Middleware = Callable[[ASGIApp], ASGIApp]
Pages = Callable[[Forge], Sequence[BaseRoute]]


class GitHubServer(Integrations):
    """A stateful stand-in for GitHub; see the module's text. All methods are safe to call from any thread.

    `clock` gives the time of every record and expiry; `rate_limit` is requests per hour and caller; `middleware` wraps the
    whole application (innermost, so that it sees requests that faults let through). `pages` are for people with a browser.
    """

    def __init__(
        self,
        root: Path,
        *,
        clock: ForgeClock = utc_now,
        rate_limit: int = 1_000_000,
        middleware: Middleware | None = None,
        pages: Pages | None = None,
    ) -> None:
        root.mkdir(parents=True, exist_ok=True)
        state = ForgeState(clock)
        bus = Bus(state)
        super().__init__(Forge(root.resolve(), state, bus.announce, bus.deliveries, bus.redeliver), bus)
        self.faults = Faults(clock)
        self._middleware = middleware
        self._pages = pages
        self._meter = Meter(rate_limit, clock)
        self._uvicorn: uvicorn.Server | None = None
        install_hooks(self.forge.root / "hooks")

    @property
    def url(self) -> str:
        """The running server's address. Raises `RuntimeError` when it is not running."""
        if not self.forge.address:
            raise RuntimeError("the server is not running")
        return self.forge.address

    @contextmanager
    def running(self, port: int = 0) -> Iterator[str]:
        """Serve on 127.0.0.1 until the block ends; yield the address."""
        # With the protocol named, asyncio sets TCP_NODELAY: answers are written in two parts and would wait 40 ms.
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(("127.0.0.1", port))
            listener.listen(512)
            self.forge.address = f"http://127.0.0.1:{listener.getsockname()[1]}"
            self._uvicorn = uvicorn.Server(self._config())
            thread = threading.Thread(target=self._uvicorn.run, args=([listener],), name="github", daemon=True)
            thread.start()
            self._bus.start()
            try:
                yield self.forge.address
            finally:
                self._bus.stop()
                self._uvicorn.should_exit = True
                thread.join(STOP_WITHIN + 5)
                self.forge.address = ""

    def application(self) -> ASGIApp:
        """The whole ASGI application."""
        git = GitHttp(self.forge, self.forge.root / "hooks")
        app: ASGIApp = Starlette(
            routes=[
                Mount(
                    "/api/v3",
                    routes=[*routes(self.forge, self._meter, TABLES), Route("/{rest:path}", _nothing, methods=METHODS)],
                ),
                Route("/downloads/{key}", actions.Download(self.forge)),
                Route("/{owner}/{repo}.git/{tail:path}", git, methods=["GET", "POST"]),
                *(Route(f"/{{owner}}/{{repo}}/{tail}", git, methods=["GET", "POST"]) for tail in TAILS),
                *(self._pages(self.forge) if self._pages else ()),
            ]
        )
        app = FormerNames(app, self.forge)
        if self._middleware is not None:
            app = self._middleware(app)
        return FaultMiddleware(app, self.faults, self._abort)

    def _config(self) -> uvicorn.Config:
        return uvicorn.Config(
            self.application(),
            http="auto",
            ws="none",
            loop="asyncio",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_WITHIN,
        )

    def _abort(self, scope: Scope) -> None:
        """Close the connection that a request came through, without a word."""
        assert self._uvicorn is not None
        for connection in list(self._uvicorn.server_state.connections):
            if getattr(connection, "client", None) == scope["client"]:
                connection.transport.abort()


async def _nothing(request: Request) -> JSONResponse:
    return JSONResponse(not_found().body, 404)
