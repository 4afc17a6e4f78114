"""What the service's processes have in common: settings, log, being told to stop."""

import os
import signal
import sys
import threading
from collections.abc import Callable

from bot import garbage
from bot.cli.plain_streams import name_controls
from bot.clients.own_memory import keep_memory_private
from bot.errors import UserError
from bot.logs import set_up
from bot.settings import Settings, read

INVALID = 2
"""How a process ends that can't work with its settings."""

STOPS = frozenset({signal.SIGTERM, signal.SIGINT})

LIFELINE = "--lifeline"
"""Said to a child whose stdin is a pipe from its supervisor: when that ends, so does the child."""

BEGIN = b"\n"
"""What the supervisor writes there when the child may do something."""


def start() -> Settings:
    """Read the settings from the environment and set up the log. Ends the process (2) when the settings are invalid."""
    garbage.resume()  # the process has read its code
    name_controls()
    try:
        settings = read(os.environ)
    except UserError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(INVALID) from None
    # Deliveries, jobs and mirrors are private: files that this process and its children create are readable only by its user.
    os.umask(0o077)
    keep_memory_private()
    set_up(settings.log_level, secrets(settings))
    return settings


def secrets(settings: Settings) -> list[str]:
    """Everything that must not be seen in a log."""
    held = (
        *settings.webhook_secrets,
        *settings.dispatch_secrets,
        settings.github_private_key,
        settings.github_token,
        settings.database_url,
    )
    return [secret.get_secret_value() for secret in held if secret is not None]


def is_told_to_begin() -> bool:
    """Wait until the supervisor says so, with `LIFELINE`; return False if it is gone instead."""
    return LIFELINE not in sys.argv or os.read(0, len(BEGIN)) == BEGIN


def told_to_stop() -> threading.Event:
    """Return an event that is set by SIGTERM, by SIGINT and, with `LIFELINE`, when the supervisor is gone."""
    stop = threading.Event()
    _on_signals(stop.set)
    if LIFELINE in sys.argv:

        def watch() -> None:
            # Not `sys.stdin`: its buffer is locked while a thread waits in it, and Python can't end then.
            while os.read(0, 1024):
                pass
            stop.set()

        threading.Thread(target=watch, name="lifeline", daemon=True).start()
    return stop


def _on_signals(act: Callable[[], None]) -> None:
    """Act in a thread of its own as soon as the process gets one of `STOPS`.

    Not in Python's handler. That runs when the main thread is interrupted, and after a pause (SIGSTOP, a frozen container) the kernel
    may give a signal to another thread: then a main thread that waits without an end never hears of it. And a handler that sets the
    event while the main thread takes its lock, to wait for it, waits for itself.
    """
    heard, noted = os.pipe()
    os.set_blocking(noted, False)
    signal.set_wakeup_fd(noted, warn_on_full_buffer=False)  # whichever thread gets the signal writes its number down
    for number in STOPS:
        signal.signal(number, lambda *_: None)

    def listen() -> None:
        while STOPS.isdisjoint(os.read(heard, 64)):
            pass
        act()

    threading.Thread(target=listen, name="signals", daemon=True).start()
