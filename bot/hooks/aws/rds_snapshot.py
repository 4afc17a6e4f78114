"""`aws.rds-snapshot`: a copy of a database's snapshot under the clone's own key, and a database restored from it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from bot.core.ledger.ledger import Retained
from bot.errors import InvalidInput
from bot.hooks.aws.rds_clusters import Clusters
from bot.hooks.aws.rds_database import AVAILABLE, Database, Databases, DatabaseSnapshot, Identifier, Restore
from bot.hooks.aws.rds_instances import Instances
from bot.hooks.aws.session import Aws, AwsRecord, awaited
from bot.hooks.kind import AppliedHook, HookCheck, HookContext, HookFailed, HookKind, HookModel, Undone, VerifyFailed
from bot.model.duration import Duration
from bot.model.duration import parse as _duration
from bot.model.pipeline import Json
from bot.names import ParameterName, shown

Sort = Literal["instance", "cluster"]
_BROKEN = ("failed", "incompatible", "inaccessible", "insufficient", "restore-error")


class SnapshotInputs(HookModel):
    """What is copied under which key, and what is restored from the copy."""

    of: Annotated[Sort, Field(description="Whether the database is one instance, or a cluster (Aurora, Multi-AZ).")] = (
        "cluster"
    )
    snapshot: Annotated[str | None, Field(description="The snapshot to copy, by id or ARN.")] = None
    latest_of: Annotated[str | None, Field(description="Or the database whose newest snapshot is copied.")] = None
    copy_id: Annotated[Identifier, Field(description="The copy's identifier.")]
    kms_key_id: Annotated[str, Field(min_length=1, description="The clone's own key; the copy is encrypted with it.")]
    restore: Annotated[Restore | None, Field(description="The database to restore from the copy, if any.")] = None
    keep_copy: Annotated[bool, Field(description="Undo leaves the copy, on purpose, and says so.")] = False
    interval: Annotated[Duration, Field(description="Between two looks.")] = _duration("15s")

    @model_validator(mode="after")
    def _one_source(self) -> "SnapshotInputs":
        if (self.snapshot is None) == (self.latest_of is None):
            raise InvalidInput("say either `snapshot` (an id or ARN) or `latest_of` (a database)")
        return self


class SnapshotRecord(AwsRecord):
    """What this step made, or may have made."""

    of: Sort
    copies: tuple[str, ...] = ()
    databases: tuple[str, ...] = ()
    keep_copies: bool = False


class AwsRdsSnapshot(HookKind[SnapshotInputs, SnapshotRecord]):
    """Copies a snapshot with the clone's key, and restores a database from the copy if that is declared.

    The copy is readable with the clone's key alone, so production's need not be shared for longer than the copying takes;
    whoever applies needs to use both. What is copied are production's data, password hashes and all: leave this step out
    (`when`) for purposes that must not hold them. A restored database gets a master password of its own.

    A copy is made once: newer snapshots are taken only under another `copy_id`. What this step made is marked with the tag
    `envclone:step`; what isn't is never used or removed. A restored database has no last snapshot and no deletion
    protection. Undo deletes the restored database, waits until it is gone, and deletes the copy unless `keep_copy` says
    that it stays. The source is never touched.
    """

    name = "aws.rds-snapshot"
    inputs = SnapshotInputs
    record = SnapshotRecord
    outputs: ClassVar[Mapping[ParameterName, str]] = {
        ParameterName("snapshot_id"): "The copy's identifier.",
        ParameterName("snapshot_arn"): "The copy's ARN, for a stack that restores it itself.",
        ParameterName("source_arn"): "The snapshot that was copied.",
        ParameterName("database_id"): "The restored database; null without one.",
        ParameterName("endpoint"): "Its host name; null without one.",
        ParameterName("port"): "Its port; null without one.",
        ParameterName("secret_arn"): "The secret with its master password; null without one.",
    }

    @property
    def makes_data(self) -> bool:
        return True

    def check(self, inputs: SnapshotInputs, context: HookContext) -> HookCheck:
        databases = _databases(Aws.of(context), inputs.of)
        copy = databases.snapshot(inputs.copy_id)
        if copy is None or copy.status != AVAILABLE:
            return HookCheck(
                "would_change", f"the snapshot {shown(inputs.copy_id)} is {copy.status if copy else 'to be made'}"
            )
        if inputs.restore is None:
            return HookCheck("already_so", f"the snapshot {shown(copy.id)} is there")
        database = databases.database(inputs.restore.id)
        if database is None or database.status != AVAILABLE:
            status = database.status if database else "to be restored"
            return HookCheck("would_change", f"the database {shown(inputs.restore.id)} is {status}")
        return HookCheck("already_so", f"the snapshot {shown(copy.id)} and the database {shown(database.id)} are there")

    def apply(self, inputs: SnapshotInputs, context: HookContext) -> AppliedHook[SnapshotRecord]:
        databases = _databases(Aws.to_change(context), inputs.of)
        try:
            copy = _copied(databases, inputs, context)
            database = _restored(databases, copy, inputs, context) if inputs.restore is not None else None
        except HookFailed as failure:
            failure.undo = self.may_leave(inputs, context)
            raise
        evidence = f"the snapshot {shown(copy.id)} is a copy of {copy.source} under the key {copy.kms_key_id}"
        if database is not None:
            evidence += f"; the database {shown(database.id)} is {database.status}"
        return AppliedHook(_outputs(copy, database), evidence, self.may_leave(inputs, context))

    def verify(self, inputs: SnapshotInputs, context: HookContext) -> str:
        databases = _databases(Aws.of(context), inputs.of)
        copy = databases.snapshot(inputs.copy_id)
        if copy is None or copy.status != AVAILABLE:
            raise VerifyFailed(f"the snapshot {shown(inputs.copy_id)} is {copy.status if copy else 'gone'}")
        is_alias = "alias/" in inputs.kms_key_id  # AWS answers the key itself, never a name of it
        if not is_alias and inputs.kms_key_id not in {copy.kms_key_id, copy.kms_key_id.rpartition("/")[2]}:
            raise VerifyFailed(f"the snapshot {shown(copy.id)} is encrypted with {copy.kms_key_id or 'no key'}")
        if inputs.restore is None:
            return f"the snapshot {shown(copy.id)} is available"
        database = databases.database(inputs.restore.id)
        if database is None or database.status != AVAILABLE:
            raise VerifyFailed(f"the database {shown(inputs.restore.id)} is {database.status if database else 'gone'}")
        return f"the snapshot {shown(copy.id)} and the database {shown(database.id)} are available"

    def undo(self, record: SnapshotRecord, context: HookContext) -> Undone:
        databases = _databases(record.account(), record.of)
        deleted = [name for name in record.databases if _deleted(databases, name, context)]
        copies = [copy for name in record.copies if (copy := databases.snapshot(name)) and copy.owner == context.owner]
        if not record.keep_copies:
            for copy in copies:
                databases.delete_snapshot(copy.id)
        names = ", ".join(shown(copy.id) for copy in copies) or "no snapshot"
        kept = f"kept {names} on purpose" if record.keep_copies else f"deleted {names}"
        evidence = f"deleted {', '.join(map(shown, deleted)) or 'no database'}; {kept}"
        return Undone(evidence, tuple(map(_remainder, copies)) if record.keep_copies else ())

    def may_leave(self, inputs: SnapshotInputs, context: HookContext) -> SnapshotRecord:
        aws = Aws.of(context)
        before = SnapshotRecord.model_validate(context.previous) if context.previous else None
        earlier = before if before is not None and before.of == inputs.of else None
        restored = (inputs.restore.id,) if inputs.restore is not None else ()
        return SnapshotRecord(
            account_id=aws.account_id,
            region=aws.region,
            of=inputs.of,
            copies=tuple(dict.fromkeys((*(earlier.copies if earlier else ()), inputs.copy_id))),
            databases=tuple(dict.fromkeys((*(earlier.databases if earlier else ()), *restored))),
            keep_copies=inputs.keep_copy,
        )


def _remainder(copy: DatabaseSnapshot) -> Retained:
    return Retained(
        what=copy.arn,
        why=f"`keep_copy` is set; it can be restored only as long as its key {copy.kms_key_id} is there",
        until="somebody deletes the snapshot",
    )


def _databases(aws: Aws, of: Sort) -> Databases:
    return Instances(aws.rds()) if of == "instance" else Clusters(aws.rds())


def _copied(databases: Databases, inputs: SnapshotInputs, context: HookContext) -> DatabaseSnapshot:
    """Copy the snapshot, or find the copy that was begun, and wait until it can be used."""
    there = databases.snapshot(inputs.copy_id)
    if there is None:
        source = _source(databases, inputs)
        context.log(f"copying {source.arn}")
        databases.copy(source, inputs.copy_id, inputs.kms_key_id, context.owner)
    elif there.owner != context.owner:
        raise HookFailed(f"The snapshot {shown(inputs.copy_id)} exists, and this step did not make it.", is_final=True)
    elif (
        inputs.snapshot is not None
        and there.source not in {None, inputs.snapshot}
        and not _names(there, inputs.snapshot)
    ):
        raise HookFailed(
            f"The snapshot {shown(inputs.copy_id)} is a copy of {there.source}: give the new one another `copy_id`.",
            is_final=True,
        )

    def usable() -> DatabaseSnapshot | None:
        found = databases.snapshot(inputs.copy_id)
        _refuse_broken("snapshot", inputs.copy_id, found.status if found else "gone")
        return found if found is not None and found.status == AVAILABLE else None

    return awaited(f"the copy {shown(inputs.copy_id)}", usable, context, inputs.interval)


def _source(databases: Databases, inputs: SnapshotInputs) -> DatabaseSnapshot:
    if inputs.snapshot is not None:
        found = databases.snapshot(inputs.snapshot)
    else:
        assert inputs.latest_of is not None
        found = databases.latest(inputs.latest_of)
    if found is None:
        what = (
            f"snapshot {shown(inputs.snapshot)}"
            if inputs.snapshot
            else f"usable snapshot of {shown(str(inputs.latest_of))}"
        )
        raise HookFailed(f"There is no {what}.", is_final=True)
    return found


def _names(copy: DatabaseSnapshot, snapshot: str) -> bool:
    """Say whether the copy's source, an ARN, is the snapshot of that id."""
    return copy.source is not None and copy.source.rpartition(":")[2] == snapshot


def _restored(databases: Databases, copy: DatabaseSnapshot, inputs: SnapshotInputs, context: HookContext) -> Database:
    """Restore the database, or go on with what was begun, and wait until it can be used."""
    wanted = inputs.restore
    assert wanted is not None
    there = databases.database(wanted.id)
    if there is not None and there.owner != context.owner:
        raise HookFailed(f"The database {shown(wanted.id)} exists, and this step did not make it.", is_final=True)

    def usable() -> Database | None:
        databases.restore(copy, wanted, context.owner)
        found = databases.database(wanted.id)
        _refuse_broken("database", wanted.id, found.status if found else "gone")
        is_whole = found is not None and (found.secret_arn is not None or not wanted.new_password)
        return found if found is not None and found.status == AVAILABLE and is_whole else None

    context.log(f"restoring {wanted.id}")
    return awaited(f"the database {shown(wanted.id)}", usable, context, inputs.interval)


def _deleted(databases: Databases, name: str, context: HookContext) -> bool:
    """Delete a database that this step made, wait until it is gone, and say whether there was one."""
    there = databases.database(name)
    if there is None or there.owner != context.owner:
        return False
    if there.status != "deleting":
        databases.delete_database(name)
    awaited(
        f"{shown(name)} to be gone", lambda: databases.database(name) is None or None, context, timedelta(seconds=5)
    )
    return True


def _refuse_broken(what: str, name: str, status: str) -> None:
    if status.startswith(_BROKEN):
        raise HookFailed(f"The {what} {shown(name)} is {status}.", is_final=True)


def _outputs(copy: DatabaseSnapshot, database: Database | None) -> dict[ParameterName, Json]:
    return {
        ParameterName("snapshot_id"): copy.id,
        ParameterName("snapshot_arn"): copy.arn,
        ParameterName("source_arn"): copy.source,
        ParameterName("database_id"): database.id if database else None,
        ParameterName("endpoint"): database.endpoint if database else None,
        ParameterName("port"): database.port if database else None,
        ParameterName("secret_arn"): database.secret_arn if database else None,
    }
