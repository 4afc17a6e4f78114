"""A port of this machine for a program that is still to be started."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager

LOOPBACK = "127.0.0.1"


@contextmanager
def reserved_port() -> Iterator[int]:
    """Yield a free port. On Linux the system gives it to nobody else before the block ends, whether a server listens on it or is being started.

    A port that is only looked for is as good as free for anybody: a connection to somewhere else that gets it blocks it for a minute.
    """
    with socket.socket() as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        reserved.bind((LOOPBACK, 0))
        port = int(reserved.getsockname()[1])
        if sys.platform != "linux":
            reserved.close()  # elsewhere nobody listens beside a socket that is bound, not even a server with this option
        yield port
