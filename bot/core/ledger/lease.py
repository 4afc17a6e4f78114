"""The lease in a ledger: one run at a time is at work on an environment.

A lease is never merely believed to be dead. It ends when its holder gives it back, when its time is over, or when somebody
takes it with a reason that the ledger keeps.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.ledger.ledger import MOST_TAKEOVERS, Lease, Ledger, Takeover

LENGTH = timedelta(minutes=5)
"""An owner renews every fifth of this, so that it survives four lost renewals; a dead run blocks an environment no longer than this."""

MOST_SKEW = LENGTH / 5
"""How far a run's clock may be off. Of two runs one may be ahead and one behind: even then a lease survives two lost renewals."""


@dataclass(frozen=True, slots=True)
class LeaseState:
    """Somebody else is at work."""

    lease: Lease


def acquired(ledger: Ledger, wanted: Lease, now: datetime, reason: str = "") -> Ledger | LeaseState:
    """Return the ledger with the lease `wanted`, or who holds it.

    With a `reason` it is taken even if its holder's time is not over. Taking what was not given back is recorded.
    """
    lease = ledger.lease
    if lease is None or lease.lock_owner == wanted.lock_owner:
        taken = ledger.model_copy(update={"lease": wanted})
        # Nobody held it; the reason is kept all the same, since it counts for the state's lock too.
        said = Takeover(lock_owner="nobody", machine="", by=wanted.lock_owner, at=now, reason=reason)
        return noted(taken, said) if reason and lease is None else taken
    if lease.until > now and not reason:
        return LeaseState(lease)
    record = Takeover(
        lock_owner=lease.lock_owner,
        machine=lease.machine,
        by=wanted.lock_owner,
        at=now,
        is_silence=not reason,
        reason=reason or f"its lease expired at {lease.until:%Y-%m-%d %H:%M:%S} UTC",
    )
    return noted(ledger.model_copy(update={"lease": wanted}), record)


def noted(ledger: Ledger, takeover: Takeover) -> Ledger:
    """Return the ledger that keeps why something was taken from its owner."""
    return ledger.model_copy(update={"takeovers": (*ledger.takeovers, takeover)[-MOST_TAKEOVERS:]})


def renewed(ledger: Ledger, lock_owner: str, until: datetime) -> Ledger | None:
    """Return the ledger with the lease prolonged, or None when `holder` has lost it."""
    if not is_held(ledger, lock_owner) or ledger.lease is None:
        return None
    return ledger.model_copy(
        update={"lease": ledger.lease.model_copy(update={"until": max(until, ledger.lease.until)})}
    )


def released(ledger: Ledger, lock_owner: str) -> Ledger:
    """Return the ledger without the holder's lease; somebody else's stays."""
    return ledger.model_copy(update={"lease": None}) if is_held(ledger, lock_owner) else ledger


def is_held(ledger: Ledger, lock_owner: str) -> bool:
    """Say whether the lease is this holder's. One whose time is over still is, until somebody else takes it."""
    return ledger.lease is not None and ledger.lease.lock_owner == lock_owner


def refusal(lease: Lease, environment: str, now: datetime) -> str:
    """Return the message for a run that finds the environment locked."""
    where = f" ({lease.run_url})" if lease.run_url else ""
    # By clocks that agree, none is promised for longer than its length.
    is_odd = lease.until - now > 2 * LENGTH
    expires = f"{lease.until:%Y-%m-%d %H:%M:%S} UTC by the clock of its machine, which is wrong, or this one's is"
    expires = expires if is_odd else f"{lease.until:%H:%M:%S} UTC"
    return (
        f"`{environment}` is locked by {lease.lock_owner}{where}, since {lease.since:%Y-%m-%d %H:%M:%S} UTC. Wait for it to "
        f"finish. If it is dead, its lease expires at {expires}: run this again then, or comment "
        f'`/unlock {environment} --because "…"`.'
    )


def wrong_clock(ahead: timedelta, server: str) -> str:
    """Return the message for a run on a machine whose clock is so far ahead of the store's, or behind it."""
    side = "ahead of" if ahead > timedelta() else "behind"
    return (
        f"This machine's clock is {abs(ahead).total_seconds():.0f} s {side} that of {server}, so nothing was begun: with a wrong clock, "
        "a run takes live runs for dead ones, or dead ones for live. Let the machine keep time with NTP, then run this again."
    )
