"""A GitHub App that was just made of a manifest: GitHub hands its key out once, for the code that it gave the browser."""

import re
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr, ValidationError

from bot.clients.github.auth import TIMEOUT
from bot.clients.github.session import PUBLIC_API, GitHubRefused
from bot.clients.transient import Transient
from bot.model.base import ForeignDocument

_CODE: Final = re.compile(r"[A-Za-z0-9_-]{1,200}")


class NewApp(ForeignDocument):
    """What GitHub says of the App, its secrets among it."""

    id: int
    name: str
    html_url: str
    pem: SecretStr
    webhook_secret: SecretStr


def new_app(code: str, api_url: str) -> NewApp:
    """Exchange GitHub's code, good for one App and one hour, for that App. Raises `Transient`, `GitHubRefused`."""
    import requests  # noqa: PLC0415 (as in `session`)

    if _CODE.fullmatch(code) is None:
        raise GitHubRefused(HTTPStatus.NOT_FOUND, "that is not an App's code")
    url = f"{api_url.rstrip('/')}/app-manifests/{code}/conversions"
    try:
        answer = requests.post(url, headers={"Accept": "application/vnd.github+json"}, timeout=TIMEOUT)
    except (requests.ConnectionError, requests.Timeout) as error:
        # Without its text, which has the address and so the code.
        raise Transient(f"nobody answers at {api_url} ({type(error).__name__})") from None
    if answer.status_code != HTTPStatus.CREATED:
        raise GitHubRefused(answer.status_code, "the code is not, or no longer, one of an App that was made")
    try:
        return NewApp.model_validate_json(answer.content)
    except ValidationError:
        raise GitHubRefused(answer.status_code, "the answer describes no App") from None


def site_of(api_url: str) -> str:
    """Return where GitHub's pages are, by the address of its API."""
    if api_url.rstrip("/") == PUBLIC_API:
        return "https://github.com"
    parts = urlsplit(api_url)
    # GitHub Enterprise Cloud with data residency serves its API at api.<name>.ghe.com; Server under /api/v3.
    return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}"
