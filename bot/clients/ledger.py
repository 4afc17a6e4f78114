"""The ledger of one environment in the object store, written by compare-and-swap.

Whoever changes it holds the lease. A run that was paused past the end of its lease and lost it finds out at its next
write, because the tag of what it read is no longer that of what is there; it then stops with `LeaseLost`.
"""

import secrets
import threading
from collections.abc import Callable
from datetime import datetime

from pydantic import ValidationError

from bot.clients.objects.store import Conflict, ObjectStore
from bot.core.ledger.lease import LENGTH, LeaseState, acquired, is_held, refusal, released, renewed
from bot.core.ledger.ledger import Lease, Ledger
from bot.errors import Unverifiable, UserError
from bot.names import EnvironmentName

MOST_TRIES = 20
"""Writes lost in a row. Two writers meet now and then; this many means that something else is wrong."""


class LeaseHeld(UserError):
    """Somebody else is at work on the environment."""


class LeaseLost(UserError):
    """The lease is no longer ours: somebody took it, and may be at work already. Stop."""


class LedgerFile:
    """`ledger/<environment>.json`. Safe to use from several threads."""

    def __init__(self, store: ObjectStore, environment: EnvironmentName) -> None:
        self.environment = environment
        self.key = f"ledger/{environment}.json"
        self._key_place = f"ledger/{environment}.key"
        self._store = store
        self._lock = threading.Lock()

    def read(self) -> Ledger:
        """Return the ledger; an empty one when nothing was ever applied. Raises `Unverifiable`."""
        return self._read()[0]

    def digest_key(self) -> str:
        """Return the key of the digests of what is secret; it is made when it is first asked for. Raises `Unverifiable`.

        It lies beside the ledger and not in it: a ledger that is printed gives nothing away.
        """
        if known := self.known_digest_key():
            return known
        made = secrets.token_hex(32)
        try:
            self._store.write(self._key_place, made.encode(), if_absent=True)
        except Conflict:
            return self.known_digest_key()
        return made

    def known_digest_key(self) -> str:
        """Return the key for whoever only reads; empty when nothing was ever applied. Raises `Unverifiable`."""
        stored = self._store.read(self._key_place)
        return stored.data.decode() if stored is not None else ""

    def acquire(
        self, lease: Lease, now: datetime, stale_reason: Callable[[str], str | None] = lambda lock_owner: None
    ) -> Ledger:
        """Take the lease and return the ledger as it was before, so that the caller sees whom it followed.

        `stale_reason` returns why a holder is dead although its lease has not expired. Raises `LeaseHeld`, `Unverifiable`.
        """

        def take(ledger: Ledger) -> Ledger:
            reason = stale_reason(ledger.lease.lock_owner) if ledger.lease is not None else None
            result = acquired(ledger, lease, now, reason or "")
            if isinstance(result, LeaseState):
                raise LeaseHeld(refusal(result.lease, self.environment, now))
            return result

        return self._change(take)[0]

    def renew(self, lock_owner: str, now: datetime) -> None:
        """Prolong the lease. Raises `LeaseLost`, `Unverifiable`."""

        def prolong(ledger: Ledger) -> Ledger:
            result = renewed(ledger, lock_owner, now + LENGTH)
            if result is None:
                raise LeaseLost(_lost(ledger, lock_owner))
            return result

        self._change(prolong)

    def release(self, lock_owner: str) -> None:
        """Give the lease back; one that is somebody else's by now stays."""
        self._change(lambda ledger: released(ledger, lock_owner))

    def change(self, lock_owner: str, transition: Callable[[Ledger], Ledger]) -> Ledger:
        """Write what `transition` makes of the ledger, and return it. Raises `LeaseLost`, `Unverifiable`.

        `transition` may be called several times.
        """

        def checked(ledger: Ledger) -> Ledger:
            if not is_held(ledger, lock_owner):
                raise LeaseLost(_lost(ledger, lock_owner))
            return transition(ledger)

        return self._change(checked)[1]

    def _change(self, transition: Callable[[Ledger], Ledger]) -> tuple[Ledger, Ledger]:
        with self._lock:
            for _ in range(MOST_TRIES):
                before, tag = self._read()
                after = transition(before)
                if after == before and tag is not None:
                    return before, after
                data = after.model_dump_json(indent=1).encode()
                try:
                    self._store.write(self.key, data, if_match=tag, if_absent=tag is None)
                except Conflict:
                    continue
                return before, after
        raise Unverifiable(f"{self.key} was changed by another writer {MOST_TRIES} times in a row")

    def _read(self) -> tuple[Ledger, str | None]:
        stored = self._store.read(self.key)
        if stored is None:
            return Ledger(environment=self.environment), None
        try:
            ledger = Ledger.model_validate_json(stored.data)
        except ValidationError as error:
            # Written by a newer version, or damaged: guessing what was applied would be worse than stopping.
            raise Unverifiable(f"{self.key} can't be read by this version: {error.error_count()} errors") from error
        if ledger.environment != self.environment:
            raise Unverifiable(f"{self.key} is the ledger of `{ledger.environment}`")
        return ledger, stored.etag


def _lost(ledger: Ledger, lock_owner: str) -> str:
    by = f"{ledger.lease.lock_owner} took it" if ledger.lease else "it was given back"
    return f"The lease of {lock_owner} on `{ledger.environment}` is lost: {by}. No further step was started; steps that were running may be incomplete."
