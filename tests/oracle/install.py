"""GitHub's descriptions, fetched with npm. Only what is used is kept: the packages hold 400 MB, their used part 20."""

from __future__ import annotations

from pathlib import Path

from tests.support import npm

HERE = Path(__file__).parent
KEPT = (
    "@octokit/openapi/generated/api.github.com.json",
    "@octokit/webhooks-examples/api.github.com/index.json",
    "@octokit/webhooks-methods",
)

OracleUnavailableError = npm.NpmUnavailableError
"""GitHub's descriptions can't be had here; the message says why."""


def installed() -> Path:
    """Return the directory that holds `@octokit/…`. Raises `OracleUnavailableError` without npm or its registry."""
    return npm.installed(HERE, KEPT)
