"""How the service's processes are told to stop."""

import os
import signal
import threading
from collections.abc import Callable, Iterator

import pytest

from bot.cli.serving.processes import STOPS, told_to_stop


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Put back what signals did before."""
    before = {number: signal.getsignal(number) for number in STOPS}
    yield
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)


def _to_the_other_thread() -> None:
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)


def _to_the_process() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("send", [_to_the_other_thread, _to_the_process])
def test_a_signal_stops_a_process_that_waits_whichever_thread_gets_it(send: Callable[[], None]) -> None:
    """The kernel may choose another than the main one for a process that was paused."""
    stop = told_to_stop()
    other = threading.Timer(0.05, send)
    other.start()
    assert stop.wait()
    other.join()


def test_a_signal_stops_a_process_that_looks_for_it_again_and_again() -> None:
    """A handler that sets the event waits for itself if the main thread has just taken the event's lock."""
    stop = told_to_stop()
    other = threading.Timer(0.05, _to_the_process)
    other.start()
    while not stop.wait(0):
        pass
    other.join()
