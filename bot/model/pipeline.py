"""The declarations of an environment's pipeline: stacks and hooks, both steps of one graph.

Whatever can be said of a stack (needs, inputs, timeout, retries, when) can be said of a hook: `Step` holds it once.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    WithJsonSchema,
    model_serializer,
    model_validator,
)

from bot.errors import InvalidInput
from bot.model.base import Document
from bot.model.duration import Duration
from bot.model.duration import parse as _duration
from bot.names import ParameterName, PurposeName, StepName

Json: TypeAlias = JsonValue
"""A JSON value: str, int, float, bool, None, list or dict of these."""


def texts(value: Json) -> Iterator[str]:
    """Yield every text in a value, and every number as text: what of it can be found again somewhere else."""
    match value:
        case str():
            yield value
        case list():
            for item in value:
                yield from texts(item)
        case dict():
            for item in value.values():
                yield from texts(item)
        case bool() | None:
            return
        case _:
            yield str(value)


class FromOutput(Document):
    """An input that is another step's output, `step.output`. `stand_in` is the mock value for plans while that step has no outputs."""

    model_config = ConfigDict(populate_by_name=True)

    source: Annotated[
        str,
        Field(
            alias="from",
            pattern=rf"^{StepName.pattern}\.{ParameterName.pattern}$",
            description="The output, as `STEP.OUTPUT`.",
        ),
    ]
    stand_in: Annotated[Json, Field(description="The mock output that a plan uses while the step has none.")] = None

    @property
    def step(self) -> StepName:
        return _parts(self.source)[0]

    @property
    def output(self) -> ParameterName:
        return _parts(self.source)[1]


@lru_cache(maxsize=1024)
def _parts(source: str) -> tuple[StepName, ParameterName]:
    step, _, output = source.partition(".")
    return StepName(step), ParameterName(output)


class FromParameter(Document):
    """An input that is a parameter of the environment."""

    parameter: Annotated[ParameterName, Field(description="The parameter.")]


class Literally(Document):
    """An input that is the same in every environment."""

    value: Annotated[Json, Field(description="The value.")]


Input: TypeAlias = FromOutput | FromParameter | Literally


Failure: TypeAlias = Literal["failure", "timeout"]
"""Why an attempt ended: something went wrong, or the step's `timeout` was over first."""


class Retries(Document):
    """How often a failed step is retried, after which failures, and how long to wait first (doubled each time).

    Timeouts are retried only if `on` lists them, because each attempt may take as long again. What is sure to fail in the same
    way (a missing permission, a wrong input, a plan that is not the reviewed one) is never retried.
    """

    attempts: Annotated[int, Field(ge=1, le=10, description="How many attempts are made in all.")] = 1
    backoff: Annotated[
        Duration,
        Field(description="How long to wait before the second attempt; twice as long before each further one."),
    ] = _duration("5s")
    on: Annotated[
        tuple[Failure, ...],
        Field(min_length=1, description="What is retried: an attempt that failed, or one that its `timeout` ended."),
    ] = ("failure",)

    def again(self, attempt: int, failure: Failure) -> bool:
        """Say whether there is another attempt after this one, counted from 1, ended in this way."""
        return attempt < self.attempts and failure in self.on


class When(Document):
    """A step or a file is part of an environment only for these purposes, and only if these parameters have these values."""

    purpose: Annotated[
        tuple[PurposeName, ...], Field(description="The environment has one of these purposes; if left out, any.")
    ] = ()
    parameter: Annotated[
        dict[ParameterName, Json], Field(description="And each of these parameters has this value.")
    ] = {}

    def applies(self, purpose: PurposeName, parameters: Mapping[ParameterName, Json]) -> bool:
        """Say whether it holds: the purpose is one of those named (if any are), and every named parameter has its value."""
        return (not self.purpose or purpose in self.purpose) and all(
            name in parameters and parameters[name] == value for name, value in self.parameter.items()
        )


class Step(Document):
    """What every step may declare."""

    description: Annotated[str, Field(description="What it does, in a line; shown in plans and receipts.")] = ""
    needs: Annotated[
        tuple[StepName, ...],
        Field(description="Steps that must be applied first. Those whose outputs it takes need not be named."),
    ] = ()
    timeout: Annotated[Duration, Field(description="How long one attempt may take.")] = _duration("30m")
    retries: Annotated[Retries, Field(description="Whether and when it is tried again.")] = Retries()
    when: Annotated[When | None, Field(description="The environments that have it; if left out, all.")] = None
    renamed_from: Annotated[
        tuple[StepName, ...],
        Field(
            description="Former names of the step: what it did under one of them is its own, so it is neither done twice nor forgotten, and the "
            "state of a stack moves with the next apply. Keep all of them, since an environment may skip revisions."
        ),
    ] = ()

    @model_serializer(mode="wrap")
    def _without_no_former_names(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out former names where there are none: a manifest that was written before there were any is still what is rendered."""
        said: dict[str, Any] = serialize(self)
        if not said.get("renamed_from"):
            said.pop("renamed_from", None)
        return said


class Stack(Step):
    """A step whose verbs are Terraform's: a root module in the directory that its name is the path of. Inputs become Terraform variables."""

    inputs: Annotated[
        dict[ParameterName, FromOutput], Field(description="Terraform variables that take other steps' outputs.")
    ] = {}

    @property
    def kind(self) -> str:
        """Return what it is in one word, as for hooks."""
        return "stack"


def _apart(stacks: dict[StepName, Stack]) -> dict[StepName, Stack]:
    """Refuse stacks that would share files, or a name where no slash may stand. Raises `InvalidInput`."""
    words: dict[str, StepName] = {}
    for name in sorted(stacks):
        if (other := words.setdefault(name.word, name)) != name:
            raise InvalidInput(
                f"the stacks `{other}` and `{name}` are both `{name.word}` where a slash isn't allowed. Rename one of them."
            )
        if (above := next((each for each in stacks if name.startswith(f"{each}/")), None)) is not None:
            raise InvalidInput(
                f"stack `{name}` lies in the directory of stack `{above}`, so its files would be those of both. Move `{above}` into a "
                f"directory of its own beside it, for example `{above}/{_BESIDE}`, and say `renamed_from: [{above}]` there."
            )
    return stacks


_BESIDE = "main"
Stacks: TypeAlias = Annotated[dict[StepName, Stack], AfterValidator(_apart)]
"""The stacks of a template or an environment by name: each has files, a state and a name of its own."""


class NoUndo(Document):
    """States that a hook has nothing to undo, and why; reviewers see the reason."""

    none: Annotated[str, Field(min_length=10, description="The reason.")]


Argv: TypeAlias = Annotated[tuple[str, ...], Field(min_length=1)]
"""An argument list; the first is a path inside the environment's directory or a program on PATH. Never a shell string."""


class RunProgram(Document):
    """The verbs of a hook that is the repository's own program. Inputs arrive as JSON on stdin; outputs leave as JSON on stdout."""

    apply: Annotated[Argv, Field(description="Creates or changes what the hook is for.")]
    check: Annotated[
        Argv | None,
        Field(description="Checks whether apply would change something; plans and drift checks call it."),
    ] = None
    verify: Annotated[Argv | None, Field(description="Checks what apply made.")] = None
    undo: Annotated[Argv | None, Field(description="Undoes what apply made.")] = None


class Hook(Step):
    """A step whose verbs are declared: `uses:` a kind, or `run:` the repository's own program."""

    model_config = ConfigDict(populate_by_name=True)

    uses: Annotated[
        Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*\.[a-z][a-z0-9-]*$")] | None,
        Field(description="A kind of hook (docs/hooks.md)."),
    ] = None
    run: Annotated[
        RunProgram | None, Field(description="Or a program of the repository, with an argument list for each verb.")
    ] = None
    inputs: Annotated[dict[ParameterName, Input], Field(alias="with", description="Its inputs.")] = {}
    undo: Annotated[NoUndo | None, Field(description="Says that there is nothing to undo.")] = None
    data: Annotated[
        bool | None,
        Field(
            description="Whether it fills the environment with data, which `/reset --data` undoes and makes again. Unless this "
            "is given, its kind decides (docs/change-a-template.md names those that do); a program does only if this says so."
        ),
    ] = None

    @property
    def kind(self) -> str:
        """Return what it is in one word: the built-in kind that it uses, or `run`."""
        return self.uses or "run"

    @model_validator(mode="after")
    def _one_way_to_act(self) -> "Hook":
        if (self.uses is None) == (self.run is None):
            raise InvalidInput(
                "a hook needs either `uses:` (a kind) or `run:` (an argument list for each verb), not both"
            )
        if self.run is not None and (self.run.undo is None) == (self.undo is None):
            raise InvalidInput("a `run:` hook needs either `run.undo: [...]` or `undo: {none: <reason>}`, not both")
        return self


def _one_word(name: StepName) -> StepName:
    if "/" in name:
        raise InvalidInput(f"`{name}` is a path, and a hook has no directory. Call it `{name.word}`.")
    return name


_ONE_WORD: dict[str, Any] = {
    "type": "string",
    "pattern": "^(?:[a-z][a-z0-9]*([-_][a-z0-9]+)*)$",
    "maxLength": StepName.longest_word,
    "description": "lower-case letters, digits and single hyphens or underscores, starting with a letter",
}


class Hooks(Document):
    """`hooks.yaml`: the declared extra steps of an environment.

    `concurrency` limits how many steps (stacks and hooks) run in parallel, however many a run would allow.
    """

    concurrency: Annotated[
        int | None,
        Field(
            ge=1,
            le=16,
            description="How many steps (stacks and hooks) run in parallel at most, however many a run would allow.",
        ),
    ] = None
    hooks: Annotated[
        dict[Annotated[StepName, AfterValidator(_one_word), WithJsonSchema(_ONE_WORD)], Hook],
        Field(description="The hooks, by name."),
    ] = {}


Verb = Literal["check", "apply", "verify", "undo"]


class Pipeline(Document):
    """All steps of one environment, in the order of their declaration, and how many may be at work at once."""

    stacks: Stacks
    hooks: dict[StepName, Hook] = {}
    concurrency: int | None = None

    @classmethod
    def of(cls, stacks: Mapping[StepName, Stack], declared: Hooks) -> "Pipeline":
        """Return the pipeline of these stacks and of what `hooks.yaml` declares."""
        return cls(stacks={**stacks}, hooks=declared.hooks, concurrency=declared.concurrency)

    @property
    def steps(self) -> dict[StepName, Stack | Hook]:
        return {**self.stacks, **self.hooks}
