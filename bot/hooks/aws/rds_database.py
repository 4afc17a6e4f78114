"""Databases of RDS, whether one instance or a cluster, in one vocabulary: their snapshots, and what is restored from them."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from bot.hooks.aws.session import OWNER_TAG
from bot.hooks.kind import HookModel

if TYPE_CHECKING:
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_rds.type_defs import TagTypeDef

NO_SNAPSHOT = frozenset({"DBSnapshotNotFound", "DBSnapshotNotFoundFault", "DBClusterSnapshotNotFoundFault"})
NO_DATABASE = frozenset({"DBInstanceNotFound", "DBInstanceNotFoundFault", "DBClusterNotFoundFault"})
AVAILABLE = "available"
SOURCE_TAG = "envclone:source"

Identifier = Annotated[str, Field(pattern=r"^[a-z](-?[a-z0-9])*$", max_length=63)]


class Restore(HookModel):
    """What is restored from the copy."""

    id: Annotated[Identifier, Field(description="The new database's identifier.")]
    db_class: Annotated[str | None, Field(description="Its instances' class; the source's without it.")] = None
    subnet_group: str | None = None
    security_groups: tuple[str, ...] = ()
    parameter_group: str | None = None
    new_password: Annotated[
        bool,
        Field(description="AWS makes a new master password and keeps it in a secret; without this it is the source's."),
    ] = True


@dataclass(frozen=True, slots=True)
class DatabaseSnapshot:
    """A snapshot. `id` is its ARN's last part; `owner` the step that made it, if one says so."""

    id: str
    arn: str
    status: str
    engine: str
    kms_key_id: str
    owner: str | None
    source: str | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class Database:
    """A database. `owner` is the step that made it, if one says so."""

    id: str
    arn: str
    engine: str
    status: str
    owner: str | None
    endpoint: str
    port: int
    secret_arn: str | None
    members: Sequence[str] = ()


class Databases(ABC):
    """What can be done with the databases of one sort. Every verb raises `HookFailed`; what is gone is no failure."""

    def __init__(self, client: "RDSClient") -> None:
        self._client = client

    @abstractmethod
    def snapshot(self, name: str) -> DatabaseSnapshot | None:
        """Return the snapshot of that id or ARN."""

    @abstractmethod
    def snapshots_of(self, database: str) -> Iterable[DatabaseSnapshot]:
        """Return the snapshots of a database, automated and manual."""

    @abstractmethod
    def copy(self, source: DatabaseSnapshot, target: str, key: str, owner: str) -> None:
        """Begin to copy a snapshot under another key."""

    @abstractmethod
    def database(self, name: str) -> Database | None:
        """Return the database of that id."""

    @abstractmethod
    def restore(self, copy: DatabaseSnapshot, wanted: Restore, owner: str) -> None:
        """Begin to restore a database, or go on with it; where AWS needs several calls, each is made when it is due."""

    @abstractmethod
    def delete_database(self, name: str) -> None:
        """Begin to delete the database, with its automated backups and without a last snapshot."""

    @abstractmethod
    def delete_snapshot(self, name: str) -> None:
        """Delete the snapshot."""

    def latest(self, database: str) -> DatabaseSnapshot | None:
        """Return the newest snapshot of a database that can be used."""
        usable = [each for each in self.snapshots_of(database) if each.status == AVAILABLE]
        return max(usable, key=lambda each: each.made_at, default=None)


def snapshot(found: Mapping[str, Any], name: str, arn: str) -> DatabaseSnapshot:
    """Return the snapshot that AWS describes; `name` and `arn` are the keys under which it says its identity."""
    tags = found.get("TagList", ())
    return DatabaseSnapshot(
        id=found[name],
        arn=found[arn],
        status=found["Status"],
        engine=found["Engine"],
        kms_key_id=found.get("KmsKeyId", ""),
        owner=tag(tags, OWNER_TAG),
        source=tag(tags, SOURCE_TAG),
        # One that is still being made has no time yet.
        made_at=found.get("SnapshotCreateTime", datetime.min.replace(tzinfo=UTC)),
    )


def tag(tags: "Iterable[TagTypeDef]", key: str) -> str | None:
    """Return a tag's value."""
    return next((each.get("Value") for each in tags if each.get("Key") == key), None)


def tags_of(owner: str, source: str) -> "list[TagTypeDef]":
    """Return the tags by which a step knows what it made, and from what."""
    return [{"Key": OWNER_TAG, "Value": owner}, {"Key": SOURCE_TAG, "Value": source}]


def place(wanted: Restore) -> dict[str, Any]:
    """Return where the database is put, in AWS's words."""
    groups = [*wanted.security_groups] or None
    return said({"DBSubnetGroupName": wanted.subnet_group, "VpcSecurityGroupIds": groups})


def said(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is not left to AWS's own defaults."""
    return {key: value for key, value in given.items() if value is not None}
