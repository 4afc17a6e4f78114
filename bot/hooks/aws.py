"""What all AWS kinds share: clients, errors in words, and the account asserted before anything is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from bot.hooks.kind import Context, HookFailed
from bot.names import ParameterName

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient

ACCOUNT = ParameterName("account_id")
REGION = ParameterName("region")

_CONFIG = Config(connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5})
_FINAL = frozenset({"AccessDenied", "AccessDeniedException", "ValidationException", "InvalidParameterException"})


class Aws:
    """One account in one region, as the environment's manifest names them."""

    def __init__(self, account_id: str, region: str) -> None:
        self.account_id, self.region = account_id, region
        # A session of its own: boto3's default one is not safe to share between threads.
        self._session = boto3.session.Session(region_name=region)

    @classmethod
    def of(cls, context: Context) -> "Aws":
        """Return the environment's account. Raises `HookFailed` when its manifest names none."""
        account, region = context.parameters.get(ACCOUNT), context.parameters.get(REGION)
        if not isinstance(account, str) or not isinstance(region, str):
            raise HookFailed(
                f"An AWS hook needs the parameters `{ACCOUNT}` and `{REGION}` in the environment's manifest.",
                is_final=True,
            )
        return cls(account, region)

    def assert_account(self) -> None:
        """Raise `HookFailed` unless the credentials are those of the account."""
        with speaking("asking who we are"):
            found = self._session.client("sts", config=_CONFIG).get_caller_identity()["Account"]
        if found != self.account_id:
            raise HookFailed(
                f"The credentials belong to account {found}, but the environment lives in {self.account_id}: nothing was done.",
                is_final=True,
            )

    def s3(self) -> "S3Client":
        return self._session.client("s3", config=_CONFIG)

    def secretsmanager(self) -> "SecretsManagerClient":
        return self._session.client("secretsmanager", config=_CONFIG)

    def ssm(self) -> "SSMClient":
        return self._session.client("ssm", config=_CONFIG)


@contextmanager
def speaking(what: str) -> Iterator[None]:
    """Turn AWS's errors into `HookFailed`, with `what` was being done."""
    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {})
        code = said.get("Code", "unknown error")
        raise HookFailed(f"AWS refused {what}: {code}: {said.get('Message', '')}", is_final=code in _FINAL) from error
    except BotoCoreError as error:
        raise HookFailed(f"AWS could not be reached while {what}: {error}") from error


def code_of(error: ClientError) -> str:
    """Return AWS's own word for an error."""
    return error.response.get("Error", {}).get("Code", "")
