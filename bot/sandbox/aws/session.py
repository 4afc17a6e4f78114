"""Sessions that act inside an account of the sandbox without a key of it: for setting up and looking around."""

from threading import Lock
from typing import Any

from botocore.awsrequest import AWSRequest
from botocore.config import Config

from bot.clients.aws_session import session

ACCOUNT_HEADER = "x-moto-account-id"
"""moto's own way to say which account is meant; the product never sends it."""


class Admin:
    """Makes clients that act in one account and region of the AWS at `endpoint`."""

    def __init__(self, endpoint: str, account_id: str, region: str) -> None:
        self._endpoint = endpoint
        self.account_id = account_id
        self.region = region
        self._session = session(region, key_id="sandbox", secret="sandbox")  # noqa: S106 (nobody's key: the header decides)
        self._clients: dict[str, Any] = {}
        self._making = Lock()  # clients may be shared by threads, sessions may not
        self._session.events.register("before-sign.*.*", self._name_account)

    def client(self, service: str) -> Any:
        """Return a client of `service`; calls fail after few attempts, as everything is near, and wait for a busy machine's first answer."""
        with self._making:
            if service not in self._clients:
                near = Config(retries={"total_max_attempts": 2}, connect_timeout=60, read_timeout=120, proxies={})
                make: Any = self._session.client  # the stubs know a type for each literal name only
                self._clients[service] = make(service, endpoint_url=self._endpoint, config=near)
            return self._clients[service]

    def _name_account(self, request: AWSRequest, **_: object) -> None:
        request.headers[ACCOUNT_HEADER] = self.account_id
