"""The web process: it takes deliveries and says how the service is. It knows neither GitHub nor the jobs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from http import HTTPStatus

from fastapi import FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse
from starlette.routing import Route

from bot.clients.store import JobStore
from bot.settings import Settings
from bot.web.health import readiness
from bot.web.inbox import Inbox
from bot.web.metrics import Metrics
from bot.web.problems import problem
from bot.web.webhook import Webhook

WEBHOOK = "/webhooks/github"


def create_app(settings: Settings, store: JobStore) -> FastAPI:
    """Return the application. The store stays the caller's: it is not closed here."""
    inbox = Inbox(store)
    metrics = Metrics(store, settings.dead_after)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await inbox.close()

    # No documentation pages: this is an address for machines, in front of the internet.
    app = FastAPI(title="envclone", openapi_url=None, lifespan=lifespan)
    webhook = Webhook(inbox, metrics, settings.secrets, settings.max_body)
    app.router.routes.append(Route(WEBHOOK, webhook, methods=["POST"]))

    @app.get("/healthz")
    def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @app.get("/readyz")
    def readyz() -> JSONResponse:
        found = readiness(settings, store)
        status = HTTPStatus.OK if found.is_ready else HTTPStatus.SERVICE_UNAVAILABLE
        return JSONResponse({"ready": found.is_ready, "checks": asdict(found)}, int(status))

    @app.get("/metrics")
    def exposition() -> Response:
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    @app.exception_handler(HTTPException)
    async def refused(_: Request, error: HTTPException) -> JSONResponse:
        return problem(HTTPStatus(error.status_code), str(error.detail))

    return app
