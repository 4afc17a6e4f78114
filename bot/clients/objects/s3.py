"""Objects in S3, which decides every race by its conditional writes and deletes.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html. Needed: `s3:GetObject`, `s3:PutObject`,
`s3:DeleteObject` and `s3:ListBucket`; without the last, S3 says "access denied" of an object that is not there.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bot.clients.aws_session import session
from bot.clients.objects.store import (
    DENIED,
    NO_PLACE,
    NO_TAGS,
    USUAL,
    StoreBounds,
    StoredObject,
    conflict,
    listing_prefix,
    placed,
    relative,
    unverifiable,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import DeleteObjectRequestTypeDef, PutObjectRequestTypeDef

_LOST: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
_ABSENT: Final = frozenset({"NoSuchKey", "404"})
_REASONS: Final = {
    "NoSuchBucket": NO_PLACE,
    "AccessDenied": DENIED,
    "403": DENIED,
    "RequestTimeTooSkewed": "this machine's clock is wrong; let it keep time with NTP",
}


class S3Store:
    """Objects in a bucket, below `prefix`; without a region, in that of the environment's variables."""

    def __init__(self, bucket: str, prefix: str, region: str, bounds: StoreBounds = USUAL) -> None:
        self.bucket = bucket
        self.prefix = prefix.strip("/")
        self._page = bounds.page
        config = Config(
            connect_timeout=bounds.connect.total_seconds(),
            read_timeout=bounds.answer.total_seconds(),
            retries={"mode": "standard", "total_max_attempts": bounds.attempts},
        )
        self._client: S3Client = session().client("s3", region_name=region or None, config=config)
        self.region = self._client.meta.region_name

    @property
    def server(self) -> str:
        return self._client.meta.endpoint_url

    def read(self, key: str) -> StoredObject | None:
        with self._asking("read", key):
            try:
                answer = self._client.get_object(Bucket=self.bucket, Key=placed(self.prefix, key))
                return StoredObject(answer["Body"].read(), answer["ETag"])
            except ClientError as error:
                if _code(error) in _ABSENT:
                    return None
                raise

    def write(self, key: str, data: bytes, *, if_match: str | None = None, if_absent: bool = False) -> str:
        request: PutObjectRequestTypeDef = {
            "Bucket": self.bucket,
            "Key": placed(self.prefix, key),
            "Body": data,
            "ContentType": "application/json",
        }
        if if_absent:
            request["IfNoneMatch"] = "*"
        if if_match is not None:
            request["IfMatch"] = self._tag(key, if_match)
        with self._asking("written", key, if_match):
            return self._client.put_object(**request)["ETag"]

    def delete(self, key: str, *, if_match: str | None = None) -> None:
        request: DeleteObjectRequestTypeDef = {"Bucket": self.bucket, "Key": placed(self.prefix, key)}
        if if_match is not None:
            request["IfMatch"] = self._tag(key, if_match)
        with self._asking("deleted", key, if_match):
            self._client.delete_object(**request)

    def keys(self, below: str = "") -> Sequence[str]:
        prefix = listing_prefix(self.prefix, below)
        with self._asking("listed", below):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self.bucket, Prefix=prefix, PaginationConfig={"PageSize": self._page}
            )
            return relative([each["Key"] for page in pages for each in page.get("Contents", ())], self.prefix)

    def _tag(self, key: str, if_match: str) -> str:
        if if_match in NO_TAGS:
            raise conflict(self._shown(key))
        return if_match

    def _shown(self, key: str) -> str:
        return "/".join(part for part in ("s3:/", self.bucket, self.prefix, key) if part)

    @contextmanager
    def _asking(self, verb: str, key: str, if_match: str | None = None) -> Iterator[None]:
        place = self._shown(key)
        try:
            yield
        except ClientError as error:
            code = _code(error)
            # With If-Match on an object that is gone, S3 answers 404: that race is lost too.
            if code in _LOST or (if_match is not None and code in _ABSENT):
                raise conflict(place) from error
            reason = f"{_REASONS[code]} ({code})" if code in _REASONS else code
            raise unverifiable(verb, place, reason) from error
        except BotoCoreError as error:
            raise unverifiable(verb, place, str(error)) from error


def _code(error: ClientError) -> str:
    return error.response.get("Error", {}).get("Code", "unknown error")
