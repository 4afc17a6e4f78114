"""What the service's processes have in common: settings, log, being told to stop."""

import os
import signal
import sys
import threading

from bot.clients.own_memory import keep_memory_private
from bot.errors import UserError
from bot.logs import set_up
from bot.settings import Settings, read

INVALID = 2
"""How a process ends that can't work with its settings."""

LIFELINE = "--lifeline"
"""Said to a child whose stdin is a pipe from its supervisor: when that ends, so does the child."""


def start() -> Settings:
    """Read the settings from the environment and set up the log. Ends the process (2) when the settings are invalid."""
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


def told_to_stop() -> threading.Event:
    """Return an event that is set by SIGTERM, by SIGINT and, with `LIFELINE`, when the supervisor is gone."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    if LIFELINE in sys.argv:

        def watch() -> None:
            # Not `sys.stdin`: its buffer is locked while a thread waits in it, and Python can't end then.
            while os.read(0, 1024):
                pass
            stop.set()

        threading.Thread(target=watch, name="lifeline", daemon=True).start()
    return stop
