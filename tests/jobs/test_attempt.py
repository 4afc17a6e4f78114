"""What comes of one attempt at a step."""

import errno
import os

import pytest

from bot.jobs.attempt import JobFailed, Later, Patience, StepOutcome, Tries, attempt
from bot.model.pipeline import Json


def tried(error: Exception, failures: int = 0) -> StepOutcome:
    def step() -> dict[str, Json]:
        raise error

    return attempt(step, Tries(failures), Patience(attempts=3))


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        OSError(errno.EROFS, os.strerror(errno.EROFS)),
        OSError(errno.EMFILE, os.strerror(errno.EMFILE)),
        RuntimeError("fatal: write error: No space left on device"),
    ],
)
def test_what_the_machine_refuses_is_tried_again_and_not_for_ever(error: Exception) -> None:
    later = tried(error)
    assert isinstance(later, Later)
    assert "disk of the service" in later.reason
    assert isinstance(tried(error, failures=2), JobFailed)


def test_a_surprise_is_not_tried_again() -> None:
    assert isinstance(tried(FileNotFoundError(errno.ENOENT, "gone")), JobFailed)
