"""Objects in S3, which decides every race by its conditional writes.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html.
"""

from typing import TYPE_CHECKING

from bot.clients.aws_session import session
from bot.clients.objects.store import Conflict, StoredObject, checked_key
from bot.errors import Unverifiable

if TYPE_CHECKING:
    from botocore.exceptions import ClientError
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import PutObjectRequestTypeDef

_LOST = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "412", "409"})
_ABSENT = frozenset({"NoSuchKey", "404"})


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
        return f"{self.prefix}/{checked_key(key)}" if self.prefix else checked_key(key)

    def _unverifiable(self, verb: str, key: str, reason: str) -> Unverifiable:
        return Unverifiable(f"s3://{self.bucket}/{self._key(key)} could not be {verb}: {reason}")


def _code(error: "ClientError") -> str:
    return error.response.get("Error", {}).get("Code", "unknown error")
