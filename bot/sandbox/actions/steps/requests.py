"""What steps ask over HTTP: the runner's service, and a cloud that exchanges an identity token."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.request
from collections.abc import Mapping
from typing import cast
from urllib.parse import quote, urlencode

from bot.sandbox.actions.steps.toolkit import fail, mask

LONGEST_WAIT = 6 * 3600
"""Seconds; a job may wait that long for its concurrency group. The run's own timeout ends it earlier."""
EXCHANGE_WITHIN = 120
"""Seconds; on a busy machine an answer takes some."""


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


def exchange(url: str, form: Mapping[str, str]) -> tuple[int, str]:
    """Post a form, as an exchange of tokens is asked for; return the status and the body of whatever is answered."""
    request = urllib.request.Request(url, urlencode(form).encode())  # noqa: S310 - on loopback
    try:
        with _opener().open(request, timeout=EXCHANGE_WITHIN) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def _answer(request: urllib.request.Request) -> dict[str, object]:
    try:
        with _opener().open(request, timeout=LONGEST_WAIT) as answer:
            return cast(dict[str, object], json.load(answer))
    except urllib.error.HTTPError as error:
        fail(str(json.load(error)["message"]))


def _opener() -> urllib.request.OpenerDirector:
    """Return what opens addresses on loopback, whatever proxy the job has for the internet."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))
