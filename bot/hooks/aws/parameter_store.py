"""What the kinds that put parameters share: read, put, mark and delete them, and never touch another's."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from bot.core.ledger.ledger import Retained
from bot.core.plural import counted
from bot.hooks.aws.session import OWNER_TAG, AwsRecord, speaking, unless
from bot.hooks.kind import HookContext, HookFailed, Undone
from bot.names import shown

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient
    from mypy_boto3_ssm.type_defs import ParameterTypeDef

_MOST_AT_ONCE = 10
"""Names in one call (https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html)."""

Path = Annotated[str, Field(pattern=r"^(/[A-Za-z0-9_.-]+)+$", max_length=500, description="Starts with `/`.")]
ParameterKey = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$", max_length=500)]


class ParameterRecord(AwsRecord):
    """Which parameters this step made, or may have made."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A parameter as it is to be. `key_id` is the KMS key of a secure one; AWS's own without it."""

    value: str = field(repr=False)
    type: Literal["String", "StringList", "SecureString"] = "String"
    key_id: str | None = None


def read(client: "SSMClient", names: Iterable[str], *, decrypt: bool) -> dict[str, "ParameterTypeDef"]:
    """Return those of the parameters that exist, by name. Raises `HookFailed`."""
    ordered, found = sorted(names), dict[str, "ParameterTypeDef"]()
    for first in range(0, len(ordered), _MOST_AT_ONCE):
        with speaking("the reading of parameters"):
            answer = client.get_parameters(Names=ordered[first : first + _MOST_AT_ONCE], WithDecryption=decrypt)
        found |= {each["Name"]: each for each in answer["Parameters"]}
    return found


def values(client: "SSMClient", names: Iterable[str]) -> dict[str, str]:
    """Return the values of those of the parameters that exist, by name. Raises `HookFailed`."""
    return {name: each["Value"] for name, each in read(client, names, decrypt=True).items()}


def bring_about(
    client: "SSMClient", wanted: Mapping[str, Wanted], before: Collection[str], context: HookContext
) -> int:
    """Put what differs, delete what this step made `before` and no longer wants, and return how many were put.

    Raises `HookFailed`, also for a parameter that this step did not make.
    """
    current = values(client, wanted)
    changed = 0
    for name, one in wanted.items():
        if name in current and _owner(client, name) != context.owner:
            raise HookFailed(f"The parameter {shown(name)} exists, and this step did not make it.", is_final=True)
        if current.get(name) != one.value:
            _put(client, name, one, None if name in current else context.owner)
            changed += 1
    remove(client, [name for name in before if name not in wanted], context)
    return changed


def remove(client: "SSMClient", names: Collection[str], context: HookContext) -> int:
    """Delete those of the parameters that this step made, and return how many they were. Raises `HookFailed`."""
    ours = [name for name in names if _owner(client, name) == context.owner]
    _delete(client, ours)
    return len(ours)


def _delete(client: "SSMClient", ours: Sequence[str]) -> None:
    for first in range(0, len(ours), _MOST_AT_ONCE):
        with speaking("the deletion of parameters"):
            client.delete_parameters(Names=[*ours[first : first + _MOST_AT_ONCE]])


def undone(record: ParameterRecord, context: HookContext) -> Undone:
    """Take back what the record says, and return evidence, with what another has put there. Raises `HookFailed`.

    Without its mark a parameter is nobody's, and a search by tags would not find it: so it stays, and is named.
    """
    client = record.account().ssm()
    owners = {name: _owner(client, name) for name in record.names}
    ours = [name for name, owner in owners.items() if owner == context.owner]
    others = read(client, [name for name in owners if name not in ours], decrypt=False)
    _delete(client, ours)
    remains = tuple(
        Retained(what=f"parameter {name}", why=_whose(owners[name]), until=_BY_HAND) for name in sorted(others)
    )
    return Undone(
        f"deleted {counted(len(ours), 'parameter')}; gone or not ours: {len(record.names) - len(ours)}", remains
    )


_BY_HAND = "until somebody deletes it by hand"


def _whose(owner: str | None) -> str:
    return (
        f"the step {owner} made it"
        if owner is not None
        else "it lacks this step's mark, so somebody else made it, or made it again"
    )


def previous(context: HookContext) -> tuple[str, ...]:
    """Return the names that the last apply made."""
    return ParameterRecord.model_validate(context.previous).names if context.previous else ()


def merged(one: Iterable[str], other: Iterable[str]) -> tuple[str, ...]:
    """Return all names, in order."""
    return tuple(sorted({*one, *other}))


def _put(client: "SSMClient", name: str, wanted: Wanted, owner: str | None) -> None:
    """Put one parameter; with an `owner` it must be new. AWS sets tags only on new ones, so making and marking are one call."""
    key = {"KeyId": wanted.key_id} if wanted.type == "SecureString" and wanted.key_id else {}
    fresh = {"Tags": [{"Key": OWNER_TAG, "Value": owner}]} if owner is not None else {}
    with speaking(f"the parameter {shown(name)}"):
        client.put_parameter(
            Name=name,
            Value=wanted.value,
            Type=wanted.type,
            Overwrite=owner is None,
            **key,  # type: ignore[arg-type]
            **fresh,  # type: ignore[arg-type]
        )


def _owner(client: "SSMClient", name: str) -> str | None:
    """Return the step that made the parameter, if it says so and exists."""
    found = unless(
        frozenset({"InvalidResourceId"}),
        f"the tags of {shown(name)}",
        lambda: client.list_tags_for_resource(ResourceType="Parameter", ResourceId=name),
    )
    tags = found["TagList"] if found is not None else []
    return next((tag["Value"] for tag in tags if tag["Key"] == OWNER_TAG), None)
