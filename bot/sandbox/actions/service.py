"""What a runner offers the steps of its jobs on 127.0.0.1: identity tokens, artifacts, and a gate where a job begins.

Identity tokens are asked for as on GitHub: with a request token of the job's own, and an audience in the query. The rest is the
sandbox's: a run's secret, in the environment of its steps alone, says which run asks; the job is what `act` says in the header.
Source: https://docs.github.com/en/actions/reference/security/oidc, "methods for requesting the OIDC token".
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

from bot.sandbox.actions.oidc import Issuer

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

    def may_identify(self, job: JobId) -> bool:
        """Say whether the job may ask for identity tokens."""

    def identity(self, job: JobId, audience: str | None) -> str:
        """Return an identity token of a job that may ask, for the audience or GitHub's default one."""

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
        self.request_tokens: dict[str, tuple[str, JobId]] = {}
        """A job's request token → the secret of its run, whose end is the token's, and the job."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.issuer = Issuer(f"http://127.0.0.1:{self.server_port}")


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/token":
            self._identify(parse_qs(parts.query).get("audience", [None])[0])
            return
        document = self.server.issuer.documents().get(parts.path)
        self._answer(404 if document is None else 200, document or {"message": "Not Found"})

    def do_POST(self) -> None:
        body = self.rfile.read(min(int(self.headers.get("Content-Length", 0)), LONGEST_BODY))
        match self.path:
            case "/jobs":
                self._serve(self._admitted)
            case "/artifacts":
                name = str(json.loads(body)["name"])
                self._serve(lambda desk, job: {"id": desk.keep(name)})
            case _:
                self._answer(404, {"message": "Not Found"})

    def _identify(self, audience: str | None) -> None:
        secret, job = self.server.request_tokens.get(self._bearer(), ("", JobId("")))
        desk = self.server.desks.get(secret)
        if desk is None:
            self._answer(401, {"message": "Bad credentials"})
            return
        value = desk.identity(job, audience)
        self._answer(200, {"count": len(value), "value": value})

    def _admitted(self, desk: Desk, job: JobId) -> dict[str, object]:
        desk.admit(job)
        if not desk.may_identify(job):
            return {}
        token = secrets.token_urlsafe(48)
        self.server.request_tokens[token] = (self._bearer(), job)
        return {"request_token": token}

    def _bearer(self) -> str:
        """Return the credentials of the request; their scheme is of any case (RFC 9110, 11.1)."""
        scheme, _, credentials = self.headers.get("Authorization", "").partition(" ")
        return credentials if scheme.lower() == "bearer" else ""

    def _serve(self, answer: Callable[[Desk, JobId], dict[str, object]]) -> None:
        desk = self.server.desks.get(self._bearer())
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
