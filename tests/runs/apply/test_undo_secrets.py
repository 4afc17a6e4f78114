"""A secret that a hook gives reaches no record of another, whatever that does with it."""

import json

import pytest

from bot.core.ledger.ledger import Undo
from bot.core.ledger.secret_references import SecretChanged, Unrehydratable
from bot.core.plans.stack_inputs import Output
from bot.model.pipeline import FromOutput, Hook
from bot.names import ParameterName, StepName
from bot.runs.apply.undo_secrets import UndoSecrets
from tests.support.hooked import Hooked

HOOKS = """hooks:
  secret:
    description: Gives a secret.
    run: {apply: [python3, hooks/step.py]}
    undo: {none: it leaves nothing behind}
    with: {name: {value: secret}, gives: {value: {token: hidden-token, pin: "42"}}, hides: {value: [token, pin]}}
  user:
    description: Uses it.
    run: {apply: [python3, hooks/step.py], undo: [python3, hooks/step.py]}
    with: {name: {value: user}, WITH}
"""


def test_a_program_whose_undo_would_hold_a_hook_s_secret_fails_and_the_ledger_keeps_none_of_it(hooked: Hooked) -> None:
    hooked.declare(HOOKS.replace("WITH", "leaves: {from: secret.token}"))
    steps = {step.name: step for step in hooked.apply().steps}
    user = steps[StepName("user")]
    assert user.state == "failed"
    assert "Its undo record contains a secret, `secret.token`, which is not a stack's output" in user.reason
    entry = hooked.ledger.steps[StepName("user")]
    assert entry.undo is not None
    assert entry.undo.record == {"undo": None}  # what a run that was killed would have left: undo looks for itself
    assert "hidden-token" not in hooked.ledger.model_dump_json() + json.dumps(hooked.lines)


@pytest.mark.parametrize("name", ["token", "pin"])
def test_an_output_that_is_a_secret_input_is_kept_as_one(hooked: Hooked, name: str) -> None:
    hooked.declare(
        HOOKS.replace("WITH", f"gives: {{from: secret.{name}_map}}")
        .replace("token: hidden-token", "token_map: {again: hidden-token}")
        .replace('pin: "42"', 'pin_map: {again: "42"}')
        .replace("[token, pin]", "[token_map, pin_map]")
    )
    hooked.apply()
    entry = hooked.ledger.steps[StepName("user")]
    assert entry.result == "succeeded"
    assert '"42"' not in entry.model_dump_json()
    assert "hidden-token" not in entry.model_dump_json()


def test_a_rotated_secret_stops_an_undo_but_not_the_next_apply() -> None:
    state = {"password": Output("first-password", is_sensitive=True)}
    secrets = UndoSecrets("k" * 64, lambda step, output: state.get(output))
    hook = Hook.model_validate({"uses": "aws.lambda", "with": {"password": FromOutput(source="data.password")}})
    secrets.give(hook, {ParameterName("password"): state["password"]}, {StepName("data")})
    plain = Undo(uses="aws.lambda", record={"password": "first-password", "count": 3})
    kept = secrets.redacted(plain)
    assert secrets.rehydrated(kept) == secrets.previous(kept) == plain
    state["password"] = Output("second-password", is_sensitive=True)
    assert secrets.previous(kept) is None
    with pytest.raises(SecretChanged, match="Apply the environment again"):
        secrets.rehydrated(kept)
    del state["password"]
    with pytest.raises(Unrehydratable, match="which no longer exists"):
        secrets.previous(kept)
