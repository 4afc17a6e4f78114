"""Bounds of connections, on real sockets, with bounds that are small."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from http.client import HTTPResponse

import httpx
import pytest
from fastapi import FastAPI, Request

from bot.web.connections import ConnectionLimits
from tests.support.patience import PATIENCE
from tests.web.serving import serving

PATIENT = ConnectionLimits(
    connections=4, request_bytes=10_000, all_bytes=15_000, header_bytes=2_000, request_within=timedelta(minutes=5)
)
HASTY = ConnectionLimits(connections=4, request_bytes=10_000, request_within=timedelta(seconds=2))
OUTLASTED = ConnectionLimits(connections=4, request_bytes=10_000, request_within=timedelta(seconds=5))
"""A connection is to outlast its bound: a machine that stands still for two seconds may not close it."""
WHOLE = b"GET /size HTTP/1.1\r\nHost: bot\r\n\r\n"


def half(size: int) -> bytes:
    """A request of which a byte is still to come."""
    return f"POST /size HTTP/1.1\r\nHost: bot\r\nContent-Length: {size + 1}\r\n\r\n".encode() + b"x" * size


def application() -> FastAPI:
    app = FastAPI()

    @app.api_route("/size", methods=["GET", "POST"])
    async def size(request: Request) -> int:
        return len(await request.body())

    return app


@pytest.fixture
def patient() -> Iterator[httpx.Client]:
    with serving(application(), PATIENT) as client:
        yield client


@pytest.fixture
def hasty() -> Iterator[httpx.Client]:
    with serving(application(), HASTY) as client:
        yield client


@contextmanager
def connected(client: httpx.Client, *texts: bytes) -> Iterator[list[socket.socket]]:
    """Open a connection for each text and send it, one after the other."""
    with ExitStack() as stack:
        found = []
        for text in texts:
            one = stack.enter_context(
                socket.create_connection((client.base_url.host, client.base_url.port or 80), PATIENCE)
            )
            one.sendall(text)
            found.append(one)
        yield found


def is_closed(connection: socket.socket) -> bool:
    """Wait for what comes, and say whether it is the end."""
    try:
        return connection.recv(1000) == b""
    except ConnectionResetError:
        return True


def is_answered(connection: socket.socket) -> bool:
    answer = HTTPResponse(connection)
    answer.begin()
    answer.read()
    return answer.status == 200


def is_quiet(connection: socket.socket) -> bool:
    connection.settimeout(0.2)
    try:
        connection.recv(1000)
    except TimeoutError:
        return True
    finally:
        connection.settimeout(PATIENCE)
    return False


def test_a_request_that_does_not_come_to_its_end_is_closed(hasty: httpx.Client) -> None:
    texts = {"nothing": b"", "headers": b"POST /size HTT", "body": half(5)}
    with connected(hasty, *texts.values()) as found:
        assert {name: is_closed(one) for name, one in zip(texts, found, strict=True)} == dict.fromkeys(texts, True)


def test_bytes_that_trickle_in_win_no_time(hasty: httpx.Client) -> None:
    with connected(hasty, half(5_000)[:-5_000]) as (one,):
        one.settimeout(0.1)
        for _ in range(600):
            try:
                one.sendall(b"x")
                if one.recv(10) == b"":
                    return
            except TimeoutError:
                continue
            except ConnectionError:
                return
    raise AssertionError("a byte each tenth of a second kept the connection open for a minute")


def test_the_next_request_of_a_connection_has_its_own_time() -> None:
    with serving(application(), OUTLASTED) as client, connected(client, WHOLE) as (one,):
        over = time.monotonic() + OUTLASTED.request_within.total_seconds()
        while time.monotonic() < over:
            assert is_answered(one)
            time.sleep(0.1)
            one.sendall(WHOLE)
        assert is_answered(one)


def test_one_connection_too_many_closes_the_one_that_waited_longest(patient: httpx.Client) -> None:
    with connected(patient, *[half(5)] * 4) as (first, *others):
        assert patient.get("/size").json() == 0
        assert is_closed(first)
        assert all(is_quiet(one) for one in others)
        for one in others:
            one.sendall(b"x")
            assert is_answered(one)


def test_all_of_them_together_hold_no_more_than_their_bound(patient: httpx.Client) -> None:
    with connected(patient, half(7_000), half(7_000), half(7_000)) as (first, second, third):
        assert is_closed(first)
        assert is_quiet(second)
        assert is_quiet(third)


def test_a_request_larger_than_its_bound_is_closed(patient: httpx.Client) -> None:
    with connected(patient, b"POST /size HTTP/1.1\r\nHost: bot\r\nContent-Length: 20000\r\n\r\n" + b"x" * 12_000) as (
        one,
    ):
        assert is_closed(one)


@pytest.mark.parametrize("names", ["X: ", "X: 1\r\nY: "])
def test_headers_without_an_end_are_closed(patient: httpx.Client, names: str) -> None:
    with connected(patient, b"GET /size HTTP/1.1\r\nHost: bot\r\n" + names.encode() + b"x" * 3_000) as [endless]:
        assert is_closed(endless)
    with connected(patient, half(5_000), WHOLE) as [_, other]:
        assert is_answered(other)


def test_what_was_answered_counts_no_more(patient: httpx.Client) -> None:
    with connected(patient, half(7_000)) as (one,):
        for _ in range(5):
            one.sendall(b"x")
            assert is_answered(one)
            one.sendall(half(7_000))
        assert is_quiet(one)
