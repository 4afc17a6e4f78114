"""Clusters of RDS: Aurora's, which get one instance, and those that have theirs by themselves."""

from collections.abc import Iterable, Mapping
from typing import Any

from bot.hooks.aws.rds_database import (
    AVAILABLE,
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
from bot.hooks.aws.rds_instances import Instances
from bot.hooks.aws.session import OWNER_TAG, speaking, unless
from bot.names import shown

_AURORA = "aurora"


class Clusters(Databases):
    """Clusters: Aurora's, which get one instance, and those of RDS, which have theirs by themselves."""

    def snapshot(self, name: str) -> DatabaseSnapshot | None:
        found = unless(
            NO_SNAPSHOT,
            f"the description of {shown(name)}",
            lambda: self._client.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=name),
        )
        return next(map(_snapshot, found["DBClusterSnapshots"]), None) if found is not None else None

    def snapshots_of(self, database: str) -> Iterable[DatabaseSnapshot]:
        pages = self._client.get_paginator("describe_db_cluster_snapshots").paginate(DBClusterIdentifier=database)
        with speaking(f"the list of snapshots of {shown(database)}"):
            return [_snapshot(each) for page in pages for each in page["DBClusterSnapshots"]]

    def copy(self, source: DatabaseSnapshot, target: str, key: str, owner: str) -> None:
        with speaking(f"the copy of {shown(source.id)}"):
            self._client.copy_db_cluster_snapshot(
                SourceDBClusterSnapshotIdentifier=source.arn,
                TargetDBClusterSnapshotIdentifier=target,
                KmsKeyId=key,
                Tags=tags_of(owner, source.arn),
            )

    def database(self, name: str) -> Database | None:
        found = unless(
            NO_DATABASE,
            f"the description of {shown(name)}",
            lambda: self._client.describe_db_clusters(DBClusterIdentifier=name),
        )
        if found is None or not found["DBClusters"]:
            return None
        one = found["DBClusters"][0]
        return Database(
            id=one["DBClusterIdentifier"],
            arn=one["DBClusterArn"],
            engine=one["Engine"],
            status=one["Status"],
            owner=tag(one.get("TagList", ()), OWNER_TAG),
            endpoint=one.get("Endpoint", ""),
            port=one.get("Port", 0),
            secret_arn=one.get("MasterUserSecret", {}).get("SecretArn"),
            members=tuple(each["DBInstanceIdentifier"] for each in one.get("DBClusterMembers", ())),
        )

    def restore(self, copy: DatabaseSnapshot, wanted: Restore, owner: str) -> None:
        there = self.database(wanted.id)
        is_aurora = copy.engine.startswith(_AURORA)
        if there is None:
            own_class = None if is_aurora else wanted.db_class
            given = {"DBClusterInstanceClass": own_class, "DBClusterParameterGroupName": wanted.parameter_group}
            with speaking(f"the restoration of {shown(wanted.id)}"):
                self._client.restore_db_cluster_from_snapshot(
                    DBClusterIdentifier=wanted.id,
                    SnapshotIdentifier=copy.id,
                    Engine=copy.engine,
                    KmsKeyId=copy.kms_key_id,
                    Tags=tags_of(owner, copy.arn),
                    **place(wanted),
                    **said(given),
                )
            return
        if there.status != AVAILABLE:
            return
        if is_aurora and not there.members:
            self._add_instance(copy.engine, wanted, owner)
        if wanted.new_password and there.secret_arn is None:
            with speaking(f"the new master password of {shown(wanted.id)}"):
                self._client.modify_db_cluster(
                    DBClusterIdentifier=wanted.id,
                    ManageMasterUserPassword=True,
                    MasterUserSecretKmsKeyId=copy.kms_key_id,
                    ApplyImmediately=True,
                )

    def _add_instance(self, engine: str, wanted: Restore, owner: str) -> None:
        with speaking(f"the instance of {shown(wanted.id)}"):
            self._client.create_db_instance(
                DBInstanceIdentifier=f"{wanted.id}-1",
                DBClusterIdentifier=wanted.id,
                DBInstanceClass=wanted.db_class or "db.serverless",
                Engine=engine,
                Tags=[{"Key": OWNER_TAG, "Value": owner}],
            )

    def delete_database(self, name: str) -> None:
        there = self.database(name)
        # Aurora's cluster goes only after its instances; a cluster of RDS takes its own with it.
        if there is not None and there.engine.startswith(_AURORA):
            for member in there.members:
                Instances(self._client).delete_database(member)
        delete = self._client.delete_db_cluster
        unless(
            NO_DATABASE,
            f"the deletion of {shown(name)}",
            lambda: delete(DBClusterIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=True),
        )

    def delete_snapshot(self, name: str) -> None:
        delete = self._client.delete_db_cluster_snapshot
        unless(NO_SNAPSHOT, f"the deletion of {shown(name)}", lambda: delete(DBClusterSnapshotIdentifier=name))


def _snapshot(found: Mapping[str, Any]) -> DatabaseSnapshot:
    return snapshot(found, "DBClusterSnapshotIdentifier", "DBClusterSnapshotArn")
