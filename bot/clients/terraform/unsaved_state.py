"""The state that Terraform could not write at the end of an apply: kept, and written again, for nothing else knows what was made.

Terraform leaves it as a file beside the code. In its cage it may write no file there, and says all the same that it did, so the file
is made for it beforehand. Seen with Terraform 1.11: where credentials expire during an apply, all that it made was in no state.
"""

import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from bot.clients.process import TimedOut
from bot.clients.terraform.output import Diagnostic, TerraformFailed, TerraformTimedOut
from bot.core.tree import UNSAVED_STATE
from bot.errors import UserError

PAUSES = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 15, 60, 120))
"""Between tries: a store that refuses does so for seconds or minutes; what is not saved by then needs a person."""
MOST_OF_A_STATE = 64 * 1024 * 1024
"""Bytes of a state that is written again without a person. Terraform reads and writes such a one for minutes; states of thousands of resources have some MB."""
_OF_THE_STATE = frozenset({"Failed to save state", "Failed to persist state to backend"})
"""Summaries of errors that are over once the state is written."""


@contextmanager
def saved_afterwards(
    directory: Path, push: Callable[[], object], pauses: Sequence[timedelta] = PAUSES
) -> Iterator[None]:
    """Let Terraform apply the root module in `directory`; write its state by `push` where Terraform itself could not.

    Raises what the block raises, except for errors that were only about the state. A state that could not be written at all stays where it is.
    """
    place = directory / UNSAVED_STATE
    if _is_unsaved(place):
        raise UserError(
            f"{place} is the state of an earlier apply, which could not be written. Run `terraform state push {UNSAVED_STATE}` there, "
            "then delete it; delete it at once if you don't know where it comes from."
        )
    os.close(os.open(place, os.O_CREAT | os.O_WRONLY, 0o600))
    try:
        yield
    except (TerraformFailed, TimedOut) as failed:
        if not _is_terraforms(place, failed):
            raise
        if place.stat().st_size > MOST_OF_A_STATE:
            raise TerraformFailed("apply", (*_said(failed), _left(place, _TOO_LARGE))) from failed
        left = [*pauses]
        while not _is_written(place, push, failed, is_last=not left):
            time.sleep(left.pop(0).total_seconds())
        if not _is_about_the_state_alone(failed):
            raise
    finally:
        if not _is_unsaved(place):
            place.unlink(missing_ok=True)


def _is_written(place: Path, push: Callable[[], object], failed: Exception, *, is_last: bool) -> bool:
    """Try to write the state; raise an error that says where it is after the last try in vain."""
    try:
        push()
    except (TerraformFailed, TimedOut) as error:
        if is_last:
            raise TerraformFailed("apply", (*_said(failed), *_said(error), _left(place))) from error
        return False
    place.unlink()
    return True


_TOO_LARGE = f"It has more than {MOST_OF_A_STATE // 1024**2} MiB, so nothing was done with it: look at it first. "


def _left(place: Path, why: str = "") -> Diagnostic:
    detail = f"{why}It is in {place} alone. Run `terraform state push {UNSAVED_STATE}` there before this machine is gone, then delete it."
    return Diagnostic("error", "The state could not be written", detail)


def _told(error: Exception) -> tuple[Diagnostic, ...]:
    return error.diagnostics if isinstance(error, TerraformFailed | TerraformTimedOut) else ()


def _said(error: Exception) -> tuple[Diagnostic, ...]:
    return error.diagnostics if isinstance(error, TerraformFailed) else (Diagnostic("error", str(error)),)


def _is_about_the_state_alone(failed: Exception) -> bool:
    return isinstance(failed, TerraformFailed) and {each.summary for each in failed.diagnostics} <= _OF_THE_STATE


def _is_terraforms(place: Path, failed: TerraformFailed | TimedOut) -> bool:
    """Say whether Terraform left the file: what it runs may write it as well, and would have a state of its own making pushed.

    Terraform says so, also where its time was over. Without a lineage `state push` takes any state in place of the one that is there, and where
    there is none yet, as in a new environment, it takes any at all.
    """
    if not _is_unsaved(place):
        return False
    if not {each.summary for each in _told(failed)} & _OF_THE_STATE:
        return False
    try:
        with place.open("rb") as file:
            read = file.read(MOST_OF_A_STATE + 1)  # it may be as long as the disk is large, or longer with holes in it
        if len(read) > MOST_OF_A_STATE:
            return True  # a person says
        state = json.loads(read)
    except (ValueError, RecursionError):
        return False
    return isinstance(state, dict) and bool(state.get("lineage"))


def _is_unsaved(place: Path) -> bool:
    return place.is_file() and place.stat().st_size > 0
