"""All processes that came of one: its session, and its descendants even where they began sessions of their own.

A group is not enough: `act` gives each step a process group, and the tool gives each Terraform a session.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Member:
    """A process; with the time at which it started, because ids are used again."""

    pid: int
    started: str


class Family:
    """The family of the leader of a session. Where there is no /proc, the leader's own group must do."""

    def __init__(self, leader: int) -> None:
        self._leader = leader
        self._known: set[Member] = set()

    def living(self) -> set[Member]:
        """Return who is alive; whoever was once seen is known, also after losing its parents."""
        parents, sessions = _table()
        alive = self._known & parents.keys()
        alive |= {member for member, session in sessions.items() if session == self._leader}
        while True:
            pids = {member.pid for member in alive}
            children = {member for member, parent in parents.items() if parent in pids} - alive
            if not children:
                self._known = alive
                return set(alive)
            alive |= children

    def gone(self, within: float) -> bool:
        """Wait until nobody is alive; say whether that came true within seconds."""
        deadline = time.monotonic() + within
        while self.living():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def signal(self, number: int) -> None:
        """Send a signal to all."""
        if not PROC.is_dir():
            _quietly(os.killpg, self._leader, number)
        for member in self.living():
            _quietly(os.kill, member.pid, number)


def _table() -> tuple[dict[Member, int], dict[Member, int]]:
    """Return the parent and the session of every process that is alive, not merely waited for."""
    parents: dict[Member, int] = {}
    sessions: dict[Member, int] = {}
    for entry in PROC.iterdir() if PROC.is_dir() else ():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue
        # proc(5): the name in parentheses may hold anything; then state, parent, group, session … and the start, 22nd.
        fields = stat.rpartition(")")[2].split()
        if fields[0] != "Z":
            member = Member(int(entry.name), fields[19])
            parents[member], sessions[member] = int(fields[1]), int(fields[3])
    return parents, sessions


def _quietly(send: Callable[[int, int], None], target: int, number: int) -> None:
    try:
        send(target, number)
    except ProcessLookupError:
        return
