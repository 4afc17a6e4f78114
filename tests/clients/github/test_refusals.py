"""Refusals of GitHub that a person can put right are told with the way; no other is."""

import pytest

from bot.clients.github.refusals import remedy


@pytest.mark.parametrize(
    ("status", "message", "headers", "told"),
    [
        (403, "Resource not accessible by integration", {}, "The App lacks a permission. Grant it"),
        (
            403,
            "Resource not accessible by personal access token",
            {"x-accepted-github-permissions": "issues=write; pull_requests=write"},
            "(`issues: write`, `pull_requests: write`)",
        ),
        (403, "Repository was archived so is read-only.", {}, "Unarchive it"),
        (403, "This installation has been suspended", {}, "Unsuspend it"),
        (410, "Issues has been disabled in this repository.", {}, "Enable them"),
        (410, "Issues are disabled for this repo", {}, "Enable them"),
        (
            403,
            "Although you appear to have the correct authorization credentials, `o` has an IP allow list enabled",
            {},
            "IP allow",
        ),
        (403, "Resource protected by organization SAML enforcement.", {}, "single sign-on"),
        (451, "Repository access blocked", {}, "support"),
        (403, "Must have admin rights to Repository.", {}, "Grant it to the App"),
    ],
)
def test_what_a_person_can_put_right_is_said(status: int, message: str, headers: dict[str, str], told: str) -> None:
    assert told in (remedy(status, message, headers) or "")


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "Not Found"),
        (422, "Validation Failed"),
        (409, "Conflict"),
        (404, "Repository was archived so is read-only."),
        (401, "Bad credentials"),
    ],
)
def test_what_only_a_log_can_explain_is_not(status: int, message: str) -> None:
    assert remedy(status, message, {}) is None
