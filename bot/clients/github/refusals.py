"""GitHub's refusals that a person can put right, and how: pure. Any other refusal is a surprise, and is logged as one."""

import re
from collections.abc import Mapping

AGAIN = "then post the command again"


def remedy(status: int, message: str, headers: Mapping[str, str]) -> str | None:
    """Return what is to be done about an answer of GitHub's, by its status, message and headers (their names in lower case).

    The texts are GitHub's: https://docs.github.com/en/rest/using-the-rest-api/troubleshooting-the-rest-api.
    """
    if status == 403 and re.search("not accessible by (integration|personal access token)", message):
        # GitHub names what would have been enough, as `contents=write; pull_requests=write,issues=read`.
        accepted = re.split(r"[;,]\s*", headers.get("x-accepted-github-permissions", ""))
        named = ", ".join(f"`{each.replace('=', ': ')}`" for each in accepted if each)
        return (
            f"The App lacks a permission{f' ({named})' if named else ''}. Grant it, let the owner accept it, {AGAIN}."
        )
    for answers, pattern, said in _KNOWN:
        if status in answers and re.search(pattern, message, re.IGNORECASE):
            return said
    return None


_KNOWN = (
    ({403}, "archived so is read-only", f"The repository is archived. Unarchive it, {AGAIN}."),
    ({403}, "installation has been suspended", f"The App's installation is suspended. Unsuspend it, {AGAIN}."),
    ({410}, "issues (has been|are) disabled", f"Issues are disabled in this repository. Enable them, {AGAIN}."),
    (
        {403},
        "IP allow list",
        f"The organisation's IP allow list doesn't include the service. Add its address, {AGAIN}.",
    ),
    ({403}, "SAML", f"The token is not authorised for the organisation's single sign-on. Authorise it, {AGAIN}."),
    ({403, 451}, "repository access blocked", "GitHub has blocked access to the repository. Ask its support."),
    (
        {403},
        "must have admin rights",
        f"This needs the right to administer the repository. Grant it to the App, {AGAIN}.",
    ),
)
