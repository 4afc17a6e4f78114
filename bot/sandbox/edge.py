"""The internet, as far as the sandbox has one: an HTTP proxy on loopback that answers from what its AWS holds.

A client that is told of it by `HTTP_PROXY` asks for `http://demo-x.clones.acme.example/healthz` as it would anywhere.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from bot.sandbox.aws import SandboxAws
from bot.sandbox.internet import Internet, InternetAnswer, InternetRequest, Unreachable

REASON = "X-Sandbox-Reason"
LARGEST_BODY = 10_000_000
"""Bytes of a request that are read and dropped; a longer one is refused."""


class Edge:
    """The proxy; `url` is set while `running()`."""

    def __init__(self, aws: SandboxAws) -> None:
        """`aws` is running; accounts that are made later count too."""
        self._internet = Internet(aws.endpoint, lambda: tuple(aws.accounts))
        self.url = ""

    @contextmanager
    def running(self) -> Iterator[str]:
        """Serve and yield the proxy's address."""
        with _Server(self._internet) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            thread.start()
            self.url = f"http://127.0.0.1:{server.server_port}"
            try:
                yield self.url
            finally:
                self.url = ""
                server.shutdown()
                thread.join()

    def environment(self) -> dict[str, str]:
        """Return the environment variables that send plain HTTP through the proxy, and leave loopback alone."""
        direct = "127.0.0.1,localhost"
        return {"HTTP_PROXY": self.url, "http_proxy": self.url, "NO_PROXY": direct, "no_proxy": direct}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, internet: Internet) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.internet = internet

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a client that left before its answer; anything else is a bug and is said."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _serve(self) -> None:
        if not self._drained():
            return
        parts = urlsplit(self.path)
        if parts.scheme != "http" or not parts.hostname:
            self._send(InternetAnswer(501, {REASON: "only http://... requests are supported"}, b""))
            return
        try:
            request = InternetRequest(self.command, parts.hostname, parts.port or 80, parts.path or "/")
            self._send(self.server.internet.answer(request))
        except Unreachable as error:
            self._send(InternetAnswer(error.status, {REASON: str(error)}, f"{error}\n".encode()))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_CONNECT = _serve  # noqa: N815

    def _drained(self) -> bool:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            self.close_connection = True
            self._send(InternetAnswer(413, {REASON: "the request is too large for the sandbox"}, b""))
            return False
        self.rfile.read(int(length))
        return True

    def _send(self, answer: InternetAnswer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: callers see the answer."""
