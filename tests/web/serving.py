"""The web process's application on a port of 127.0.0.1, and GitHub's side of the conversation."""

import json
import socket
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from starlette.types import ASGIApp

from bot.cli.serving.web import bounded_server
from bot.settings import read
from bot.web.connections import ConnectionLimits
from bot.web.signature import signature
from tests.support.patience import PATIENCE

SECRET = "sandbox-webhook-secret"
REPOSITORY = "acme/infrastructure"
LIMITS = ConnectionLimits(connections=128, request_bytes=128 * 1024)


def comment(comment_id: int = 1, body: str = "/help", *, action: str = "created", author: str = "ana") -> bytes:
    """The part of GitHub's `issue_comment` payload that matters."""
    url = f"https://github.com/{REPOSITORY}/issues/7#issuecomment-{comment_id}"
    return json.dumps(
        {
            "action": action,
            "issue": {"number": 7, "title": "wanted"},
            "comment": {
                "id": comment_id,
                "body": body,
                "html_url": url,
                "created_at": "2026-01-01T00:00:00Z",
                "user": {"login": author, "type": "Bot" if author.endswith("[bot]") else "User"},
            },
            "repository": {"full_name": REPOSITORY},
            "sender": {"login": author},
        }
    ).encode()


def headers(
    body: bytes, delivery: str | None = None, event: str = "issue_comment", secret: str = SECRET
) -> dict[str, str]:
    """The headers that GitHub sends with a body."""
    return {
        "Content-Type": "application/json",
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": delivery or str(uuid.uuid4()),
        "X-Hub-Signature-256": signature(secret, body),
    }


@contextmanager
def serving(app: ASGIApp, limits: ConnectionLimits = LIMITS) -> Iterator[httpx.Client]:
    """Serve an application, as the service does, until the block ends; yield a client of it."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(128)
        server = bounded_server(app, limits, read({}))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=PATIENCE) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()
