"""The sandbox's AWS: several accounts on one loopback endpoint, really separate from one another."""

import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.errors import UserError
from bot.sandbox.aws.accounts import SandboxAccount, seed
from bot.sandbox.aws.session import Admin

BOOTSTRAP_ACCOUNT = "999999999999"
"""Holds nothing but the identity that the sandbox's own processes start with."""

REGION = "eu-central-1"
START = 180
"""Seconds to wait for the endpoint; it takes one or two."""


class NotStarted(UserError):
    """The endpoint did not come up; its log says why."""


@dataclass(slots=True)
class SandboxAws:
    """AWS on loopback, with everything that it writes under `root`.

    `endpoint` is set, and `accounts` holds those that were made, while `running()`. All state lives in the endpoint's process and ends with it.
    """

    root: Path
    endpoint: str = ""
    accounts: dict[str, SandboxAccount] = field(default_factory=dict)
    _keys: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)

    @contextmanager
    def running(self) -> Iterator[str]:
        """Serve AWS and yield the endpoint's address. Raises `NotStarted`."""
        self.root.mkdir(parents=True, exist_ok=True)
        argv = [sys.executable, "-m", "bot.sandbox.aws.server"]
        with (self.root / "aws.log").open("ab") as log:
            process = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, env=_server_environment()
            )
        try:
            self.endpoint = f"http://127.0.0.1:{_port(process, self.root / 'aws.log')}"
            yield self.endpoint
        finally:
            self.endpoint = ""
            self.accounts.clear()
            self._keys.clear()
            _stop(process)

    def environment(self) -> dict[str, str]:
        """Return the environment variables with which boto3, Terraform and the AWS CLI talk to this endpoint.

        The identity is known to AWS and may do nothing in the accounts of environments; roles are assumed from it.
        """
        return self._environment(*self._key(BOOTSTRAP_ACCOUNT))

    def account_environment(self, account_id: str) -> dict[str, str]:
        """Return the same with the keys of an administrator of `account_id`: for setting up and looking around."""
        return self._environment(*self._key(account_id))

    def create_account(self, account: SandboxAccount) -> None:
        """Make an account with a state bucket, the roles that Actions assume and a parent zone; again changes nothing."""
        seed(self.endpoint, account)
        self.accounts[account.id] = account

    def _key(self, account_id: str) -> tuple[str, str]:
        if account_id not in self._keys:
            iam = Admin(self.endpoint, account_id, REGION).client("iam")
            iam.create_user(UserName="sandbox")
            key = iam.create_access_key(UserName="sandbox")["AccessKey"]
            self._keys[account_id] = key["AccessKeyId"], key["SecretAccessKey"]
        return self._keys[account_id]

    def _environment(self, key: str, secret: str) -> dict[str, str]:
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": key,
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        }


def _server_environment() -> Mapping[str, str]:
    """Return what the server needs from our environment: nothing that could point boto3 or moto elsewhere."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV") if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": str(Path(__file__).parents[3]),
        "MOTO_S3_ALLOW_CROSSACCOUNT_ACCESS": "false",  # as AWS without a bucket policy
        "MOTO_EC2_LOAD_DEFAULT_AMIS": "false",  # saves a second at the first EC2 call
    }


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], START)
    line = process.stdout.readline() if ready else b""
    if not line.strip().isdigit():
        raise NotStarted(f"The sandbox's AWS did not start; {log} says why.")
    return int(line)


def _stop(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()
    try:
        process.wait(timeout=5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
