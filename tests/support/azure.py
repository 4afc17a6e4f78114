"""Azure Blob Storage as azurite, Azure's own emulator, imitates it, on a free port of this machine."""

import base64
import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from bot.sandbox.port import reserved_port
from tests import ROOT
from tests.support import npm
from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from azure.core.credentials import AzureNamedKeyCredential

ACCOUNT = "acme"


@dataclass(frozen=True, slots=True)
class AzureAccount:
    """A storage account: where it is, and its key. Over plain HTTP the library sends no token, so there is no default chain."""

    url: str
    key: str = field(repr=False)

    @property
    def credential(self) -> "AzureNamedKeyCredential":
        from azure.core.credentials import AzureNamedKeyCredential  # noqa: PLC0415 (for whoever has an account alone)

        return AzureNamedKeyCredential(ACCOUNT, self.key)


@contextmanager
def azure_storage(directory: Path) -> Iterator[AzureAccount]:
    """Yield an empty storage account; `directory` is for what azurite writes."""
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    here = ROOT / "tests" / "azurite"
    program = npm.installed(here) / "azurite/dist/src/blob/main.js"
    node = ("node", "--require", str(here / "in_memory.cjs"))
    # The library speaks a newer version of the protocol than azurite knows.
    switches = ("--inMemoryPersistence", "--skipApiVersionCheck", "--disableTelemetry", "--silent")
    command = [*node, str(program), "--blobHost", "127.0.0.1", *switches, "--blobPort"]
    variables = {"PATH": os.environ["PATH"], "AZURITE_ACCOUNTS": f"{ACCOUNT}:{key}"}
    quiet = subprocess.DEVNULL
    with (
        reserved_port() as port,
        subprocess.Popen([*command, str(port)], cwd=directory, env=variables, stdout=quiet, stderr=quiet) as process,
    ):
        try:
            url = f"http://127.0.0.1:{port}/{ACCOUNT}"
            _wait_for(url, process)
            yield AzureAccount(url, key)
        finally:
            process.terminate()


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None:
        try:
            httpx.get(url, timeout=PATIENCE)
        except httpx.TransportError:
            time.sleep(0.02)
            continue
        return
    raise AssertionError(f"azurite ended with {process.returncode}")
