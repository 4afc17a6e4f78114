"""The inputs of a stack while it is planned: outputs of other steps where they are known, mock outputs where they aren't.

inputs = resolved(stack, {"network": known(plan)})
if inputs.mock_outputs: ...  # this plan is a preview, and is never applied
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from bot.core.plans.plan import Action, TerraformPlan
from bot.core.plans.plan_values import Masked, PlanValue, UnknownUntilApply
from bot.errors import UserError
from bot.model.pipeline import FromOutput, FromParameter, Input, Json, Literally, Stack, texts
from bot.names import ParameterName, StepName


@dataclass(frozen=True, slots=True)
class Output:
    """A step's output. `value` is plain, so whoever shows it asks `is_sensitive` first."""

    value: Json
    is_sensitive: bool = False

    def __repr__(self) -> str:
        return f"Output({'(sensitive)' if self.is_sensitive else repr(self.value)})"


Outputs = Mapping[str, Output]


@dataclass(frozen=True, slots=True)
class NoValue:
    """An input without a value: a parameter that is not set, or an output that its step doesn't have (yet)."""

    source: FromParameter | FromOutput


def value_of(
    source: Input, parameters: Mapping[ParameterName, Json], outputs: Mapping[StepName, Outputs]
) -> Output | NoValue:
    """Return the value of one input of a step: what every plan, apply, destroy and look for drift resolves inputs with."""
    match source:
        case Literally():
            return Output(source.value)
        case FromParameter():
            found = source.parameter in parameters
            return Output(parameters[source.parameter]) if found else NoValue(source)
        case FromOutput():
            return outputs.get(source.step, {}).get(source.output) or NoValue(source)
        case _:
            assert_never(source)


@dataclass(frozen=True, slots=True)
class Inputs:
    """Values for a stack's variables. `mock_outputs` names those that are not real; `secrets` are texts never to be shown."""

    values: Mapping[ParameterName, Json] = field(repr=False)
    mock_outputs: tuple[ParameterName, ...] = ()
    secrets: tuple[str, ...] = field(default=(), repr=False)


def resolved(name: StepName, stack: Stack, outputs: Mapping[StepName, Outputs]) -> Inputs:
    """Return the stack's inputs. Raises `UserError` when an output is not known and has no mock."""
    values: dict[ParameterName, Json] = {}
    mock_outputs: list[ParameterName] = []
    hidden: list[str] = []
    for variable, source in stack.inputs.items():
        found = value_of(source, {}, outputs)
        if isinstance(found, Output):
            values[variable] = found.value
            hidden += texts(found.value) if found.is_sensitive else []
        elif source.stand_in is not None:
            values[variable] = source.stand_in
            mock_outputs.append(variable)
        else:
            raise UserError(
                f"stack `{name}` can't be planned: `{source.source}` has no value yet. Give input `{variable}` a "
                "mock value (`stand_in`) in the template."
            )
    return Inputs(values, tuple(mock_outputs), tuple(hidden))


def replayed(
    stack: Stack, real: Mapping[ParameterName, Json], mock_outputs: Collection[ParameterName]
) -> Mapping[ParameterName, Json]:
    """Return the inputs as they were when the stack was reviewed: the mock outputs again in their places."""
    return {name: stack.inputs[name].stand_in if name in mock_outputs else value for name, value in real.items()}


def known(plan: TerraformPlan) -> Outputs:
    """Return the outputs that a stack will have once its plan is applied, as far as they are known.

    An output that the plan leaves alone is known, and one that it makes or changes to a known value; one whose new value
    comes only with the apply is not, even if the state has an old one.
    """
    return {
        change.name: Output(plain(change.after), _is_masked(change.after))
        for change in plan.outputs
        if change.action != Action.DELETE and is_known(change.after)
    }


def is_known(value: PlanValue) -> bool:
    """Say whether no part of a value has to wait for the apply."""
    match value:
        case UnknownUntilApply():
            return False
        case Masked():
            return is_known(value.reveal())
        case Mapping():
            return all(is_known(item) for item in value.values())
        case list() | tuple():
            return all(is_known(item) for item in value)
        case _:
            return True


def plain(value: PlanValue) -> Json:
    """Return a known value as JSON, what is sensitive in it in clear: for Terraform's inputs, never for people."""
    match value:
        case Masked():
            return plain(value.reveal())
        case Mapping():
            return {key: plain(item) for key, item in value.items()}
        case list() | tuple():
            return [plain(item) for item in value]
        case str() | bool() | int() | float() | None:
            return value
        case _:
            raise ValueError("this value is not known yet")


def _is_masked(value: PlanValue) -> bool:
    match value:
        case Masked():
            return True
        case Mapping():
            return any(_is_masked(item) for item in value.values())
        case list() | tuple():
            return any(_is_masked(item) for item in value)
        case _:
            return False
