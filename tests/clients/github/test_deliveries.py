"""What an app's webhook did not take is sent again, in the order in which it happened, and nothing else is."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from bot.clients.github import AppCredentials, GitHub, Token
from bot.names import RepositoryName
from bot.sandbox.github import GitHubServer
from bot.sandbox.github.records.accounts import AppRecord

REPOSITORY = RepositoryName("acme/infrastructure")
LONG_AGO = timedelta(hours=1)


class Receiver(ThreadingHTTPServer):
    """Answers with `status`, and keeps the ids of the deliveries that it took."""

    status = 202

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Take)
        self.took: list[str] = []


class _Take(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.server.status == 202:
            self.server.took.append(self.headers["X-GitHub-Delivery"])
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Say nothing."""


@contextmanager
def receiving() -> Iterator[Receiver]:
    with Receiver() as receiver:
        thread = Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.shutdown()
            thread.join()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


def served(root: Path, receiver: Receiver) -> tuple[GitHubServer, AppRecord]:
    server = GitHubServer(root=root / "github")
    server.create_repository(REPOSITORY)
    server.add_user("ana", REPOSITORY, role="maintain")
    app = server.create_app("envclone", owner="acme")
    server.install(app, "acme")
    server.add_webhook(f"http://127.0.0.1:{receiver.server_port}/", "secret", app=app)
    return server, app


@pytest.mark.parametrize("status", [404, 422])
def test_a_delivery_that_is_lost_keeps_no_other_from_being_sent_again(
    tmp_path: Path, receiver: Receiver, status: int
) -> None:
    server, app = served(tmp_path, receiver)
    with server.running() as url:
        api = f"{url}/api/v3"
        github = GitHub(AppCredentials(app.id, app.private_key, api), api_url=api)
        receiver.status = 503
        issue = server.open_issue(REPOSITORY, "one", by="ana")
        server.comment(REPOSITORY, issue, "two", by="ana")
        server.settle()
        last = server.deliveries[-1].guid
        receiver.status = 202
        server.faults.answer("POST", "/app/hook/deliveries/.*/attempts$", status=status)
        assert github.redeliver_failed(datetime.now(UTC) - LONG_AGO) == 1
        server.settle()
        assert receiver.took == [last]


def test_what_was_not_taken_is_sent_again_in_order_until_it_is_taken(tmp_path: Path, receiver: Receiver) -> None:
    server, app = served(tmp_path, receiver)
    with server.running() as url:
        api = f"{url}/api/v3"
        github = GitHub(AppCredentials(app.id, app.private_key, api), api_url=api)
        issue = server.open_issue(REPOSITORY, "one", by="ana")
        server.settle()
        receiver.status = 503
        for text in ("two", "three"):
            server.comment(REPOSITORY, issue, text, by="ana")
        server.settle()
        missed = [each.guid for each in server.deliveries if each.status == 503]
        since = datetime.now(UTC) - LONG_AGO
        assert github.redeliver_failed(since) == 2
        server.settle()  # refused once more
        assert github.newest_answers() == [503, 503, 503, 503, 202], "newest first"
        receiver.status = 202
        assert github.redeliver_failed(datetime.now(UTC) + LONG_AGO) == 0, "nothing is as new as that"
        assert github.redeliver_failed(since) == 2
        server.settle()
        assert receiver.took[-2:] == missed
        assert github.redeliver_failed(since) == 0
        person = GitHub(Token(server.token("ana")), api_url=api)
        assert (person.redeliver_failed(since), person.newest_answers()) == (0, None)
