"""How much a step may take of the process that does it, whatever it reads: memory, processor time, and the interpreter itself.

What reads untrusted text bounds itself. This is for what we did not think of: a process that goes beyond is ended, and the death is a
step's like any other (`step_attempts`), so the step runs alone and is set aside when it ends that process, too.
"""

import faulthandler
import logging
import os
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

MEMORY = 4 * 1024**3
"""Bytes that a process may allocate, and each program that it starts, as git. A worker of a thousand environments has a tenth."""

STEP_SECONDS = 300.0
"""Of the processor, for one step. The longest that we know of looks at a thousand environments, in ten."""

SILENT_FOR = 60.0
"""Seconds of the processor in which no thread of ours gets a turn, since a call that never ends keeps the interpreter to itself.

Not by the clock: a process that was paused, or a machine that slept, did no harm.
"""

LOOK = 5.0


def limit_memory(most: int = MEMORY) -> None:
    """Let what asks for more memory fail with `MemoryError`, which is a surprise in its step; a lower limit that is there stays."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    lowest = min((each for each in (soft, hard, most) if each != resource.RLIM_INFINITY), default=most)
    resource.setrlimit(resource.RLIMIT_DATA, (lowest, hard))


@contextmanager
def processor_time(most: float = STEP_SECONDS) -> Iterator[None]:
    """End the process if what it does meanwhile takes longer. It is the kernel that ends it, so no call can keep it from that."""
    signal.setitimer(signal.ITIMER_PROF, most)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def watch(
    stopped: threading.Event,
    longest_step: Callable[[], float],
    *,
    look: float = LOOK,
    silent_for: float = SILENT_FOR,
    step_seconds: float = STEP_SECONDS,
) -> None:
    """Look until told to stop; end the process when a step took too long, or when we don't even get to look.

    It is the kernel that notices the second. Where each thread was is written down, for which the interpreter is not needed.
    """
    faulthandler.register(signal.SIGPROF, all_threads=True, chain=True)
    while not stopped.is_set():
        signal.setitimer(signal.ITIMER_PROF, silent_for)
        if longest_step() > step_seconds:
            log.critical("a step took %d s of the processor", step_seconds, extra={"action": "kill"})
            os.kill(os.getpid(), signal.SIGKILL)
        stopped.wait(look)
    signal.setitimer(signal.ITIMER_PROF, 0)
