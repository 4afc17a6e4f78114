"""What many tests of the service begin with, made once in a worker and taken up by each: GitHub as it was then, and the mirrors of it.

A clone that is proposed costs half a second of processor time, and half of the service's tests begin with one.
"""

import itertools
import shutil
import socket
import subprocess
from collections.abc import Mapping, Set
from copy import copy
from dataclasses import dataclass
from pathlib import Path

from bot.sandbox.github import GitHubServer
from bot.sandbox.github.state import ForgeState
from tests.support.patience import PATIENCE

REPOSITORIES = "github/repositories"
MIRRORS = "mirrors"
OF_ITS_OWN = {"lock", "clock", "_ids", "_small_ids"}
"""What a forge's memory does not take up from another."""


@dataclass(frozen=True)
class Stage:
    """How everything stood: the files, the forge's memory, its people's tokens, and which comments the test had read."""

    directory: Path
    memory: Mapping[str, object]
    ids: tuple[int, int]
    tokens: Mapping[int, str]
    read: frozenset[int]
    made: object
    """What was returned on the way to it."""


class Stages:
    """The stages that tests of this process have reached, by name."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._reached: dict[str, Stage] = {}
        # Texts name the server's address, so all of them have the same. As long as this socket is bound, no other process is given the port.
        self._reserved = socket.socket()
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.bind(("127.0.0.1", 0))

    @property
    def port(self) -> int:
        """Where each server is to listen."""
        port = self._reserved.getsockname()[1]
        assert isinstance(port, int)
        return port

    def reached(self, name: str) -> Stage | None:
        """Return a stage, if a test came so far."""
        return self._reached.get(name)

    def keep(self, name: str, server: GitHubServer, read: Set[int], made: object = None) -> None:
        """Remember how everything stands; `read` are the comments that the test has read, `made` what it returned."""
        assert server.settle()
        place, directory = self._directory / name, server.forge.root.parent
        state = server.forge.state
        for each in (REPOSITORIES, MIRRORS):
            if (directory / each).exists():
                shutil.copytree(directory / each, place / each)
        for bare in place.rglob("*.git"):
            # One pack instead of a hundred files: it is copied again and again.
            repack = ["git", "--git-dir", str(bare), "-c", "pack.threads=1", "repack", "-a", "-d", "-k", "-q"]
            subprocess.run(repack, check=True, capture_output=True, timeout=PATIENCE)
        ids = (state.next_id() + 1, state.next_small_id() + 1)
        self._reached[name] = Stage(place, _memory(vars(state)), ids, dict(server._tokens), frozenset(read), made)

    def take_up(self, stage: Stage, server: GitHubServer) -> None:
        """Let everything stand as it did: the files beside the server's, and its memory."""
        directory = server.forge.root.parent
        for each in (REPOSITORIES, MIRRORS):
            shutil.rmtree(directory / each, ignore_errors=True)
            if (stage.directory / each).exists():
                shutil.copytree(stage.directory / each, directory / each)
        state: ForgeState = server.forge.state
        with state.lock:
            vars(state).update(_memory(stage.memory))
            vars(state).update(_ids=itertools.count(stage.ids[0]), _small_ids=itertools.count(stage.ids[1]))
            server._tokens.update(stage.tokens)

    def close(self) -> None:
        """Give the port back."""
        self._reserved.close()


def _memory(tables: Mapping[str, object]) -> dict[str, object]:
    """Return tables that don't change with these: the records in them never do, but some hold lists of records."""
    return {name: _copied(table) for name, table in tables.items() if name not in OF_ITS_OWN}


def _copied(table: object) -> object:
    assert isinstance(table, dict)
    found = copy(table)
    for key, value in table.items():
        found[key] = copy(value) if isinstance(value, list) else value
    return found
