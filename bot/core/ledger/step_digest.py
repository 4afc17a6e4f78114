"""What a step is given when it is applied, and the digest of it by which a step that is done is recognised."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import assert_never

from bot.core.digest import digest_of, keyed
from bot.core.hcl.local_modules import beside, is_outside
from bot.core.ledger.ledger import KeptOutput
from bot.core.plans.stack_inputs import Output, Outputs, value_of
from bot.core.tree import Tree, below, blob_id, tree_id
from bot.errors import UserError
from bot.model.environment import MANIFEST
from bot.model.pipeline import FromOutput, FromParameter, Hook, Input, Json, Stack
from bot.names import ParameterName, StepName

_PLACE = {ParameterName("account_id"), ParameterName("region")}


EVERYTHING = "."
"""The environment's whole directory: what a program at its top may import."""


class OutputMissing(UserError):
    """A step was applied, but has not the output that another needs."""


def given(
    name: StepName,
    step: Stack | Hook,
    parameters: Mapping[ParameterName, Json],
    outputs: Mapping[StepName, Outputs],
) -> Mapping[ParameterName, Output]:
    """Return the inputs of a step whose needs are done; no mock outputs. Raises `OutputMissing`, `UserError`."""
    return {key: _value(name, source, parameters, outputs) for key, source in step.inputs.items()}


@dataclass(frozen=True, slots=True)
class StackGiven:
    """What a stack is given: its inputs, and what the ledger keeps of the outputs of those stacks whose states its code reads."""

    inputs: Mapping[ParameterName, Output]
    states: Mapping[StepName, Mapping[str, KeptOutput]] = field(default_factory=dict)


def stack_digest(name: StepName, code: Tree, given: StackGiven, key: str) -> str:
    """Return the digest of a stack: its code and what it is given. `code` is the environment's, and so is the `key` for secrets."""
    said: dict[str, Json] = {"stack": tree_id(below(code, name)), "inputs": _values(given.inputs, key)}
    modules: dict[str, Json] = {path: blob_id(file.data) for path, file in beside(code, name).items()}
    states: dict[str, Json] = {
        stack: {output: kept.model_dump(mode="json") for output, kept in outputs.items()}
        for stack, outputs in given.states.items()
    }
    return digest_of(said | ({"modules": modules} if modules else {}) | ({"states": states} if states else {}))


@dataclass(frozen=True, slots=True)
class HookGiven:
    """What a hook is given: its inputs, the environment's parameters, and the files and directories that its kind reads."""

    inputs: Mapping[ParameterName, Output]
    parameters: Mapping[ParameterName, Json]
    reads: tuple[str, ...] = ()


def hook_digest(hook: Hook, files: Tree, given: HookGiven, key: str) -> str:
    """Return the digest of a hook: its declaration, its inputs, what it reads, and the parameters that it is given.

    A program is given all parameters; a kind sees, beside its inputs, only where it is at work. `key` is the environment's for
    digests of secrets.
    """
    parameters = given.parameters
    seen = parameters.keys() if hook.run is not None else parameters.keys() & _PLACE
    read = {path: blob_id(file.data) for path, file in files.items() if is_read(path, given.reads)}
    declared = hook.model_dump(
        mode="json", exclude={"description", "needs", "timeout", "retries", "when", "renamed_from", "data"}
    )
    return digest_of(
        {
            "hook": declared,
            "inputs": _values(given.inputs, key),
            "files": {**read},
            "parameters": {str(name): parameters[name] for name in seen},
        }
    )


def _value(
    name: StepName, source: Input, parameters: Mapping[ParameterName, Json], outputs: Mapping[StepName, Outputs]
) -> Output:
    found = value_of(source, parameters, outputs)
    if isinstance(found, Output):
        return found
    match found.source:
        case FromParameter(parameter=parameter):
            raise UserError(
                f"An input of `{name}` refers to parameter `{parameter}`, which is not set in environment.yaml."
            )
        case FromOutput(step=step) as missing:
            there = ", ".join(f"`{key}`" for key in outputs.get(step, {})) or "none"
            raise OutputMissing(
                f"An input of `{name}` refers to `{missing.source}`, but `{step}` has no such output (available: {there})."
            )
        case _:
            assert_never(found.source)


def _values(inputs: Mapping[ParameterName, Output], key: str) -> dict[str, Json]:
    """Return the inputs as they count in a digest: the digest lies in the ledger, so a secret must not be guessed from it."""
    return {
        name: {"sensitive": keyed(output.value, key)} if output.is_sensitive else output.value
        for name, output in inputs.items()
    }


def is_read(path: str, reads: tuple[str, ...]) -> bool:
    """Say whether a file is one of those that a hook reads, or below one of the directories. The manifest changes with a clone's life."""
    return any(path == each or path.startswith(f"{each}/") for each in map(posixpath.normpath, reads)) or (
        EVERYTHING in reads and path != MANIFEST and not is_outside(path)
    )
