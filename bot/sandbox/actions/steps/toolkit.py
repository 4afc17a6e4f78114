"""What every step may use: inputs, workflow commands, the files that hand values on, and the runner's service."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import NoReturn, cast
from urllib.parse import quote

LONGEST_WAIT = 6 * 3600
"""Seconds; a job may wait that long for its concurrency group. The run's own timeout ends it earlier."""


def inputs() -> dict[str, str]:
    """Return the action's inputs."""
    return {name: str(value).strip() for name, value in json.loads(os.environ["INPUTS"]).items()}


def fail(message: str) -> NoReturn:
    """End the step with an error that the run shows."""
    print(f"::error::{message}")
    sys.exit(1)


def mask(secret: str) -> None:
    """Hide a value in everything that the run prints from now on."""
    print(f"::add-mask::{secret}", flush=True)


def hand_on(file: str, values: dict[str, str]) -> None:
    """Append to `GITHUB_ENV` or `GITHUB_OUTPUT`; the values must be single lines."""
    with Path(os.environ[file]).open("a", encoding="utf-8") as stream:
        stream.writelines(f"{name}={value}\n" for name, value in values.items())


def identity_token(audience: str) -> str:
    """Return the job's identity token for somebody who asks for this audience, hidden from now on."""
    if "ACTIONS_ID_TOKEN_REQUEST_URL" not in os.environ:
        fail("Credentials could not be loaded: does the job declare `id-token: write`?")
    url = f"{os.environ['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience={quote(audience)}"
    # As real actions ask, and with nothing else.
    headers = {"Authorization": f"Bearer {os.environ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"}
    token = str(_answer(urllib.request.Request(url, headers=headers))["value"])  # noqa: S310 - on loopback
    mask(token)
    return token


def ask(url: str, body: dict[str, str]) -> dict[str, object]:
    """Ask the runner's service, as the job that this step belongs to; a refusal fails the step."""
    headers = {
        "Authorization": f"Bearer {os.environ['SANDBOX_SECRET']}",
        "X-Job": os.environ["SANDBOX_JOB"],
        "X-Matrix": json.dumps(json.loads(os.environ["SANDBOX_MATRIX"])),
    }
    return _answer(urllib.request.Request(url, json.dumps(body).encode(), headers))  # noqa: S310 - on loopback


def _answer(request: urllib.request.Request) -> dict[str, object]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=LONGEST_WAIT) as answer:
            return cast(dict[str, object], json.load(answer))
    except urllib.error.HTTPError as error:
        fail(str(json.load(error)["message"]))
