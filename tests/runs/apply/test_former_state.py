"""A stack that is called otherwise from now on: its state moves with the apply, killed where it may be, and nothing is made twice (laws 4 and 9)."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from bot.clients.terraform.terraform import RootModule, Terraform
from bot.core.messages.plan_comment import complete
from bot.core.plans.risk import risk_of
from bot.model.risk import Risk
from bot.names import StepName
from bot.runs.plan.plan import Planned, plan
from bot.runs.plan.request import PlanRequest
from tests.support.deploying import DEMO, Deploying

pytestmark = pytest.mark.e2e
NETWORK, NET = StepName("network"), StepName("net/core")
"""Its later name is the path of a directory below another one, which any stack may have."""


class Stopped(BaseException):
    """The run is stopped here."""


class StoppedAfterAPush(Terraform):
    """Terraform whose run is stopped as soon as a state was written by hand."""

    @contextmanager
    def opened(self, *given: Any) -> Iterator[RootModule]:
        with super().opened(*given) as module:
            push = module.push_state

            def stopped(*given: Any, **named: Any) -> None:
                push(*given, **named)
                raise Stopped

            setattr(module, "push_state", stopped)  # noqa: B010  (a method is never assigned to)
            yield module


def stop(deploying: Deploying, head: str) -> None:
    """Apply until a state has been pushed."""
    known = deploying.terraform
    terraform = StoppedAfterAPush(known.binary, known.environment, known.rules, known.reach)
    with pytest.raises(Stopped):
        deploying.apply(head, replace(deploying.world(), terraform=terraform))


def renamed(deploying: Deploying, old: str, new: str) -> str:
    deploying.rename(old, new)
    return deploying.deliver()


def held(deploying: Deploying, stack: str) -> bool:
    """Say whether a state lies there that holds anything."""
    stored = deploying.store.read(f"{DEMO}/{stack}/terraform.tfstate")
    return stored is not None and bool(json.loads(stored.data)["resources"])


def test_law_4_a_renamed_stack_keeps_what_it_made_wherever_the_move_of_its_state_is_killed(
    deploying: Deploying,
) -> None:
    deploying.drop("data")
    assert deploying.apply(deploying.deliver()).has_succeeded, deploying.lines
    made = sorted(address.rpartition(": ")[2] for address in deploying.left())
    known = deploying.parameters()

    deploying.rename("network", NET)
    head = deploying.propose()
    planned = plan(PlanRequest(DEMO, head, "update"), deploying.planner())
    assert isinstance(planned, Planned), planned
    alone = replace(planned.plan, steps=[each for each in planned.plan.steps if each.name == NET])
    assert risk_of(alone) is Risk.IN_PLACE
    assert not any(each.mock_outputs for each in planned.plan.stacks), "outputs are read where the state still lies"
    assert planned.plan.counts.add == planned.plan.counts.destroy == 0
    assert "nothing; its state moves here from `network`" in complete(planned.plan, Risk.IN_PLACE)
    deploying.merge(head)
    assert deploying.ledger.steps[NETWORK].result == "succeeded", "a plan writes nothing"
    for _ in ("copied", "emptied, but the ledger does not say so"):
        stop(deploying, head)
        assert deploying.ledger.steps[NET].former_state is not None
    outcome = deploying.apply(head)
    assert outcome.has_succeeded, [each.reason for each in outcome.steps]
    entry = deploying.ledger.steps[NET]
    assert (entry.former_state, entry.formerly) == (None, (NETWORK,))
    assert NETWORK not in deploying.ledger.steps
    assert sorted(address.rpartition(": ")[2] for address in deploying.left()) == made
    assert deploying.parameters() == known
    assert {str(each.name): each.state for each in deploying.apply(head).steps}[NET] == "skipped"

    # Back to an earlier version, with the state half way …
    head = renamed(deploying, NET, "network")
    stop(deploying, head)
    assert deploying.apply(head).has_succeeded, deploying.lines
    assert deploying.parameters() == known
    # … and a destroy that finds it half way, too.
    stop(deploying, renamed(deploying, "network", NET))
    assert deploying.ledger.steps[NET].former_state is not None
    # … also where it was called otherwise again before it had moved.
    stop(deploying, renamed(deploying, NET, "edge"))
    assert [held(deploying, name) for name in ("network", NET, "edge")] == [True, True, True]
    assert deploying.destroy(deploying.remove()).is_clean, deploying.lines
    assert deploying.left() == []
    assert [held(deploying, name) for name in ("network", NET, "edge")] == [False, False, False]
