"""One attempt at one step, as a value that can be written down: what came of it, and what to do next."""

import errno
import logging
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, TypeAdapter

from bot.clients.steady_clock import steady
from bot.clients.transient import RateLimited, Transient
from bot.errors import UserError
from bot.model.base import Document
from bot.model.pipeline import Json

log = logging.getLogger(__name__)

OF_THE_MACHINE = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.EAGAIN}
)


class StepDone(Document):
    """The step did its part."""

    kind: Literal["done"] = "done"
    result: dict[str, Json]


class Later(Document):
    """Try again in so many seconds."""

    kind: Literal["later"] = "later"
    seconds: float
    is_limit: bool
    reason: str


class JobRefused(Document):
    """It can't be done, and a person can put it right."""

    kind: Literal["refused"] = "refused"
    message: str


class JobFailed(Document):
    """A surprise; the log has its traceback under the reference."""

    kind: Literal["broken"] = "broken"
    reference: str
    error: str


StepOutcome: TypeAlias = Annotated[StepDone | Later | JobRefused | JobFailed, Field(discriminator="kind")]
OUTCOME: TypeAdapter[StepOutcome] = TypeAdapter(StepOutcome)


@dataclass(frozen=True, slots=True)
class Patience:
    """How often and how long to wait for what may heal. The defaults bear an outage of an hour."""

    first: timedelta = timedelta(seconds=1)
    longest: timedelta = timedelta(minutes=5)
    attempts: int = 20
    limits: int = 200
    """How many times a rate limit may be met: GitHub says when it ends, so that these waits are not doubled."""

    def wait(self, attempt: int) -> timedelta:
        """Return how long to wait after the attempt of this number (the first is 0): doubled each time, up to the longest."""
        return min(self.first * (1 << min(attempt, 20)), self.longest)


@dataclass(frozen=True, slots=True)
class Tries:
    """How often a step failed already."""

    failures: int = 0
    limits: int = 0

    def after(self, later: Later) -> "Tries":
        return Tries(self.failures, self.limits + 1) if later.is_limit else Tries(self.failures + 1, self.limits)


class FailedAlone(Exception):
    """A surprise in a process that a step had to itself, which logged it."""

    def __init__(self, outcome: JobFailed) -> None:
        super().__init__(outcome.error)
        self.outcome = outcome


def attempt(step: Callable[[], dict[str, Json]], tries: Tries, patience: Patience) -> StepOutcome:
    """Run a step once; return what came of it. The one place where surprises of the flows are caught."""
    try:
        return StepDone(result=step())
    except RateLimited as limited:
        if tries.limits < patience.limits:
            # Half a second more, so that a clock a little ahead of GitHub's does not ask too early.
            seconds = max(0.0, (limited.until - steady()).total_seconds()) + 0.5
            return Later(seconds=seconds, is_limit=True, reason=limited.reason)
        return _broken(limited)
    except Transient as error:
        return _later(error, str(error), tries, patience)
    except UserError as refused:
        return JobRefused(message=str(refused))
    except FailedAlone as failed:
        return failed.outcome
    except Exception as error:  # noqa: BLE001 - the job's edge: whoever asked gets an answer, the log gets the traceback
        if is_of_the_machine(error):
            return _later(
                error,
                "the disk of the service is full or can't be written, or it has too many files open",
                tries,
                patience,
            )
        return _broken(error)


def is_of_the_machine(error: Exception) -> bool:
    """Say whether the machine refused, and not what was asked: a full or failing disk, too many open files. Somebody puts that right."""
    # What git says of a full disk comes as its text.
    return (isinstance(error, OSError) and error.errno in OF_THE_MACHINE) or os.strerror(errno.ENOSPC) in str(error)


def _later(error: Exception, reason: str, tries: Tries, patience: Patience) -> StepOutcome:
    if tries.failures + 1 >= patience.attempts:
        return _broken(error)
    return Later(seconds=patience.wait(tries.failures).total_seconds(), is_limit=False, reason=reason)


def _broken(error: Exception) -> JobFailed:
    reference = secrets.token_hex(4)
    log.error("a step broke", exc_info=error, extra={"action": "fail", "reference": reference})
    # The message stays in the log: it may hold what is not everybody's business.
    return JobFailed(reference=reference, error=type(error).__name__)
