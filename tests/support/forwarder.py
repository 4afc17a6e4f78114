"""A server that hands requests on to another one, so that a test can stand between a client and the service it talks to."""

import http.client
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeAlias
from urllib.parse import urlsplit

HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "expect"})


@dataclass(frozen=True, slots=True)
class ForwardedRequest:
    """What a client asked. `target` is the path with its query."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class ForwardedAnswer:
    """What the client is told; if it is `cut`, the connection ends in the middle of the body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    cut: bool = False


Forward: TypeAlias = Callable[[ForwardedRequest], ForwardedAnswer]
Between: TypeAlias = Callable[[ForwardedRequest, Forward], ForwardedAnswer | None]
"""Answers a request, most often by handing it on; None closes the connection without a word."""


def forwarded(request: ForwardedRequest, upstream: str, timeout: float = 60) -> ForwardedAnswer:
    """Hand a request on to a server (`host:port`), and return its answer. Raises `OSError`, `http.client.HTTPException`."""
    connection = http.client.HTTPConnection(upstream, timeout=timeout)
    try:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in HOP_BY_HOP}
        headers["Content-Length"] = str(len(request.body))
        connection.request(request.method, request.target, request.body, headers)
        answer = connection.getresponse()
        return ForwardedAnswer(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


@contextmanager
def forwarding(upstream: str, between: Between) -> Iterator[str]:
    """Serve, and yield the address of the server between."""
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.between = between
        server.upstream = urlsplit(upstream).netloc
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False  # a test may hold a request for ever
    request_queue_size = 64  # sixteen racing writers connect at once
    between: Between
    upstream: str


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # headers and body are two writes, and the client would wait 40 ms for the second
    server: _Server

    def _serve(self) -> None:
        is_chunked = self.headers.get("Transfer-Encoding", "").lower() == "chunked"
        body = self._chunks() if is_chunked else self._bytes(int(self.headers.get("Content-Length", "0")))
        answer = self.server.between(ForwardedRequest(self.command, self.path, dict(self.headers), body), self._forward)
        if answer is None:
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        if answer.cut:
            self.close_connection = True
        if self.command != "HEAD":
            self.wfile.write(answer.body[: len(answer.body) // 2] if answer.cut else answer.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def _bytes(self, size: int) -> bytes:
        """Read so much of a body. Of a client that was killed meanwhile nothing is handed on, as no service carries out half a request."""
        found = self.rfile.read(size)
        if len(found) < size:
            raise ConnectionError
        return found

    def _line(self) -> bytes:
        if line := self.rfile.readline():
            return line
        raise ConnectionError

    def _chunks(self) -> bytes:
        """Read a body of chunks, each after a line with its size; a last one is empty."""
        found = b""
        while size := int(self._line().partition(b";")[0], 16):
            found += self._bytes(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers, and the empty line that ends them
        return found

    def _forward(self, request: ForwardedRequest) -> ForwardedAnswer:
        return forwarded(request, self.server.upstream)

    def handle(self) -> None:
        try:
            super().handle()
        except ConnectionError:
            return  # the client gave up waiting, as the test wanted

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: callers see the answer."""
