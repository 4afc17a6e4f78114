"""What surrounds a hook, built in one way for every verb: plan, apply, destroy and drift."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Protocol

from bot.clients.cage import NOTHING, Cage
from bot.hooks.addresses import Network
from bot.hooks.kind import HookContext
from bot.model.pipeline import Json
from bot.names import EnvironmentName, ParameterName, StepName
from bot.runs.deadline import Deadline


@dataclass(frozen=True, slots=True)
class HookSite:
    """Where a hook runs: its environment's directory and parameters, the environment variables that programs see,
    and the private networks that a check may ask. `reach` is what programs may reach of the machine besides.
    """

    environment: EnvironmentName
    parameters: Mapping[ParameterName, Json]
    directory: Path
    variables: Mapping[str, str] = field(repr=False)
    networks: tuple[Network, ...] = ()
    reach: Cage = NOTHING


class HookSecrets(Protocol):
    """What becomes of the secrets that a hook names."""

    def add(self, value: Json) -> None:
        """Hide a value from now on, wherever it would turn up."""
        ...

    def digest(self, value: Json) -> str:
        """Return what may be kept of a value to know it again."""
        ...


@dataclass(frozen=True, slots=True)
class HookCall:
    """One call of a hook's verb: of which step, how long it may take, where its lines go, and what its last apply left."""

    step: StepName
    timeout: timedelta
    log: Callable[[str], None] = field(repr=False)
    previous: Json = field(default=None, repr=False)


def hook_context(site: HookSite, call: HookCall, secrets: HookSecrets) -> HookContext:
    """Return what the verb is given. Its time begins now."""
    return HookContext(
        environment=site.environment,
        step=call.step,
        parameters=site.parameters,
        directory=site.directory,
        environment_variables=site.variables,
        remaining=Deadline(call.timeout).remaining,
        log=call.log,
        keep_secret=secrets.add,
        digest=secrets.digest,
        previous=call.previous,
        networks=site.networks,
        reach=site.reach,
    )
