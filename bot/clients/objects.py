"""Objects beside the Terraform state: reviews and ledgers, written by compare-and-swap so that two writers can't both win.

    etag = store.write("reviews/demo-x/….json", data, if_absent=True)
    store.write("reviews/demo-x/….json", newer, if_match=etag)

`S3Store` leaves the race to S3's conditional writes (https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html);
`DirectoryStore`, the embedded default, to a lock on its directory.
"""

import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from bot.clients.aws_session import session
from bot.errors import Unverifiable
from bot.names import shown

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import PutObjectRequestTypeDef

_SEGMENT = r"(?!\.{1,2}(?:/|$))[A-Za-z0-9._-]{1,128}"
_KEY = re.compile(rf"{_SEGMENT}(?:/{_SEGMENT}){{0,9}}")
_LOST = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
_ABSENT = frozenset({"NoSuchKey", "404"})


class Conflict(Exception):
    """Somebody else wrote the object first; read it again and decide anew."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object's bytes, and the tag of exactly this content for `if_match`."""

    data: bytes
    etag: str


class ObjectStore(Protocol):
    """Objects by key. Keys are paths of letters, digits, `.`, `_` and `-`; anything else is a `ValueError`.

    Both verbs raise `Unverifiable` when the answer can't be known (no access, no connection).
    """

    def read(self, key: str) -> StoredObject | None:
        """Return the object, or None when there is none."""
        ...

    def write(self, key: str, data: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        """Write the object and return its tag.

        `if_match`: only over the content with this tag; `if_absent`: only where there is none. Raises `Conflict`.
        """
        ...


class S3Store:
    """Objects in a bucket, below `prefix`."""

    def __init__(self, bucket: str, prefix: str, region: str) -> None:
        self.bucket = bucket
        self.prefix = prefix.strip("/")
        from botocore.config import Config  # noqa: PLC0415 (as in `aws_session`)

        # An object here is a few hundred KB, so 30 s without a byte is an outage; five attempts outlast S3's usual 503s, and all of
        # it ends well before the lease that is being written does.
        config = Config(connect_timeout=10, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 5})
        self._client: S3Client = session().client("s3", region_name=region, config=config)

    def read(self, key: str) -> StoredObject | None:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        try:
            answer = self._client.get_object(Bucket=self.bucket, Key=self._key(key))
            return StoredObject(answer["Body"].read(), answer["ETag"])
        except ClientError as error:
            if _code(error) in _ABSENT:
                return None
            raise self._unverifiable("read", key, _code(error)) from error
        except BotoCoreError as error:
            raise self._unverifiable("read", key, str(error)) from error

    def write(self, key: str, data: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

        request: PutObjectRequestTypeDef = {
            "Bucket": self.bucket,
            "Key": self._key(key),
            "Body": data,
            "ContentType": "application/json",
        }
        if if_absent:
            request["IfNoneMatch"] = "*"
        if if_match is not None:
            request["IfMatch"] = if_match
        try:
            return self._client.put_object(**request)["ETag"]
        except ClientError as error:
            # With If-Match on an object that is gone, S3 answers 404: that race is lost too.
            if _code(error) in _LOST or (if_match is not None and _code(error) in _ABSENT):
                raise Conflict(f"s3://{self.bucket}/{self._key(key)} was written by somebody else") from error
            raise self._unverifiable("written", key, _code(error)) from error
        except BotoCoreError as error:
            raise self._unverifiable("written", key, str(error)) from error

    def _key(self, key: str) -> str:
        return f"{self.prefix}/{_checked(key)}" if self.prefix else _checked(key)

    def _unverifiable(self, verb: str, key: str, reason: str) -> Unverifiable:
        return Unverifiable(f"s3://{self.bucket}/{self._key(key)} could not be {verb}: {reason}")


class DirectoryStore:
    """Objects in a directory of this machine, readable by its owner alone; safe between processes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, key: str) -> StoredObject | None:
        try:
            data = (self.path / _checked(key)).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Unverifiable(f"{key} could not be read: {error.strerror}") from error
        return StoredObject(data, _tag(data))

    def write(self, key: str, data: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        target = self.path / _checked(key)
        with self._locked():
            present = self.read(key)
            if if_absent and present is not None:
                raise Conflict(f"{key} already exists")
            if if_match is not None and (present is None or present.etag != if_match):
                raise Conflict(f"{key} was written by somebody else")
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, scratch = tempfile.mkstemp(dir=self.path, prefix=".writing-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                Path(scratch).replace(target)
            finally:
                Path(scratch).unlink(missing_ok=True)
        return _tag(data)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self.path / ".lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _checked(key: str) -> str:
    if _KEY.fullmatch(key) is None:
        raise ValueError(f"{shown(key)} is not a valid object key")
    return key


def _tag(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _code(error: "ClientError") -> str:
    return error.response.get("Error", {}).get("Code", "unknown error")
