"""Plan a stack with its state locked, and get past the lock of a run that is dead."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from bot.clients.lock_owner import works_in
from bot.clients.terraform.output import StateLocked, TerraformFailed, TerraformKilled
from bot.clients.terraform.plan_options import PlanOptions, SavedPlan
from bot.clients.terraform.terraform import RootModule
from bot.core.ledger.lease import LENGTH, noted
from bot.core.ledger.ledger import Takeover
from bot.model.pipeline import Json
from bot.names import ParameterName, StepName
from bot.runs.deadline import Deadline
from bot.runs.environment_run import EnvironmentRun
from bot.runs.step_errors import StepStopped

T = TypeVar("T")

LOCK_TIMEOUT = timedelta(seconds=20)
"""How long Terraform waits for the state's lock before we look whose it is."""
MOST_TRIES = 5
"""Locks met in a row. One or two are left by a dead run; more means that somebody is at work without our lease."""
MARGIN = timedelta(seconds=2)
"""Time that is left for saying what is wrong, before the step's own time is over."""
POLL_SECONDS = 0.5
"""Between two looks for a process in the stack's directory; a Terraform that ends takes seconds."""


@dataclass(frozen=True, slots=True)
class StackPlanRequest:
    """Which stack is to be planned, with which inputs, and whether to plan its destroy."""

    name: StepName
    values: Mapping[ParameterName, Json] = field(repr=False)
    destroy: bool = False


@dataclass(frozen=True, slots=True)
class StackAtWork:
    """A stack that Terraform works on, and until when it may."""

    name: StepName
    module: RootModule
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class _StaleLock:
    """The lock of a state that nobody holds any more, and how that is known."""

    lock: StateLocked
    reason: str


def plan_locked(run: EnvironmentRun, module: RootModule, stack_plan: StackPlanRequest, deadline: Deadline) -> SavedPlan:
    """Plan under the state's lock. Raises `StepStopped`, and what `module.plan` raises.

    What a run that died had begun here may go on by itself, and have no lock yet, or not any more: a plan beside it would see less than it makes.
    """
    options = PlanOptions(destroy=stack_plan.destroy, lock_timeout=LOCK_TIMEOUT)
    stack = StackAtWork(stack_plan.name, module, deadline)
    last = run.before.steps.get(stack_plan.name)
    # Whoever takes over with a reason has looked.
    if last is not None and last.result == "running" and not run.request.take_over and not _is_left_alone(run, stack):
        raise StepStopped(_still_at_work(run))
    return locked(run, stack, lambda: module.plan(stack_plan.values, options, timeout=deadline.remaining()))


def locked(run: EnvironmentRun, stack: StackAtWork, action: Callable[[], T]) -> T:
    """Do what takes the state's lock; wait for what a dead run may have left at work, and remove the lock if nobody holds it any more.

    Raises `StepStopped`, and what the action raises.
    """
    for _ in range(MOST_TRIES):
        try:
            return action()
        except StateLocked as error:
            reason = _stale_lock_reason(run, error)
            if reason is None:
                raise StepStopped(_locked_by_another(run, stack, error), is_final=True) from error
            if not _is_left_alone(run, stack):
                raise StepStopped(_still_at_work(run)) from error
            _unlock(run, stack, _StaleLock(error, reason))
    raise StepStopped("The state is locked again after each unlock: somebody else is at work on it.", is_final=True)


def note_killed(run: EnvironmentRun, step: StepName, killed: TerraformKilled) -> None:
    """Keep that a Terraform of this run was killed here, so that a lock which it left is known to be nobody's."""
    reason = f"Terraform was killed during `{killed.command}` of `{step}`"
    death = Takeover(
        lock_owner=run.request.lock_owner,
        machine=run.request.machine,
        by=run.request.lock_owner,
        at=run.context.now(),
        reason=reason,
    )
    run.change(lambda ledger: noted(ledger, death))


def _is_left_alone(run: EnvironmentRun, stack: StackAtWork) -> bool:
    """Wait until no process is at work in the stack's directory; False when there still is one as the time ends."""
    announced = False
    while works_in(stack.module.directory, len(stack.name.split("/"))):
        if not announced:
            run.log(stack.name, "waiting for a process that a killed run left behind")
            announced = True
        if stack.deadline.remaining() <= MARGIN or run.stopping.wait(POLL_SECONDS):
            return False
    return True


def _still_at_work(run: EnvironmentRun) -> str:
    name = run.request.environment
    return (
        "A process of an earlier run is still at work in this stack. End it, or run this again when it has ended; to continue beside it, comment "
        f'`/unlock {name} --because "…"`.'
    )


def _unlock(run: EnvironmentRun, stack: StackAtWork, stale: _StaleLock) -> None:
    lock_id, reason = stale.lock.lock_id, stale.reason
    try:
        stack.module.force_unlock(lock_id)
    except TerraformFailed:
        return  # whoever held it gave it back meanwhile; planning again tells
    if not any(reason == _left_behind(each) for each in run.ledger.read().takeovers):
        _record(run, stack, stale)
    run.log(stack.name, f"removed the state's lock {lock_id}: {reason}")


def _record(run: EnvironmentRun, stack: StackAtWork, stale: _StaleLock) -> None:
    """Keep the reason why a lock was removed whose holder had no lease, as is kept for a lease.

    No machine is kept with it: what is said of this lock says nothing of the next one from there.
    """
    lock, now = f"the lock {stale.lock.lock_id} of the state of `{stack.name}`", run.context.now()
    record = Takeover(lock_owner=lock, machine="", by=run.request.lock_owner, at=now, reason=stale.reason)
    run.change(lambda ledger: noted(ledger, record))


def _locked_by_another(run: EnvironmentRun, stack: StackAtWork, error: StateLocked) -> str:
    name = run.request.environment
    return (
        f'{error}\nIf that run is dead, comment `/unlock {name} --because "…"`; or remove the lock with '
        f"`terraform force-unlock {error.lock_id}` in `{name}/{stack.name}`, then run this again."
    )


def _stale_lock_reason(run: EnvironmentRun, error: StateLocked) -> str | None:
    """Return why the lock belongs to nobody any more, or None when that isn't known.

    It is a dead run's if it was made, before this run took its lease, where a run worked whose death was told when its lease
    was taken (that nothing was heard of it is not enough: it may have lost the network alone); or where a Terraform was killed,
    before that, perhaps one of this very run; or if somebody who may do so said that whoever is at work on the environment is dead.
    """
    ledger = run.ledger.read()
    made = _created(error)
    if made is None or ledger.lease is None:
        return None
    is_older = made < ledger.lease.since
    for takeover in reversed(ledger.takeovers):
        is_ours = takeover.lock_owner == run.request.lock_owner and made <= takeover.at
        if (is_older or is_ours) and takeover.machine == error.lock_owner and not takeover.is_silence:
            return _left_behind(takeover)
    said = run.request.take_over
    # One of the future was made by a clock that is ahead, nobody knows when.
    is_of_future = made > run.context.now() + LENGTH
    return f"{error.lock_owner} left it ({said})" if said and (is_older or is_of_future) else None


def _left_behind(takeover: Takeover) -> str:
    return f"{takeover.lock_owner} left it ({takeover.reason})"


def _created(error: StateLocked) -> datetime | None:
    """Return when a state's lock was made: Terraform writes `2026-11-23 20:51:29.123456789 +0000 UTC`."""
    for diagnostic in error.diagnostics:
        if found := re.search(r"\bCreated:\s+(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:\.\d+)? \+0000 UTC", diagnostic.detail):
            return datetime.fromisoformat(f"{found[1]}+00:00")
    return None
