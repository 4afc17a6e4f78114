"""What the GitHub App may do and hears of: one table, for the manifest that makes the App, for the doctor, and for the documents."""

import re
from collections.abc import Mapping
from typing import Final

from bot.errors import InvalidInput
from bot.model.pipeline import Json
from bot.names import shown

PERMISSIONS: Final[Mapping[str, str]] = {
    "actions": "write",
    "checks": "read",
    "contents": "write",
    "deployments": "read",
    "issues": "write",
    "metadata": "read",
    "pull_requests": "write",
    "statuses": "write",
}
"""By the names of GitHub's API."""
EVENTS: Final = frozenset(
    {"check_run", "deployment_status", "issue_comment", "issues", "pull_request", "pull_request_review", "workflow_run"}
)
HOME: Final = "https://github.com/envclone/envclone"
_ORGANIZATION: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})")


def manifest(webhook: str, redirect: str) -> dict[str, Json]:
    """Return what GitHub makes an App of: the webhook's address, and where it sends the browser when it has made it.

    Source: https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest
    """
    return {
        "name": "envclone",
        "url": HOME,
        "hook_attributes": {"url": webhook, "active": True},
        "redirect_url": redirect,
        "public": False,
        "default_permissions": dict(PERMISSIONS),
        "default_events": [*sorted(EVENTS)],
    }


def registration_path(organization: str) -> str:
    """Return where GitHub takes a manifest: for an organization, or for whoever is logged in. Raises `InvalidInput`."""
    if not organization:
        return "/settings/apps/new"
    if _ORGANIZATION.fullmatch(organization) is None:
        raise InvalidInput(
            f"{shown(organization)} is not an organization's name. Write it as in its address on GitHub."
        )
    return f"/organizations/{organization}/settings/apps/new"


def needed() -> str:
    """Return the table as a sentence, for whoever makes the App by hand."""
    by_level = {
        level: [
            _words(name) if name != "statuses" else "commit statuses"
            for name, each in PERMISSIONS.items()
            if each == level
        ]
        for level in ("write", "read")
    }
    rights = "; ".join(f"{', '.join(names)} ({level})" for level, names in by_level.items())
    return f"Permissions: {rights}. Events: {', '.join(_words(event) for event in sorted(EVENTS))}."


def _words(name: str) -> str:
    return name.replace("_", " ")
