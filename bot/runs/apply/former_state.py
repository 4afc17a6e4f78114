"""The state of a stack that was renamed: seen by a plan where it still lies, and moved by the run that next works on the stack.

The run holds the environment's lease, and has written into the ledger that the stack runs and where its state was. Only when the state has moved
does it forget the former place, so whoever goes on after a kill looks at both places again (`bot.core.ledger.state_move`).
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from bot.clients.git.checkout import Checkout
from bot.clients.terraform.terraform import INIT_TIMEOUT, RootModule, Terraform
from bot.core.ledger.ledger import FormerPlace, FormerState
from bot.core.ledger.state_move import emptied_copy, moving
from bot.core.ledger.transitions import state_moved
from bot.errors import UserError
from bot.names import EnvironmentName, StepName
from bot.runs.apply.locked_plan import StackAtWork, locked
from bot.runs.earlier_code import EarlierCode, Fitness, passes_gate
from bot.runs.environment_run import EnvironmentRun
from bot.runs.step_errors import StepStopped


@dataclass(frozen=True, slots=True)
class FormerCode:
    """Where the earlier code of an environment is found, what it must pass, and the Terraform that works on it."""

    checkout: Checkout
    environment: EnvironmentName
    is_fit: Fitness
    terraform: Terraform


def former_code(run: EnvironmentRun) -> FormerCode:
    """Return where a run finds the earlier code of its environment."""
    rules = run.context.rules
    checkout = Checkout(run.request.root, rules.roots)
    return FormerCode(checkout, run.request.environment, passes_gate(rules), run.context.terraform)


def state_before_its_move(module: RootModule, stack: StepName, former: FormerState, code: FormerCode) -> bytes:
    """Return the state of a renamed stack if it has not moved yet, else nothing. Raises `UserError`, `Unverifiable`."""
    with _opened(former, code, INIT_TIMEOUT) as before:
        state = before.pull_state()
        return b"" if moving(state, module.pull_state(), stack).is_done else state


def move_state(run: EnvironmentRun, stack: StackAtWork, former: FormerState) -> None:
    """Move the state of a renamed stack here, and write down that it has. Raises `StepStopped`, `LeaseLost`, `Unverifiable`."""
    remaining = stack.deadline.remaining
    try:
        copies = [_copy(run, stack, each) for each in former.copies]
        with _opened(former, former_code(run), remaining()) as before:
            move = moving(before.pull_state(remaining()), stack.module.pull_state(remaining()), stack.name, copies)
            if not move.is_done:
                run.log(stack.name, f"moving the state here from `{former.stack}`")
            if move.present:
                locked(run, stack, lambda: stack.module.push_state(move.present, over=move.over, timeout=remaining()))
            if move.former:
                place = StackAtWork(former.stack, before, stack.deadline)
                locked(run, place, lambda: before.push_state(move.former, over=False, timeout=remaining()))
        for each in former.copies:
            _empty_copy(run, stack, each)
    except UserError as error:
        raise StepStopped(str(error), is_final=True) from error
    run.change(lambda ledger: state_moved(ledger, stack.name))


def _copy(run: EnvironmentRun, stack: StackAtWork, place: FormerPlace) -> bytes:
    """Return what lies where a run may have left a copy of the state."""
    with _opened(place, former_code(run), stack.deadline.remaining()) as module:
        return module.pull_state(stack.deadline.remaining())


def _empty_copy(run: EnvironmentRun, stack: StackAtWork, place: FormerPlace) -> None:
    """Empty what a run that was stopped on its way left elsewhere: a stack of that name would find it, and destroy what it names."""
    remaining = stack.deadline.remaining
    with _opened(place, former_code(run), remaining()) as module:
        left = emptied_copy(module.pull_state(remaining()), stack.module.pull_state(remaining()), stack.name)
        if left:
            run.log(stack.name, f"emptying the copy of the state that was left at `{place.stack}`")
            at_work = StackAtWork(place.stack, module, stack.deadline)
            locked(run, at_work, lambda: module.push_state(left, over=False, timeout=remaining()))


@contextmanager
def _opened(former: FormerPlace, code: FormerCode, timeout: timedelta) -> Iterator[RootModule]:
    with tempfile.TemporaryDirectory(prefix="envclone-former-") as scratch:
        version = EarlierCode(code.checkout, code.environment, Path(scratch), code.is_fit).at(former.commit)
        with code.terraform.opened(version.directory / former.stack) as module:
            module.init(timeout)
            yield module
