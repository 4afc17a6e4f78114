"""Databases of RDS that are one instance."""

from collections.abc import Iterable, Mapping
from typing import Any

from bot.hooks.aws.rds_database import (
    NO_DATABASE,
    NO_SNAPSHOT,
    Database,
    Databases,
    DatabaseSnapshot,
    Restore,
    place,
    said,
    snapshot,
    tag,
    tags_of,
)
from bot.hooks.aws.session import OWNER_TAG, speaking, unless
from bot.names import shown


class Instances(Databases):
    """Databases of one instance."""

    def snapshot(self, name: str) -> DatabaseSnapshot | None:
        found = unless(
            NO_SNAPSHOT,
            f"the description of {shown(name)}",
            lambda: self._client.describe_db_snapshots(DBSnapshotIdentifier=name),
        )
        return next(map(_snapshot, found["DBSnapshots"]), None) if found is not None else None

    def snapshots_of(self, database: str) -> Iterable[DatabaseSnapshot]:
        pages = self._client.get_paginator("describe_db_snapshots").paginate(DBInstanceIdentifier=database)
        with speaking(f"the list of snapshots of {shown(database)}"):
            return [_snapshot(each) for page in pages for each in page["DBSnapshots"]]

    def copy(self, source: DatabaseSnapshot, target: str, key: str, owner: str) -> None:
        with speaking(f"the copy of {shown(source.id)}"):
            self._client.copy_db_snapshot(
                SourceDBSnapshotIdentifier=source.arn,
                TargetDBSnapshotIdentifier=target,
                KmsKeyId=key,
                Tags=tags_of(owner, source.arn),
            )

    def database(self, name: str) -> Database | None:
        found = unless(
            NO_DATABASE,
            f"the description of {shown(name)}",
            lambda: self._client.describe_db_instances(DBInstanceIdentifier=name),
        )
        if found is None or not found["DBInstances"]:
            return None
        one = found["DBInstances"][0]
        endpoint = one.get("Endpoint", {})
        return Database(
            id=one["DBInstanceIdentifier"],
            arn=one["DBInstanceArn"],
            engine=one["Engine"],
            status=one["DBInstanceStatus"],
            owner=tag(one.get("TagList", ()), OWNER_TAG),
            endpoint=endpoint.get("Address", ""),
            port=endpoint.get("Port", 0),
            secret_arn=one.get("MasterUserSecret", {}).get("SecretArn"),
        )

    def restore(self, copy: DatabaseSnapshot, wanted: Restore, owner: str) -> None:
        if self.database(wanted.id) is not None:
            return
        given = {
            "DBInstanceClass": wanted.db_class,
            "DBParameterGroupName": wanted.parameter_group,
            "ManageMasterUserPassword": wanted.new_password or None,
            "MasterUserSecretKmsKeyId": copy.kms_key_id if wanted.new_password else None,
        }
        with speaking(f"the restoration of {shown(wanted.id)}"):
            self._client.restore_db_instance_from_db_snapshot(
                DBInstanceIdentifier=wanted.id,
                DBSnapshotIdentifier=copy.id,
                Tags=tags_of(owner, copy.arn),
                **place(wanted),
                **said(given),
            )

    def delete_database(self, name: str) -> None:
        delete = self._client.delete_db_instance
        unless(
            NO_DATABASE,
            f"the deletion of {shown(name)}",
            lambda: delete(DBInstanceIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=True),
        )

    def delete_snapshot(self, name: str) -> None:
        delete = self._client.delete_db_snapshot
        unless(NO_SNAPSHOT, f"the deletion of {shown(name)}", lambda: delete(DBSnapshotIdentifier=name))


def _snapshot(found: Mapping[str, Any]) -> DatabaseSnapshot:
    return snapshot(found, "DBSnapshotIdentifier", "DBSnapshotArn")
