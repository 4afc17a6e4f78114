"""Whether a run may go by this machine's clock: the store's is the one that all runs on an environment have in common.

By a clock that is ahead, a run that is at work looks dead, and its hooks would run a second time beside it. By one that is behind, a dead run
looks alive. Terraform dates the lock of a state by the machine's clock too, so no correction of our own times would do.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from bot.clients.objects.store import ObjectStore
from bot.clients.reach import ahead_of
from bot.clients.transient import Transient
from bot.core.ledger.lease import MOST_SKEW, wrong_clock
from bot.errors import UserError


class WrongClock(UserError):
    """This machine's clock is too far from the store's."""


def check_clock(store: ObjectStore, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
    """Raise `WrongClock` if a clock is not the store's, as far as that says what time it is."""
    if not store.server:
        return
    try:
        ahead = ahead_of(store.server, clock)
    except Transient:
        return  # who can't be asked without credentials may answer all the same; S3 refuses signatures of a wrong clock itself
    if ahead is not None and abs(ahead) > MOST_SKEW:
        raise WrongClock(wrong_clock(ahead, store.server))
