"""`aws.bucket-seed`: put the files of a directory of the environment into a bucket."""

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from bot.core.ledger.ledger import Retained
from bot.core.plural import counted
from bot.hooks.aws.session import Aws, AwsRecord, speaking, unless
from bot.hooks.kind import AppliedHook, HookCheck, HookContext, HookFailed, HookKind, HookModel, Undone, VerifyFailed
from bot.hooks.paths import files_below
from bot.model.pipeline import Json
from bot.names import ParameterName, shown

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import HeadObjectOutputTypeDef

_DIGEST, _OWNER = "envclone-sha256", "envclone-step"
_ABSENT = frozenset({"404", "NoSuchKey", "NoSuchBucket", "NoSuchVersion", "NotFound"})
LARGEST_FILE = 100_000_000
"""Bytes. What is larger is no seed, and git is no place for it."""


class SeedInputs(HookModel):
    """What goes where."""

    bucket: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$")]
    directory: Annotated[str, Field(min_length=1, description="Relative to the environment's directory.")]
    prefix: Annotated[str, Field(pattern=r"^([A-Za-z0-9!_.*'()-]+/)*$", description="Ends in `/` unless empty.")] = ""


class SeedRecord(AwsRecord):
    """Which versions of which objects this step put. In a bucket without versioning a version is `null`.

    An object with no version was perhaps put, by a run that was killed: undo also looks at what is marked as this step's.
    """

    bucket: str
    objects: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _File:
    path: Path
    digest: str


class AwsBucketSeed(HookKind[SeedInputs, SeedRecord]):
    """Puts the files of a directory of the environment into a bucket.

    An object whose content is the file's already stays as it is; content is compared by SHA-256, kept with the object. An
    object that this step did not put is never overwritten. Files that were put once and are no longer there are deleted.
    Undo deletes the versions that this step put, and nothing else.
    """

    name = "aws.bucket-seed"
    inputs = SeedInputs
    record = SeedRecord
    outputs: ClassVar[Mapping[ParameterName, str]] = {
        ParameterName("bucket"): "The bucket.",
        ParameterName("count"): "How many objects it was given.",
        ParameterName("digest"): "SHA-256 over all names and contents.",
    }

    @property
    def makes_data(self) -> bool:
        return True

    def check(self, inputs: SeedInputs, context: HookContext) -> HookCheck:
        client = Aws.of(context).s3()
        files = _files(inputs, context)
        different = [key for key, file in files.items() if _digest_of(_head(client, inputs.bucket, key)) != file.digest]
        if different:
            return HookCheck(
                "would_change", f"{len(different)} of {counted(len(files), 'object')} to put into {inputs.bucket}"
            )
        return HookCheck("already_so", f"{inputs.bucket} holds all of {counted(len(files), 'object')}")

    def apply(self, inputs: SeedInputs, context: HookContext) -> AppliedHook[SeedRecord]:
        aws = Aws.to_change(context)
        bucket = _Bucket(aws.s3(), inputs.bucket, context.owner)
        files = _files(inputs, context)
        objects = {**_previous(inputs, context)}
        put = 0
        try:
            for key, file in files.items():
                version, is_new = _put(bucket, key, file)
                objects[key] = tuple(dict.fromkeys((*objects.get(key, ()), version)))
                put += is_new
            for key in [key for key in objects if key not in files]:
                _delete(bucket, key, objects.pop(key))
        except HookFailed as failure:
            failure.undo = _record(aws, inputs, objects)
            raise
        whole = hashlib.sha256("\n".join(f"{key} {file.digest}" for key, file in files.items()).encode()).hexdigest()
        outputs: dict[ParameterName, Json] = {
            ParameterName("bucket"): inputs.bucket,
            ParameterName("count"): len(files),
            ParameterName("digest"): whole,
        }
        return AppliedHook(
            outputs,
            f"{counted(len(files), 'object')} in {inputs.bucket}, {put} uploaded now",
            _record(aws, inputs, objects),
        )

    def verify(self, inputs: SeedInputs, context: HookContext) -> str:
        client = Aws.of(context).s3()
        files = _files(inputs, context)
        wrong = [key for key, file in files.items() if _digest_of(_head(client, inputs.bucket, key)) != file.digest]
        if wrong:
            raise VerifyFailed(f"{inputs.bucket} lacks, or differs in: {', '.join(map(shown, wrong[:5]))}")
        return f"{inputs.bucket} holds all of {counted(len(files), 'object')}"

    def undo(self, record: SeedRecord, context: HookContext) -> Undone:
        client = record.account().s3()
        bucket = _Bucket(client, record.bucket, context.owner)
        deleted = [_delete(bucket, key, versions) for key, versions in record.objects.items()]
        others = [key for key in record.objects if _head(client, record.bucket, key) is not None]
        why = "somebody replaced this step's object, and the replacement is not this step's to delete"
        remains = [
            Retained(what=f"s3://{record.bucket}/{key}", why=why, until="its bucket is emptied") for key in others
        ]
        return Undone(f"deleted {counted(sum(deleted), 'object')} from {record.bucket}", tuple(remains))

    def may_leave(self, inputs: SeedInputs, context: HookContext) -> SeedRecord:
        objects = {**dict.fromkeys(_files(inputs, context), ()), **_previous(inputs, context)}
        return _record(Aws.of(context), inputs, objects)

    def reads(self, inputs: Mapping[ParameterName, Json]) -> tuple[str, ...]:
        directory = inputs.get(ParameterName("directory"))
        return (directory,) if isinstance(directory, str) else ()


def _files(inputs: SeedInputs, context: HookContext) -> dict[str, _File]:
    found = {}
    for relative, path in files_below(context.directory, inputs.directory):
        if path.stat().st_size > LARGEST_FILE:
            raise HookFailed(f"{shown(relative)} is larger than {LARGEST_FILE:,} bytes.", is_final=True)
        found[f"{inputs.prefix}{relative}"] = _File(path, hashlib.sha256(path.read_bytes()).hexdigest())
    return found


def _head(client: "S3Client", bucket: str, key: str) -> "HeadObjectOutputTypeDef | None":
    what = f"a look at {shown(key)} in {bucket}"
    return unless(_ABSENT, what, lambda: client.head_object(Bucket=bucket, Key=key))


def _digest_of(head: "HeadObjectOutputTypeDef | None") -> str | None:
    return head["Metadata"].get(_DIGEST) if head is not None else None


@dataclass(frozen=True, slots=True)
class _Bucket:
    """A bucket, and the mark of the objects in it that are this step's."""

    client: "S3Client"
    name: str
    owner: str


def _put(bucket: _Bucket, key: str, file: _File) -> tuple[str, bool]:
    """Make the object the file's, and return its version and whether it had to be put."""
    head = _head(bucket.client, bucket.name, key)
    if head is not None and head["Metadata"].get(_OWNER) != bucket.owner:
        raise HookFailed(
            f"{shown(key)} is in {bucket.name} already, and this step did not put it there.", is_final=True
        )
    if head is not None and _digest_of(head) == file.digest:
        return head.get("VersionId", "null"), False
    with speaking(f"the object {shown(key)}"):
        answer = bucket.client.put_object(
            Bucket=bucket.name,
            Key=key,
            Body=file.path.read_bytes(),
            ContentType=mimetypes.guess_type(file.path.name)[0] or "application/octet-stream",
            Metadata={_DIGEST: file.digest, _OWNER: bucket.owner},
            ChecksumAlgorithm="SHA256",
        )
    return answer.get("VersionId", "null"), True


def _delete(bucket: _Bucket, key: str, versions: tuple[str, ...]) -> bool:
    """Delete the versions that are recorded, and the current one if it is marked as ours; say whether there were any."""
    head = _head(bucket.client, bucket.name, key)
    ours = head is not None and head["Metadata"].get(_OWNER) == bucket.owner
    current = (head.get("VersionId", "null"),) if head is not None and ours else ()
    what = f"the deletion of {shown(key)}"
    for version in dict.fromkeys((*versions, *current)):
        unless(_ABSENT, what, partial(bucket.client.delete_object, Bucket=bucket.name, Key=key, VersionId=version))
    return bool(versions or current)


def _previous(inputs: SeedInputs, context: HookContext) -> dict[str, tuple[str, ...]]:
    """Return what was put before into this bucket; another bucket is another stack's to empty."""
    if not context.previous:
        return {}
    record = SeedRecord.model_validate(context.previous)
    return record.objects if record.bucket == inputs.bucket else {}


def _record(aws: Aws, inputs: SeedInputs, objects: Mapping[str, tuple[str, ...]]) -> SeedRecord:
    return SeedRecord(account_id=aws.account_id, region=aws.region, bucket=inputs.bucket, objects={**objects})
