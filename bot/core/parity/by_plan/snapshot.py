"""Production's state as clones are compared with it: every managed resource's values, and what is sensitive in them sealed.

Production lives in another account than its clones, so one job can't ask both at once: it takes the snapshot with
production's read-only role, then takes the clone's role and compares. A sensitive value leaves only its HMAC under a key
made for this one snapshot; so it can be said whether a clone holds the very same secret, and nothing else. The snapshot
stays in the runner's temporary directory and is removed when it is read, before any code of a pull request runs.
"""

import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Final, Literal

from pydantic import AwareDatetime, Field, ValidationError

from bot.core.plans.plan_values import Masked, PlanValue, planned
from bot.core.plans.stack_inputs import is_known, plain
from bot.errors import Unverifiable
from bot.model.base import Document, ForeignDocument
from bot.model.pipeline import Json
from bot.names import EnvironmentName, StepName, shown

FORMAT: Final = 1
_SEALED: Final = "(sealed)"

CommitSha = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]


class Resource(Document):
    """A managed resource in the state; `values` holds `{"(sealed)": HMAC}` where a value is sensitive."""

    address: str
    type: str
    values: Json


class StackSnapshot(Document):
    """What one stack's state holds. Sensitive outputs are left out."""

    resources: tuple[Resource, ...] = ()
    outputs: dict[str, Json] = {}


class SourceSnapshot(Document):
    """The state of `environment`, whose code is that of `commit`; a stack that was never applied is None.

    `tree` is git's id of `envs/<name>/` at that commit, `revision` that of its template.
    """

    format: Literal[1] = FORMAT
    environment: EnvironmentName
    commit: CommitSha
    tree: CommitSha
    revision: CommitSha
    taken_at: AwareDatetime
    key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", repr=False)]
    stacks: dict[StepName, StackSnapshot | None]

    @property
    def is_applied(self) -> bool:
        """Say whether there is anything to compare with."""
        return any(stack is not None and stack.resources for stack in self.stacks.values())


class _Held(ForeignDocument):
    address: str
    mode: Literal["managed", "data"]
    type: str
    values: Json = None
    sensitive_values: Json = False
    deposed_key: str | None = None


class _Module(ForeignDocument):
    resources: list[_Held] = []
    child_modules: list["_Module"] = []

    def held(self) -> Iterator[_Held]:
        yield from self.resources
        for module in self.child_modules:
            yield from module.held()


class _Output(ForeignDocument):
    value: Json = None
    sensitive: bool = False


class _Values(ForeignDocument):
    outputs: dict[str, _Output] = {}
    root_module: _Module = _Module()


class _Document(ForeignDocument):
    format_version: str
    values: _Values | None = None


def read_state(document: bytes, key: str) -> StackSnapshot | None:
    """Return what `terraform show -json` says of a state, sealed under `key`; None when nothing was ever applied.

    Raises `Unverifiable`; the message never quotes the document.
    """
    try:
        read = _Document.model_validate_json(document)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, item["loc"])) for item in error.errors(include_input=False)[:3])
        raise Unverifiable(f"Terraform's state could not be read (at {places or 'its start'})") from None
    if not read.format_version.startswith("1."):
        raise Unverifiable(f"Terraform's state has format {shown(read.format_version)}; only 1.x is supported")
    if read.values is None:
        return None
    held = [item for item in read.values.root_module.held() if item.mode == "managed" and item.deposed_key is None]
    return StackSnapshot(
        resources=tuple(
            Resource(
                address=item.address,
                type=item.type,
                values=_written(planned(item.values, False, item.sensitive_values), key),
            )
            for item in held
        ),
        outputs={name: output.value for name, output in read.values.outputs.items() if not output.sensitive},
    )


def write_snapshot(snapshot: SourceSnapshot) -> bytes:
    """Return the snapshot as it is handed on."""
    return snapshot.model_dump_json().encode()


def read_snapshot(data: bytes) -> SourceSnapshot:
    """Return a snapshot that was handed on. Raises `Unverifiable`."""
    try:
        return SourceSnapshot.model_validate_json(data)
    except ValidationError:
        raise Unverifiable("The snapshot of production can't be read. Take a new snapshot.") from None


def values_of(resource: Resource) -> PlanValue:
    """Return a resource's values; a sealed one is `Masked` and equal to another of the same seal."""
    return _opened(resource.values)


def sealed(value: PlanValue, key: str) -> PlanValue:
    """Return a value in which everything sensitive is sealed under the snapshot's key, to be compared with it."""
    match value:
        case Masked():
            return Masked(seal(value.reveal(), key))
        case Mapping():
            return {name: sealed(item, key) for name, item in value.items()}
        case list() | tuple():
            return [sealed(item, key) for item in value]
        case _:
            return value


def seal(value: PlanValue, key: str) -> str:
    """Return the HMAC of a value under the snapshot's key."""
    content = json.dumps(plain(value), sort_keys=True, ensure_ascii=True) if is_known(value) else "unknown"
    return hmac.new(bytes.fromhex(key), content.encode(), hashlib.sha256).hexdigest()


def _written(value: PlanValue, key: str) -> Json:
    match value:
        case Masked():
            return {_SEALED: seal(value.reveal(), key)}
        case Mapping():
            return {name: _written(item, key) for name, item in value.items()}
        case list() | tuple():
            return [_written(item, key) for item in value]
        case str() | bool() | int() | float() | None:
            return value
        case _:
            raise TypeError(type(value).__name__)


def _opened(value: Json) -> PlanValue:
    if isinstance(value, dict):
        if value.keys() == {_SEALED}:
            return Masked(str(value[_SEALED]))
        return {name: _opened(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_opened(item) for item in value]
    return value
