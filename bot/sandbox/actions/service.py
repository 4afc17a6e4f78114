"""What a runner offers the steps of its jobs on 127.0.0.1: identity tokens, artifacts, and a gate where a job begins.

A run's secret, in the environment of its steps alone, says which run asks; the job is what `act` says in the header.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from bot.sandbox.actions.oidc import AUDIENCE, Issuer

LONGEST_BODY = 65_536


@dataclass(frozen=True, slots=True)
class JobId:
    """A job of a run: the id in the file and the matrix values of this instance, as JSON text with sorted keys."""

    id: str
    matrix: str = "{}"

    @property
    def values(self) -> dict[str, object]:
        """The matrix values."""
        return dict(json.loads(self.matrix) or {})


def job_id(id_: str, matrix: str) -> JobId:
    """Return the job that `act` names by its id and matrix; raises `ValueError` when that is not JSON."""
    return JobId(id_, json.dumps(json.loads(matrix or "{}") or {}, sort_keys=True))


class ServiceRefusal(Exception):
    """What a step asked for is not for it; the text says why."""


class Desk(Protocol):
    """Answers the steps of one run."""

    def admit(self, job: JobId) -> None:
        """Return when the job may begin. Raises `ServiceRefusal` when it never may."""

    def identity(self, job: JobId, audience: str) -> str:
        """Return an identity token. Raises `ServiceRefusal`."""

    def keep(self, name: str) -> int:
        """Record the artifact whose files lie in the run's directory of that name; return its id. Raises `ServiceRefusal`."""


class ActionsService:
    """One HTTP server for all runs of a runner."""

    def __init__(self) -> None:
        self._server = _Server()
        self._thread = threading.Thread(target=self._server.serve_forever, name="actions-service", daemon=True)

    @property
    def desks(self) -> dict[str, Desk]:
        """Run's secret → who answers."""
        return self._server.desks

    @property
    def issuer(self) -> Issuer:
        """Signs identity tokens; its address, known before anything is served, is the service's."""
        return self._server.issuer

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """Stop serving."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a job may be waiting at the gate when the runner stops

    def __init__(self) -> None:
        self.desks: dict[str, Desk] = {}
        super().__init__(("127.0.0.1", 0), _Handler)
        self.issuer = Issuer(f"http://127.0.0.1:{self.server_port}")


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/token":
            audience = parse_qs(parts.query).get("audience", [AUDIENCE])[0]
            self._serve(lambda desk, job: {"value": desk.identity(job, audience)})
            return
        document = self.server.issuer.documents().get(parts.path)
        self._answer(404 if document is None else 200, document or {"message": "Not Found"})

    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), LONGEST_BODY))
        match self.path:
            case "/jobs":
                self._serve(_admitted)
            case "/artifacts":
                name = str(json.loads(body)["name"])
                self._serve(lambda desk, job: {"id": desk.keep(name)})
            case _:
                self._answer(404, {"message": "Not Found"})

    def _serve(self, answer: Callable[[Desk, JobId], dict[str, object]]) -> None:
        desk = self.server.desks.get(self.headers.get("Authorization", "").removeprefix("bearer "))
        if desk is None:
            self._answer(401, {"message": "Bad credentials"})
            return
        try:
            job = job_id(self.headers.get("X-Job", ""), self.headers.get("X-Matrix", ""))
            self._answer(200, answer(desk, job))
        except (ServiceRefusal, ValueError) as error:
            self._answer(403, {"message": str(error)})
        except (BrokenPipeError, ConnectionResetError):
            return  # the job was cancelled while it waited

    def _answer(self, status: int, body: dict[str, object]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's
        """Say nothing: the run's own log tells the story."""


def _admitted(desk: Desk, job: JobId) -> dict[str, object]:
    desk.admit(job)
    return {"admitted": True}
