"""`/healthz`: the process runs. `/readyz`, on the port for operations: a comment sent now would be carried out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from bot.clients.store import JobStore, StoreUnavailable
from bot.settings import Settings

OK = "ok"
GitHubHealth: TypeAlias = Callable[[], str | None]
"""What GitHub says to our credentials: `OK` or what is wrong, and None if it has not answered yet. Nobody waits long for it."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What was looked at, and for each `ok` or what is wrong."""

    inbox: str
    worker: str
    github: str
    webhook: str

    @property
    def is_ready(self) -> bool:
        return all(said == OK for said in (self.inbox, self.worker, self.github, self.webhook))


def readiness(settings: Settings, store: JobStore, github: GitHubHealth) -> Readiness:
    """Look at everything that has to be there. A platform restarts by `/healthz`: GitHub's troubles are no reason for that."""
    return Readiness(
        inbox=_inbox(store),
        worker=_worker(settings, store),
        github=(github() or "GitHub has not answered yet")
        if settings.has_credentials
        else "no GitHub credentials are set",
        webhook=OK if any(settings.secrets) else "no webhook secret is set, so every delivery is rejected",
    )


def _inbox(store: JobStore) -> str:
    try:
        store.check()
    except StoreUnavailable:
        return "the database can't be written"
    return OK


def _worker(settings: Settings, store: JobStore) -> str:
    try:
        silences = [abs(replica.silent_for) for replica in store.replicas()]
    except StoreUnavailable:
        return "the database can't be read"
    if not silences:
        return "no worker has ever sent a heartbeat"
    if min(silences) >= settings.dead_after:
        return f"no worker has sent a heartbeat for {int(min(silences).total_seconds())} s"
    return OK
