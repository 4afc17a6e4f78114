"""What a hook's kind is: typed inputs, typed outputs, and four verbs.

    class Greeting(Kind[GreetingInputs, GreetingRecord]):
        name = "example.greeting"
        ...

- `check` looks, and changes nothing: plans and drift detection call it, with read-only credentials.
- `apply` makes it so. It may be called again after it succeeded, and after it was killed at any point: it looks before it
  acts, so that twice is as once.
- `verify` looks at what was made and returns evidence, or raises `VerifyFailed`.
- `undo` undoes what `apply` recorded, from that record alone: the template and the inputs may be gone by then.
  A run can be killed before `apply` says anything: `may_leave` gives the record that is kept from the moment it begins.

A third party adds a kind through the entry point group `envclone.hooks`: see `docs/writing-a-hook.md`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import ClassVar, Generic, Literal, TypeVar

from pydantic import ConfigDict

from bot.clients.cage import NOTHING, Cage
from bot.core.ledger.ledger import Retained
from bot.model.base import Document
from bot.model.pipeline import Json
from bot.names import EnvironmentName, ParameterName, StepName


class HookModel(Document):
    """The base of kinds' inputs and records: unknown keys are errors, and errors never quote values."""

    model_config = ConfigDict(hide_input_in_errors=True)


HookInputs = TypeVar("HookInputs", bound=HookModel)
Record = TypeVar("Record", bound=HookModel)


class HookFailed(Exception):
    """A verb could not do its work; the message is for people and holds no secret.

    `is_final` says that another try would end in the same way. `undo` is the record of what was done all the same.
    """

    def __init__(self, message: str, *, is_final: bool = False, undo: HookModel | None = None) -> None:
        super().__init__(message)
        self.is_final = is_final
        self.undo = undo


class VerifyFailed(HookFailed):
    """What `apply` made is not as it should be."""


class OutOfTime(HookFailed):
    """The time ran out before the verb was done; `retries` tells this from other failures."""


@dataclass(frozen=True, slots=True)
class HookContext:
    """What surrounds a verb.

    `directory` is the environment's, absolute. `environment_variables` are those that a program may see. `remaining` is how
    long the verb may still take. `log` takes one line for people; `keep_secret` is told a value before it can turn up
    anywhere. `digest` is what may be kept of inputs, to know them again: nothing secret can be guessed from it. `previous` is
    the undo record of the last apply, if there was one. `networks` may be asked by a check although they are private. `reach` is
    what a program may reach of the machine besides the environment.
    """

    environment: EnvironmentName
    step: StepName
    parameters: Mapping[ParameterName, Json]
    directory: Path
    environment_variables: Mapping[str, str] = field(repr=False)
    remaining: Callable[[], timedelta]
    log: Callable[[str], None]
    keep_secret: Callable[[Json], None]
    digest: Callable[[Json], str]
    previous: Json = None
    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    reach: Cage = NOTHING

    @property
    def owner(self) -> str:
        """Return how things outside Terraform's state are marked as made by this step."""
        return f"{self.environment}/{self.step}"


@dataclass(frozen=True, slots=True)
class HookCheck:
    """What apply would find. `text` is for people; `unknown` says why it can't be known yet."""

    result: Literal["already_so", "would_change", "unknown"]
    text: str


@dataclass(frozen=True, slots=True)
class AppliedHook(Generic[Record]):
    """What apply did. `sensitive` names outputs that are never shown. `undo` is None when there is nothing to undo."""

    outputs: Mapping[ParameterName, Json]
    evidence: str
    undo: Record | None = None
    sensitive: frozenset[ParameterName] = frozenset()


@dataclass(frozen=True, slots=True)
class Undone:
    """What undo did, where it has more to say than evidence: `remains` is what it left on purpose, for the receipt."""

    evidence: str
    remains: tuple[Retained, ...] = ()


class HookKind(ABC, Generic[HookInputs, Record]):
    """A kind of hook. Its docstring is its documentation; so are the descriptions of its inputs and outputs."""

    name: ClassVar[str]
    inputs: type[HookInputs]
    record: type[Record]
    outputs: ClassVar[Mapping[ParameterName, str]]
    """Names of outputs and what they are."""

    @abstractmethod
    def check(self, inputs: HookInputs, context: HookContext) -> HookCheck:
        """Say what `apply` would find; change nothing."""

    @abstractmethod
    def apply(self, inputs: HookInputs, context: HookContext) -> AppliedHook[Record]:
        """Make it so. Raises `HookFailed`."""

    @abstractmethod
    def verify(self, inputs: HookInputs, context: HookContext) -> str:
        """Return evidence that it is so. Raises `VerifyFailed`."""

    @abstractmethod
    def undo(self, record: Record, context: HookContext) -> str | Undone:
        """Take back what the record says, and return evidence; what is gone already is fine. Raises `HookFailed`.

        A kind that leaves something on purpose returns `Undone`, which names it.
        """

    def may_leave(self, inputs: HookInputs, context: HookContext) -> Record | None:
        """Return what undo would be given if `apply` were killed half way; None if nothing could be left behind.

        It names what `apply` may make, whether or not it comes to that, and asks nobody: undo looks what is there. Without
        it, a destroy finishes the step first, to learn what there is to undo.
        """
        return None

    def can_undo(self, given: Collection[ParameterName]) -> bool:
        """Say whether undo does anything when these inputs are given; if not, the declaration has to say why that is right."""
        return True

    @property
    def makes_data(self) -> bool:
        """Say whether it fills the environment with data, which `/reset --data` makes anew; a declaration may say otherwise."""
        return False

    @property
    def asks_anybody(self) -> bool:
        """Say whether a check talks to whomever the inputs name, so that only a declaration of the base branch is carried out."""
        return False

    def reads(self, inputs: Mapping[ParameterName, Json]) -> tuple[str, ...]:
        """Return the files and directories of the environment that apply depends on, relative to its directory."""
        return ()
