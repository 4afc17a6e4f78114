"""A template's declaration, `templates/<name>/template.yaml`: parameters, purposes and stacks."""

from ipaddress import IPv4Network
from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from bot.errors import InvalidInput
from bot.model.base import Document
from bot.model.duration import Duration
from bot.model.pattern import ValuePattern
from bot.model.pipeline import Json, Stacks, When
from bot.names import EnvironmentName, MigrationName, ParameterName, PurposeName, StepName, TemplateName

DECLARATION = "template.yaml"


class Pool(Document):
    """Allocate a free network of `prefix` bits from `pool`, for example a /20 from 10.64.0.0/10."""

    pool: Annotated[IPv4Network, Field(description="The network to allocate from.")]
    prefix: Annotated[int, Field(ge=8, le=30, description="The prefix length of each network.")]

    @model_validator(mode="after")
    def _holds_one(self) -> "Pool":
        if self.prefix < self.pool.prefixlen:
            raise InvalidInput(f"a /{self.prefix} does not fit in the pool {self.pool}")
        return self


class Choices(Document):
    """Allocate the first free one of these values."""

    choices: Annotated[
        tuple[Json, ...], Field(min_length=1, description="The values, in the order in which they are tried.")
    ]


Allocation: TypeAlias = Pool | Choices


class _Parameter(Document):
    """What every parameter may declare."""

    description: Annotated[str, Field(min_length=1, description="What the value means; shown to whoever sets it.")]
    identity: Annotated[
        bool,
        Field(
            description="The value identifies the environment (its name, account or address), so it must differ from the "
            "source's."
        ),
    ] = False
    outbound: Annotated[
        bool, Field(description="The value reaches something outside the environment (payments, mail, webhooks).")
    ] = False
    settable: Annotated[
        bool,
        Field(
            description="Whether commands may set it. If not, the template, the purpose and the source decide its value."
        ),
    ] = True
    below_source: Annotated[
        bool,
        Field(
            description="Accept a host below the source's own, because the template delegates that subdomain on purpose."
        ),
    ] = False
    renamed_from: Annotated[
        tuple[ParameterName, ...],
        Field(
            description="Former names of the parameter: an environment that is brought to this revision keeps their value."
        ),
    ] = ()
    default: Annotated[
        Json,
        Field(description="The value if neither the request, nor the purpose, nor the source gives one."),
    ] = None
    derive: Annotated[str | None, Field(description="Text with `{environment}` or other parameters in braces.")] = None
    allocate: Annotated[Allocation | None, Field(description="A value that no other environment uses.")] = None

    @model_validator(mode="after")
    def _one_origin(self) -> "_Parameter":
        if self.derive is not None and self.allocate is not None:
            raise InvalidInput("a parameter can be derived or allocated, not both")
        return self


class StringParameter(_Parameter):
    """Text, in Unicode's NFC (Terraform normalises strings, so anything else would change on the way)."""

    type: Literal["string"]
    pattern: Annotated[
        ValuePattern | None,
        Field(description="A regular expression that the text must match; no look-around, no back-references."),
    ] = None
    min_length: Annotated[int, Field(ge=0, description="The least number of characters.")] = 0
    max_length: Annotated[int, Field(ge=1, le=10_000, description="The greatest number of characters.")] = 1_000


class NumberParameter(_Parameter):
    """A number; `integer` refuses fractions."""

    type: Literal["number"]
    min: Annotated[float | None, Field(description="The least value.")] = None
    max: Annotated[float | None, Field(description="The greatest value.")] = None
    integer: Annotated[bool, Field(description="Whether fractions are refused.")] = False


class BoolParameter(_Parameter):
    """`true` or `false`."""

    type: Literal["bool"]


class EnumParameter(_Parameter):
    """One of a fixed set of strings."""

    type: Literal["enum"]
    values: Annotated[tuple[str, ...], Field(min_length=1, description="The strings.")]


class CidrParameter(_Parameter):
    """An IPv4 network, `10.64.0.0/20`, whose host bits are zero."""

    type: Literal["cidr"]
    min_prefix: Annotated[int, Field(ge=0, le=32, description="The shortest prefix, so the largest network.")] = 8
    max_prefix: Annotated[int, Field(ge=0, le=32, description="The longest prefix, so the smallest network.")] = 30


class DurationParameter(_Parameter):
    """A duration, `14d`; kept as its canonical text."""

    type: Literal["duration"]
    min: Annotated[Duration | None, Field(description="The shortest duration.")] = None
    max: Annotated[Duration | None, Field(description="The longest duration.")] = None


class ListParameter(_Parameter):
    """A list of strings, numbers or IPv4 networks."""

    type: Literal["list"]
    items: Annotated[Literal["string", "number", "cidr"], Field(description="The type of each item.")] = "string"
    pattern: Annotated[ValuePattern | None, Field(description="A regular expression that each string must match.")] = (
        None
    )
    unique: Annotated[bool, Field(description="Whether repeated items are refused.")] = True
    min_items: Annotated[int, Field(ge=0, description="The least number of items.")] = 0
    max_items: Annotated[int, Field(ge=1, le=1_000, description="The greatest number of items.")] = 100


class MapParameter(_Parameter):
    """A map from strings to strings or numbers."""

    type: Literal["map"]
    values: Annotated[Literal["string", "number"], Field(description="The type of each value.")] = "string"
    max_items: Annotated[int, Field(ge=1, le=1_000, description="The greatest number of keys.")] = 100


Parameter: TypeAlias = Annotated[
    StringParameter
    | NumberParameter
    | BoolParameter
    | EnumParameter
    | CidrParameter
    | DurationParameter
    | ListParameter
    | MapParameter,
    Field(discriminator="type"),
]

Aspect: TypeAlias = Literal[
    "topology", "sizes", "versions", "scaling", "data", "identity", "secrets", "outbound", "access", "release"
]
"""What a purpose may require to match production, or to differ from it.

`access` (who may reach the environment) and `release` (the application that is tried in it) are what a template declares so:
without its word a rule is topology and an image is a version.
"""


Pattern: TypeAlias = Annotated[str, Field(min_length=3, max_length=300, pattern=r"^[^:\s][^\n]*$")]
"""Names attributes: `address:attribute`, where `*` stands for any run of characters and the stack may be left out."""

Demand: TypeAlias = (
    Aspect
    | Annotated[str, Field(pattern=r"^parameter:[a-z][a-z0-9_]*$")]
    | Annotated[str, Field(pattern=r"^attribute:[^:\s][^\n]*$", max_length=300)]
)
"""What a purpose requires: an aspect, a parameter (`parameter:db_class`) or attributes (`attribute:*:engine_version`)."""


class Purpose(Document):
    """A named use, and a contract: the parameters it sets, what must match the source and what must differ from it."""

    description: Annotated[
        str,
        Field(min_length=1, description="What clones of this purpose are for; shown by `/help` and in pull requests."),
    ]
    set: Annotated[dict[ParameterName, Json], Field(description="The values that it gives parameters.")] = {}
    match: Annotated[
        tuple[Demand, ...],
        Field(description="What must be as in the source: aspects, `parameter:NAME`, `attribute:ADDRESS:ATTRIBUTE`."),
    ] = ()
    differ: Annotated[
        tuple[Demand, ...], Field(description="What must not be as in the source, in the same forms.")
    ] = ()


_Two = Annotated[tuple[ParameterName, ...], Field(min_length=2, max_length=2)]


class ParameterRule(Document):
    """A relation between the values of two parameters: either `at_most` or `begins_with`."""

    description: Annotated[str, Field(min_length=1, description="Why the rule exists; shown when it is broken.")]
    at_most: Annotated[_Two | None, Field(description="The first (a number or duration) is at most the second.")] = None
    begins_with: Annotated[
        _Two | None, Field(description="The first (a string, or each string of a list) begins with the second.")
    ] = None

    @model_validator(mode="after")
    def _one_form(self) -> "ParameterRule":
        if (self.at_most is None) == (self.begins_with is None):
            raise InvalidInput("a rule needs either `at_most` or `begins_with`, not both")
        return self

    @property
    def parameters(self) -> tuple[ParameterName, ParameterName]:
        """The two parameters that it is about."""
        first, second = self.at_most or self.begins_with or ()
        return first, second


class Migration(Document):
    """What an environment of an older revision needs once, when it is brought to this one or a later one."""

    description: Annotated[str, Field(min_length=1, description="Why; shown in the pull request.")]
    values: Annotated[
        dict[ParameterName, dict[str, Json]],
        Field(
            description="For each parameter, by its present name: former values, written as text, and what becomes of them."
        ),
    ] = {}
    blocks: Annotated[
        dict[StepName, str],
        Field(
            description="For each stack, by its present name: `moved`, `removed` and `import` blocks, which go into its `migrations.tf`. Clones get "
            "no `import` block."
        ),
    ] = {}

    @model_validator(mode="after")
    def _does_something(self) -> "Migration":
        if not self.values and not self.blocks:
            raise InvalidInput("a migration has `values`, `blocks` or both")
        return self


class Template(Document):
    """The declaration of a template. Rules across parts are checked in `bot.core.requests.template_check.declaration`.

    `aspects` classifies attributes that the built-in table does not know or gets wrong. `rules` are checked against the
    requested values before anything is rendered.
    """

    name: Annotated[TemplateName, Field(description="The name of its directory.")]
    description: Annotated[str, Field(min_length=1, description="What it makes, in a line.")]
    default_purpose: Annotated[PurposeName, Field(description="The purpose of a clone whose request names none.")]
    parameters: Annotated[dict[ParameterName, Parameter], Field(description="Its inputs, by name.")]
    purposes: Annotated[
        dict[PurposeName, Purpose], Field(min_length=1, description="What its environments are for, by name.")
    ]
    aspects: Annotated[
        dict[Aspect, tuple[Pattern, ...]],
        Field(
            description="Attributes that belong to another aspect than the built-in table says, as `ADDRESS:ATTRIBUTE` with `*` for any run of characters. The first match counts."
        ),
    ] = {}
    rules: Annotated[
        tuple[ParameterRule, ...],
        Field(description="What must hold between two parameters; checked before anything is rendered."),
    ] = ()
    migrations: Annotated[
        dict[MigrationName, Migration],
        Field(
            description="Applied in this order to each environment that is brought here from a revision without them. Keep them, since an "
            "environment may skip revisions."
        ),
    ] = {}
    shared: Annotated[
        tuple[str, ...],
        Field(
            description="Hosts, mail addresses and accounts outside that every environment may reach, written out in the code."
        ),
    ] = ()
    unmanaged: Annotated[
        dict[EnvironmentName, dict[ParameterName, Json]],
        Field(
            description="Environments with code of their own, which no template renders, by name, each with the parameters' values that are its own. "
            "No environment gets such a name, or one like it, or such a value."
        ),
    ] = {}
    stacks: Annotated[Stacks, Field(min_length=1, description="Its stacks, by the path of their directories.")]
    files: Annotated[
        dict[str, When],
        Field(description="Files that only some environments get, by their path as rendered (`network/imports.tf`)."),
    ] = {}
