"""What all AWS kinds share: clients, errors in words, and the account asserted before anything is written."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from bot.clients.aws_session import session
from bot.hooks.kind import HookContext, HookFailed, HookModel, OutOfTime
from bot.names import ParameterName, shown

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_acm import ACMClient
    from mypy_boto3_ecs import ECSClient
    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_rds import RDSClient
    from mypy_boto3_route53 import Route53Client
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_ssm import SSMClient

ACCOUNT = ParameterName("account_id")
REGION = ParameterName("region")

OWNER_TAG = "envclone:step"
"""The tag by which a step knows what it made; its value is `Context.owner`."""

AwsLookup = TypeVar("AwsLookup")

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]{1,12}){1,3}-\d{1,2}")

_FINAL = frozenset({"AccessDenied", "AccessDeniedException", "ValidationException", "InvalidParameterException"})


class AwsRecord(HookModel):
    """Where a step was at work: what every undo in AWS has to know first."""

    account_id: str
    region: str

    def account(self) -> "Aws":
        """Return the account, once the credentials are known to be its own. Raises `HookFailed`."""
        aws = Aws(self.account_id, self.region)
        aws.assert_account()
        return aws


class Aws:
    """One account in one region, as the environment's manifest names them."""

    def __init__(self, account_id: str, region: str) -> None:
        if _REGION.fullmatch(region) is None:  # a part of every address that is asked
            raise HookFailed(f"{shown(region)} is not a region of AWS.", is_final=True)
        self.account_id = account_id
        self.region = region
        self._session = session(region)

    @classmethod
    def of(cls, context: HookContext) -> "Aws":
        """Return the environment's account. Raises `HookFailed` when its manifest names none."""
        account, region = context.parameters.get(ACCOUNT), context.parameters.get(REGION)
        if not isinstance(account, str) or not isinstance(region, str):
            raise HookFailed(
                f"An AWS hook needs the parameters `{ACCOUNT}` and `{REGION}` in the environment's manifest.",
                is_final=True,
            )
        return cls(account, region)

    @classmethod
    def to_change(cls, context: HookContext) -> "Aws":
        """Return the environment's account, once the credentials are known to be its own. Raises `HookFailed`."""
        aws = cls.of(context)
        aws.assert_account()
        return aws

    def assert_account(self) -> None:
        """Raise `HookFailed` unless the credentials are those of the account."""
        with speaking("asking who we are"):
            found = self._session.client("sts", config=_config()).get_caller_identity()["Account"]
        if found != self.account_id:
            raise HookFailed(
                f"The credentials belong to account {found}, but the environment lives in {self.account_id}: nothing was done.",
                is_final=True,
            )

    def acm(self, region: str) -> "ACMClient":
        return self._session.client("acm", region_name=region, config=_config())

    def ecs(self) -> "ECSClient":
        return self._session.client("ecs", config=_config())

    def functions(self, patience: timedelta) -> "LambdaClient":
        """Return a client that waits for an answer as long as a function may take, and never calls twice by itself."""
        from botocore.config import Config  # noqa: PLC0415

        once = _config().merge(
            Config(read_timeout=patience.total_seconds() + 5, retries={"mode": "standard", "total_max_attempts": 1})
        )
        return self._session.client("lambda", config=once)

    def rds(self) -> "RDSClient":
        return self._session.client("rds", config=_config())

    def route53(self) -> "Route53Client":
        return self._session.client("route53", config=_config())

    def s3(self) -> "S3Client":
        return self._session.client("s3", config=_config())

    def secretsmanager(self) -> "SecretsManagerClient":
        return self._session.client("secretsmanager", config=_config())

    def ssm(self) -> "SSMClient":
        return self._session.client("ssm", config=_config())


def _config() -> "Config":
    from botocore.config import Config  # noqa: PLC0415

    # Five attempts outlast throttling; RDS and Lambda need up to a minute for an answer.
    return Config(connect_timeout=10, read_timeout=60, retries={"mode": "standard", "total_max_attempts": 5})


@contextmanager
def speaking(what: str) -> Iterator[None]:
    """Turn AWS's errors into `HookFailed`, with `what` was being done."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    try:
        yield
    except ClientError as error:
        said = error.response.get("Error", {})
        code = said.get("Code", "unknown error")
        raise HookFailed(f"AWS refused {what}: {code}: {said.get('Message', '')}", is_final=code in _FINAL) from error
    except BotoCoreError as error:
        raise HookFailed(f"AWS could not be reached while {what}: {error}") from error


def code_of(failure: HookFailed) -> str:
    """Return AWS's own word for why it refused; nothing for any other failure."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    cause = failure.__cause__
    return cause.response.get("Error", {}).get("Code", "") if isinstance(cause, ClientError) else ""


def unless(codes: frozenset[str], what: str, call: Callable[[], AwsLookup]) -> AwsLookup | None:
    """Return what the call gives, or None when AWS refuses it with one of these codes. Raises `HookFailed` for all others."""
    try:
        with speaking(what):
            return call()
    except HookFailed as failure:
        if code_of(failure) in codes:
            return None
        raise


def awaited(what: str, look: Callable[[], AwsLookup | None], context: HookContext, every: timedelta) -> AwsLookup:
    """Look again and again until there is something, and return it. Raises `OutOfTime` when the step's time is over."""
    until = time.monotonic() + context.remaining().total_seconds()
    while (found := look()) is None:
        if time.monotonic() + every.total_seconds() > until:
            raise OutOfTime(f"The time ran out while waiting for {what}.")
        time.sleep(every.total_seconds())
    return found
