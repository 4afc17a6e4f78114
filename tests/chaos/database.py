"""A network between a replica and its PostgreSQL, which can be cut: nothing comes through, and at the end every connection is gone."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PIECE = 65_536
SOCKET = ".s.PGSQL.5432"
"""PostgreSQL's own name of a socket in its directory."""


class Network:
    """Hands bytes on between a socket of its own and the server's."""

    def __init__(self, place: Path, server: Path) -> None:
        self._server = server
        self._through = threading.Event()
        self._through.set()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(place / SOCKET))
        self._listener.listen(64)

    def cut(self) -> None:
        """Let nothing through from now on."""
        self._through.clear()

    def mend(self) -> None:
        """Let everything through again, on new connections: the old ones are gone."""
        self.drop()
        self._through.set()

    def drop(self) -> None:
        """End every connection."""
        with self._lock:
            for each in self._open:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def serve(self) -> None:
        """Take connections until `close`."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=[client], daemon=True).start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._through.set()
        self.drop()

    def _connect(self, client: socket.socket) -> None:
        self._through.wait()
        server = socket.socket(socket.AF_UNIX)
        with client, server:
            try:
                server.connect(str(self._server / SOCKET))
            except OSError:
                return  # the database is not there; neither is a connection
            with self._lock:
                self._open |= {client, server}
            back = threading.Thread(target=self._hand_on, args=[server, client], daemon=True)
            back.start()
            self._hand_on(client, server)
            back.join()
            with self._lock:
                self._open -= {client, server}

    def _hand_on(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while piece := source.recv(PIECE):
                self._through.wait()
                target.sendall(piece)
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


@contextmanager
def network(place: Path, server: Path) -> Iterator[Network]:
    """Serve in the directory `place`, in front of the server whose socket is in the directory `server`."""
    place.mkdir()
    found = Network(place, server)
    thread = threading.Thread(target=found.serve, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        found.close()
        thread.join()
