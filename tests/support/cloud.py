"""AWS as moto imitates it, on a free port of this machine; one server for each process of tests."""

import atexit
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Final

import httpx
from moto.server import ThreadedMotoServer

from bot.sandbox.aws.corrections.data import CONDITIONAL_WRITES
from bot.sandbox.tls import tls
from tests.support.patience import PATIENCE

CONDITIONAL_WRITES.install()  # leases and reviews lean on them

REGION: Final = "eu-central-1"
ACCOUNT = "123456789012"
"""The account that moto's default credentials belong to."""


@contextmanager
def cloud() -> Iterator[Mapping[str, str]]:
    """Yield the environment variables that lead boto3 and Terraform's AWS provider to a moto that holds nothing."""
    url = _server()
    # What moto holds belongs to the process, not to its server: an earlier test's things would still be there.
    httpx.post(f"{url}/moto-api/reset", verify=tls(), timeout=PATIENCE).raise_for_status()
    yield {
        # The address and not `localhost`, or the S3 backend looks for `bucket.localhost`.
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@cache
def _server() -> str:
    """Start the server of this process, once: it makes an application for each service that is asked for. Return its address."""
    # A line for each request drowns a failing test's own output.
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()

    def stop() -> None:
        server.stop()
        assert server._server is not None
        server._server.server_close()

    atexit.register(stop)
    host, port = server.get_host_and_port()
    return f"http://{host}:{port}"
