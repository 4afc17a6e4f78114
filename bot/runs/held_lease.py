"""The lease of an environment, held by this run: one run at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from bot.clients.ledger import LedgerFile
from bot.core.ledger.lease import LENGTH
from bot.core.ledger.ledger import Lease, Ledger
from bot.errors import Unverifiable
from bot.runs.clock_check import check_clock
from bot.runs.context import ApplyContext
from bot.runs.environment_run import EnvironmentRun
from bot.runs.executor import Supervision
from bot.runs.request import ApplyRequest

RENEWAL = LENGTH / 5
"""Four renewals in a row may be lost before the lease ends: S3 unavailable for minutes does not cost a run its environment."""


@contextmanager
def held(ledger: LedgerFile, request: ApplyRequest, context: ApplyContext, now: datetime) -> Iterator[Ledger]:
    """Hold the environment's lease; yield the ledger as it was before. Raises `LeaseHeld`, `WrongClock`, `Unverifiable`."""
    check_clock(context.store, context.now)
    lease = Lease(
        lock_owner=request.lock_owner,
        until=now + LENGTH,
        since=now,
        run_url=request.run_url,
        machine=request.machine,
    )
    before = ledger.acquire(lease, now, lambda owner: request.take_over or context.stale_reason(owner))
    if before.lease is not None and before.lease.lock_owner != request.lock_owner:
        context.log(f"taking over from {before.lease.lock_owner}, which did not finish")
    try:
        yield before
    finally:
        ledger.release(request.lock_owner)


def lease_kept(run: EnvironmentRun) -> Supervision:
    """Return the supervision that keeps the run's lease while its steps run, and stops the run when the lease is lost."""
    return Supervision(run.stopping, RENEWAL, lambda: _renew(run), run.context.log)


def _renew(run: EnvironmentRun) -> None:
    try:
        run.ledger.renew(run.request.lock_owner, run.context.now())
    except Unverifiable as error:
        # The lease outlives four of these; what is really broken stops the next step at its first write.
        run.context.log(f"the lease could not be renewed; trying again: {error}")
