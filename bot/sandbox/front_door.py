"""What carries out the sandbox's commands: the service with its webhook, or, without a server, the workflow `handle`; both act as the App."""

import os
import secrets
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from bot.core.installation import files
from bot.errors import UserError
from bot.sandbox.actions.runner import RunnerSettings
from bot.sandbox.github import GitHubServer
from bot.sandbox.github.records.accounts import AppRecord
from bot.sandbox.tls import tls

APP: Final = "envclone"
HANDLE: Final = f"{files.GITHUB}/{files.HANDLE}"
NO_SERVER: Final = tuple(f"{files.GITHUB}/{path}" for path in files.NO_SERVER)
"""What a monorepo has where no service runs."""
# A busy machine takes a minute for what an idle one does in five seconds; a process that ends is noticed at once.
_START_WITHIN, _STOP_WITHIN = 180.0, 30.0


@dataclass(frozen=True, slots=True)
class Service:
    """Where a service that runs listens: for deliveries, and for those who operate it."""

    url: str
    operations_url: str


def app_of(github: GitHubServer, repository: str) -> AppRecord:
    """Create the bot's App and install it for the owner of a repository."""
    owner = repository.partition("/")[0]
    app = github.create_app(APP, owner)
    github.install(app, owner)
    return app


def settings_of_handle(app: AppRecord) -> RunnerSettings:
    """Return the variable and the secret by which the workflow `handle` acts as an App."""
    return RunnerSettings(
        variables={"ENVCLONE_GITHUB_APP_ID": str(app.id)}, secrets={"ENVCLONE_GITHUB_PRIVATE_KEY": app.private_key}
    )


@contextmanager
def service(root: Path, github: GitHubServer, app: AppRecord, port: int, operations_port: int) -> Iterator[Service]:
    """Run `envclone serve` as this App, with its webhook, and yield where it is. Raises `UserError`."""
    root.mkdir(parents=True)
    secret = secrets.token_hex(32)
    key = root / "private-key.pem"
    key.touch(mode=0o600)
    key.write_text(app.private_key)
    environment = {
        **{
            name: value
            for name, value in os.environ.items()
            if name in {"PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV"}
        },
        "ENVCLONE_GITHUB_APP_ID": str(app.id),
        "ENVCLONE_GITHUB_PRIVATE_KEY_FILE": str(key),
        "ENVCLONE_GITHUB_API_URL": f"{github.url}/api/v3",
        "ENVCLONE_WEBHOOK_SECRET": secret,
        "ENVCLONE_DATA_DIR": str(root / "data"),
        "ENVCLONE_PORT": str(port),
        "ENVCLONE_OPERATIONS_PORT": str(operations_port),
        # On a busy machine a delivery may not be acknowledged within GitHub's ten seconds: who watches a story shall not wait ten minutes for it.
        "ENVCLONE_LOOK_BACK_EVERY": "1m",
    }
    found = Service(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{operations_port}")
    with (root / "service.log").open("wb") as output:
        argv = [sys.executable, "-m", "bot.cli.app", "serve"]
        process = subprocess.Popen(argv, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        _await_ready(found.operations_url, process, root / "service.log")
        github.add_webhook(f"{found.url}/webhooks/github", secret, app=app)
        yield found
    finally:
        process.terminate()
        try:
            process.wait(_STOP_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await_ready(url: str, process: "subprocess.Popen[bytes]", output: Path) -> None:
    deadline = time.monotonic() + _START_WITHIN
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/readyz", timeout=2, trust_env=False, verify=tls()).is_success:
                return
        except httpx.TransportError:
            pass  # not listening yet
        time.sleep(0.1)
    raise UserError(f"The service did not start. Its log says:\n{output.read_text(errors='replace')[-2000:]}")
