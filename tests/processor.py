"""What the tests of each room cost in processor time, with all that they started: said at the end of a long run.

Growth is to be seen in a review, where no clock can tell it: the machine that runs the tests does other things, too. What a worker
needs to load the tests is no test's, and is not counted.
"""

import os
import resource
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

PROPERTY: Final = "processor"
"""The name under which a test's report carries its seconds, from the process that ran it to the one that counts."""
LONG: Final = 60.0
"""Seconds below which a run is of a few tests, and nobody asks."""
LEAST: Final = 0.01
"""The share of the whole below which a room gets no line of its own."""


_ELSEWHERE: Final[list[int]] = []


def count_in(process: int) -> None:
    """Count what a process uses, and its children that have ended, as this process's own."""
    _ELSEWHERE.append(process)


class Meter:
    """The processor time of this process, and of its children that have ended, since it was read last."""

    def __init__(self) -> None:
        self._read = _used()

    def read(self) -> float:
        before, self._read = self._read, _used()
        return self._read - before


def lines(costs: Iterable[tuple[str, float]]) -> Iterator[str]:
    """Yield a line for each room, the dearest first, of `costs` by the ids of tests; nothing for a short run."""
    rooms: defaultdict[str, float] = defaultdict(float)
    for test, seconds in costs:
        rooms[_room(test)] += seconds
    whole = sum(rooms.values())
    if whole < LONG:
        return
    shown = {room: seconds for room, seconds in rooms.items() if seconds >= whole * LEAST}
    for room, seconds in sorted(shown.items(), key=lambda each: -each[1]):
        yield f"{seconds:7.1f} s  {room}"
    if len(rooms) > len(shown):
        yield f"{whole - sum(shown.values()):7.1f} s  {len(rooms) - len(shown)} other rooms"
    yield f"{whole:7.1f} s  in all"


def _room(test: str) -> str:
    return str(PurePosixPath(test.partition("::")[0]).parent)


def _used() -> float:
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return sum(used.ru_utime + used.ru_stime for used in map(resource.getrusage, who)) + sum(map(_used_by, _ELSEWHERE))


def _used_by(process: int) -> float:
    try:
        said = Path(f"/proc/{process}/stat").read_text()
    except OSError:  # not on Linux, or it has ended
        return 0.0
    # After the name, in brackets, which may hold anything: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    fields = said.rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
