"""What a merge leaves to a rollout, by the policy before it and after it; and what a stack that is not applied waits for."""

import pytest

from bot.core.rollout.held import holds, modules_changed
from bot.core.tree import File
from bot.model.policy import Policy
from bot.model.rollout import RolloutPolicy

OFF = Policy()
WAVES = Policy(rollout=RolloutPolicy(enabled=True))
TOGETHER = Policy(rollout=RolloutPolicy(enabled=True, modules="together"))
CODE = {
    "app/main.tf": File(b'module "x" {\n  source = "../../../modules/x"\n}\n'),
    "db/main.tf": File(b""),
    "../../modules/x/main.tf": File(b""),
}
MODULE = {"../../modules/x/main.tf": File(b"# newer\n")}


@pytest.mark.parametrize(
    ("before", "after", "held"),
    [
        (WAVES, WAVES, True),
        (WAVES, None, True),
        (WAVES, TOGETHER, False),
        (WAVES, OFF, False),
        (OFF, WAVES, False),
        (TOGETHER, WAVES, False),
        (OFF, None, False),
    ],
)
def test_a_merge_holds_environments_if_both_policies_say_so(before: Policy, after: Policy | None, held: bool) -> None:
    assert holds(before, after) is held


def test_a_stack_waits_for_a_module_that_alone_has_changed() -> None:
    assert modules_changed(CODE, {**CODE, **MODULE}, "app") == ["../../modules/x"]
    assert modules_changed(CODE, {**CODE, **MODULE}, "db") == [], "it calls none"
    assert modules_changed(CODE, {**CODE, **MODULE, "app/main.tf": File(b"")}, "app") == ()
    assert modules_changed(CODE, CODE, "app") == []
