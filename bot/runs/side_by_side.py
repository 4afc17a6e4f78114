"""The same work on many things, in as many processes as there are processors."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import chain
from multiprocessing import get_context
from typing import TypeVar

Thing = TypeVar("Thing")
Result = TypeVar("Result")

WORTH_IT = 100
"""Things for a process: it costs half a second to start, and a thing takes some ten milliseconds."""
PART = 25
"""Things that a process takes at once, so that none is left with much when the others are done."""


def side_by_side(
    work: Callable[[Sequence[Thing]], list[Result]], things: Sequence[Thing], *, worth_it: int = WORTH_IT
) -> Iterator[Result]:
    """Yield what `work` returns for some of the things at a time, in their order. It is importable, and shares nothing."""
    processes = min(_processors(), len(things) // worth_it)
    if processes < 2:
        yield from work(things)
        return
    parts = [things[start : start + PART] for start in range(0, len(things), PART)]
    # Started anew and not forked: HashiCorp's parser, where it was used before a fork, waits for ever after it.
    with ProcessPoolExecutor(processes, get_context("spawn"), _begin) as pool:
        yield from chain.from_iterable(pool.map(work, parts))


def _begin() -> None:
    """Leave Ctrl-C to the process that waits, and evaluate nothing of a template in this one."""
    from bot.clients.children.filler import fill_in_a_child  # noqa: PLC0415 (the one that waits has it already)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    fill_in_a_child()


def _processors() -> int:
    """Return how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
