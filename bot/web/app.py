"""The web process's two applications: one takes deliveries, the other says how the service is.

The first is in front of the internet, so there is nothing on it that describes the installation. Neither knows the jobs, and the
second is handed what GitHub says.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import Lifespan, Receive, Scope, Send

from bot.clients.store import JobStore
from bot.settings import Settings
from bot.web.health import GitHubHealth, readiness
from bot.web.inbox import Inbox
from bot.web.metrics import Metrics
from bot.web.problems import problem
from bot.web.webhook import Webhook

WEBHOOK = "/webhooks/github"


class TakesDeliveries:
    """The public application: deliveries come first, past the routing and the middleware that all else goes through."""

    def __init__(self, webhook: Webhook, others: FastAPI) -> None:
        self.webhook, self._others = webhook, others

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_delivery = scope["type"] == "http" and scope["path"] == WEBHOOK and scope["method"] == "POST"
        await (self.webhook if is_delivery else self._others)(scope, receive, send)


def create_app(settings: Settings, store: JobStore, metrics: Metrics) -> TakesDeliveries:
    """Return the application that takes deliveries. The store stays the caller's: it is not closed here."""
    inbox = Inbox(store)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await inbox.close()

    app = _bare(lifespan)
    webhook = Webhook(inbox, metrics, settings.secrets, settings.max_body)
    # What is no POST is told so.
    app.router.routes.append(Route(WEBHOOK, webhook, methods=["POST"]))
    return TakesDeliveries(webhook, app)


def create_operations_app(settings: Settings, store: JobStore, metrics: Metrics, github: GitHubHealth) -> FastAPI:
    """Return the application for whoever runs the service: readiness and figures."""
    app = _bare()

    @app.get("/readyz")
    def readyz() -> JSONResponse:
        found = readiness(settings, store, github)
        status = HTTPStatus.OK if found.is_ready else HTTPStatus.SERVICE_UNAVAILABLE
        return JSONResponse({"ready": found.is_ready, "checks": asdict(found)}, int(status))

    @app.get("/metrics")
    def exposition() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return app


def _bare(lifespan: Lifespan[FastAPI] | None = None) -> FastAPI:
    """Return an application with `/healthz` alone."""
    # No documentation pages, and no redirects: their address would be made of the `Host` that the caller sent.
    app = FastAPI(title="envclone", openapi_url=None, redirect_slashes=False, lifespan=lifespan)

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> JSONResponse:
        return problem(HTTPStatus(error.status_code), str(error.detail))

    return app
