"""`aws.rds-snapshot` against moto: instances, clusters of RDS, and Aurora's."""

from datetime import UTC, datetime

import boto3
import pytest
from moto.rds.models import rds_backends

from bot.hooks.aws.rds_snapshot import AwsRdsSnapshot, SnapshotInputs, SnapshotRecord
from bot.hooks.kind import HookFailed, OutOfTime, VerifyFailed
from bot.model.pipeline import Json
from bot.names import ParameterName
from tests.hooks.conftest import Surroundings
from tests.support.cloud import ACCOUNT, REGION

pytestmark = pytest.mark.usefixtures("aws")
KIND = AwsRdsSnapshot()
ENGINES = {"instance": "postgres", "cluster": "postgres", "aurora": "aurora-postgresql"}
PASSWORD = "productions-password"


def key() -> str:
    return str(boto3.client("kms", REGION).create_key()["KeyMetadata"]["Arn"])


def production(sort: str) -> None:
    """Make a database `shop` with two snapshots, of which `shop-new` is the newer."""
    client, engine, own = boto3.client("rds", REGION), ENGINES[sort], key()
    if sort == "instance":
        client.create_db_instance(
            DBInstanceIdentifier="shop",
            Engine=engine,
            DBInstanceClass="db.m6g.large",
            AllocatedStorage=20,
            MasterUsername="shop",
            MasterUserPassword=PASSWORD,
            StorageEncrypted=True,
            KmsKeyId=own,
        )
        for name in ("shop-old", "shop-new"):
            client.create_db_snapshot(DBInstanceIdentifier="shop", DBSnapshotIdentifier=name)
        rds_backends[ACCOUNT][REGION].database_snapshots["shop-old"].created = datetime(2020, 1, 1, tzinfo=UTC)
        return
    client.create_db_cluster(
        DBClusterIdentifier="shop",
        Engine=engine,
        MasterUsername="shop",
        MasterUserPassword=PASSWORD,
        StorageEncrypted=True,
        KmsKeyId=own,
        **({"DBClusterInstanceClass": "db.m6gd.large", "AllocatedStorage": 100} if sort == "cluster" else {}),  # type: ignore[arg-type]
    )
    for name in ("shop-old", "shop-new"):
        client.create_db_cluster_snapshot(DBClusterIdentifier="shop", DBClusterSnapshotIdentifier=name)
    rds_backends[ACCOUNT][REGION].cluster_snapshots["shop-old"].created = datetime(2020, 1, 1, tzinfo=UTC)


def inputs(sort: str = "instance", **more: Json) -> SnapshotInputs:
    given = {"of": "instance" if sort == "instance" else "cluster", "copy_id": "demo-x-copy", "interval": "1s", **more}
    return SnapshotInputs.model_validate(given)


def present() -> set[str]:
    """Return the names of what was made here; automated snapshots, which moto leaves behind, are AWS's own business."""
    backend = rds_backends[ACCOUNT][REGION]
    found = {*backend.database_snapshots, *backend.cluster_snapshots, *backend.databases, *backend.clusters}
    return {name for name in found if not name.startswith(("rds:", "shop"))}


def kept(record: SnapshotRecord | None) -> Json:
    return record.model_dump(mode="json") if record is not None else None


@pytest.mark.parametrize("sort", ENGINES)
def test_the_newest_snapshot_is_copied_restored_and_all_of_it_taken_back(around: Surroundings, sort: str) -> None:
    production(sort)
    own = key()
    restore: Json = {"id": "demo-x-db", "db_class": "db.m6gd.large"}
    wanted = inputs(sort, latest_of="shop", kms_key_id=own, restore=restore)
    assert KIND.check(wanted, around.context()).result == "would_change"
    applied = KIND.apply(wanted, around.context())
    assert str(applied.outputs[ParameterName("source_arn")]).endswith(":shop-new")
    assert own in applied.evidence
    assert PASSWORD not in repr(applied)
    secret = applied.outputs[ParameterName("secret_arn")]
    assert isinstance(secret, str), "the database has a password of its own"
    made = {"demo-x-copy", "demo-x-db"} | ({"demo-x-db-1"} if sort == "aurora" else set())
    assert present() == made
    assert KIND.apply(wanted, around.context(kept(applied.undo))).outputs == applied.outputs
    assert present() == made
    assert KIND.check(wanted, around.context()).result == "already_so"
    assert KIND.verify(wanted, around.context()).endswith("and the database `demo-x-db` are available")
    assert applied.undo is not None
    assert KIND.undo(applied.undo, around.context()).evidence == "deleted `demo-x-db`; deleted `demo-x-copy`"
    assert present() == set()
    assert KIND.undo(applied.undo, around.context()).evidence == "deleted no database; deleted no snapshot"


@pytest.mark.exhaustive
def test_a_copy_alone_can_be_kept_on_purpose(around: Surroundings) -> None:
    production("instance")
    wanted = inputs(snapshot="shop-old", kms_key_id=key(), keep_copy=True)
    applied = KIND.apply(wanted, around.context())
    assert applied.outputs[ParameterName("database_id")] is None
    assert KIND.verify(wanted, around.context()) == "the snapshot `demo-x-copy` is available"
    assert applied.undo is not None
    undone = KIND.undo(applied.undo, around.context())
    assert undone.evidence == "deleted no database; kept `demo-x-copy` on purpose"
    [kept] = undone.remains
    assert kept.what == applied.outputs[ParameterName("snapshot_arn")]
    assert "as long as its key arn:aws:kms:" in kept.why
    assert present() == {"demo-x-copy"}


@pytest.mark.exhaustive
def test_a_copy_stays_the_copy_that_it_is(around: Surroundings) -> None:
    production("instance")
    own = key()
    KIND.apply(inputs(latest_of="shop", kms_key_id=own), around.context())
    boto3.client("rds", REGION).create_db_snapshot(DBInstanceIdentifier="shop", DBSnapshotIdentifier="shop-newest")
    again = KIND.apply(inputs(latest_of="shop", kms_key_id=own), around.context())
    assert str(again.outputs[ParameterName("source_arn")]).endswith(":shop-new")
    with pytest.raises(HookFailed, match="give the new one another `copy_id`"):
        KIND.apply(inputs(snapshot="shop-old", kms_key_id=own), around.context())
    with pytest.raises(VerifyFailed, match="is encrypted with"):
        KIND.verify(inputs(latest_of="shop", kms_key_id=key()), around.context())


@pytest.mark.exhaustive
def test_what_another_made_is_neither_used_nor_removed(around: Surroundings) -> None:
    production("instance")
    client = boto3.client("rds", REGION)
    client.create_db_snapshot(DBInstanceIdentifier="shop", DBSnapshotIdentifier="demo-x-copy")
    wanted = inputs(latest_of="shop", kms_key_id=key(), restore={"id": "shop"})
    with pytest.raises(HookFailed, match="The snapshot `demo-x-copy` exists, and this step did not make it"):
        KIND.apply(wanted, around.context())
    client.delete_db_snapshot(DBSnapshotIdentifier="demo-x-copy")
    with pytest.raises(HookFailed, match="The database `shop` exists, and this step did not make it") as failure:
        KIND.apply(wanted, around.context())
    assert isinstance(failure.value.undo, SnapshotRecord)
    assert KIND.undo(failure.value.undo, around.context()).evidence == "deleted no database; deleted `demo-x-copy`"
    assert "shop" in rds_backends[ACCOUNT][REGION].databases


@pytest.mark.sample
def test_a_source_that_is_not_there_is_named(around: Surroundings) -> None:
    with pytest.raises(HookFailed, match="There is no snapshot `absent`"):
        KIND.apply(inputs(snapshot="absent", kms_key_id="k"), around.context())
    with pytest.raises(HookFailed, match="There is no usable snapshot of `absent`"):
        KIND.apply(inputs("cluster", latest_of="absent", kms_key_id="k"), around.context())


@pytest.mark.exhaustive
@pytest.mark.parametrize(("status", "error"), [("creating", OutOfTime), ("failed", HookFailed)])
def test_a_copy_that_does_not_get_ready_ends_the_wait(
    around: Surroundings, status: str, error: type[HookFailed]
) -> None:
    production("instance")
    wanted = inputs(latest_of="shop", kms_key_id=key())
    KIND.apply(wanted, around.context())
    rds_backends[ACCOUNT][REGION].database_snapshots["demo-x-copy"].status = status
    assert KIND.check(wanted, around.context()).text == f"the snapshot `demo-x-copy` is {status}"
    with pytest.raises(error) as failure:
        KIND.apply(wanted, around.context(seconds=0.5))
    assert type(failure.value) is error


@pytest.mark.parametrize("more", [{}, {"snapshot": "a", "latest_of": "b"}, {"snapshot": "a", "copy_id": "Bad_Id"}])
def test_what_makes_no_sense_is_refused(more: dict[str, Json]) -> None:
    with pytest.raises(ValueError, match="SnapshotInputs"):
        SnapshotInputs.model_validate({"copy_id": "demo-x-copy", "kms_key_id": "k", **more})
