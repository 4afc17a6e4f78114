"""What a server says when it refuses git for good, and what a person can do about it: pure.

What is not listed may pass by itself (an outage, a full disk, a race), so it is tried again. The texts are GitHub's
(https://docs.github.com/en/get-started/using-git/troubleshooting-the-2-gb-push-limit and its neighbours, `GH001` to `GH013`), and git's.
"""

import re
from dataclasses import dataclass

from bot.errors import UserError

MOST_REASONS = 8
"""Lines of the server's own words that are quoted: it lists each rule that was broken, and people need the first few. GitHub names the
place of a secret in the eighth."""
_NO_REASON = re.compile(r"[\W_]*|\(\?\).*|https?://\S+")
"""Rules drawn with dashes, and where to read more."""


class GitRefused(UserError):
    """The server refuses what was asked, and will again until a person changes something."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A refusal: how it is recognised in what git prints, and what is to be done."""

    pattern: re.Pattern[str]
    remedy: str


def _kind(pattern: str, remedy: str) -> _Kind:
    return _Kind(re.compile(pattern, re.IGNORECASE), remedy)


_KINDS = (
    _kind(r"archived so it is read-only", "The repository is archived. Unarchive it, then post the command again."),
    _kind(
        r"GH006|protected branch hook declined",
        "A branch protection keeps envclone from pushing its branch. Let the App push there (or exempt `envclone/**`, "
        "`envclone-change/**`, `envclone-destroy/**`, `envclone-wave/**` and `envclone-preview/**`), then post the command again.",
    ),
    _kind(
        r"GH009|push protection|cannot contain secrets",
        "GitHub found a secret in the rendered files and refuses them. Keep it out of the template and out of values (refer to "
        "where it is stored), then post the command again.",
    ),
    _kind(
        r"GH013|repository rule violations",
        "A ruleset keeps envclone from pushing its branch. Add the App to the ruleset's bypass list (or exempt "
        "`envclone/**`, `envclone-change/**`, `envclone-destroy/**`, `envclone-wave/**`, `envclone-preview/**` and `refs/envclone/**`), then post the "
        "command again.",
    ),
    _kind(
        r"GH007|email privacy",
        "GitHub keeps the e-mail address of envclone's commits private, and refuses them. Let the account that envclone acts "
        "as push with its address (its settings, under Emails), then post the command again.",
    ),
    _kind(
        r"GH001|exceeds GitHub's file size limit|large files detected",
        "A rendered file is larger than GitHub accepts. Keep it out of the template, then post the command again.",
    ),
    _kind(
        r"without `?workflows?`? (?:permission|scope)",
        "The push contains a workflow, which the App may not push. Keep `.github/` out of the template, and change workflows in "
        "another pull request than the one that a clone is to try.",
    ),
    _kind(
        r"pre-receive hook declined|deny updating a hidden ref|push declined",
        "A rule of the server refuses the push. Whoever runs the server can exempt `envclone/**` and `refs/envclone/**`; "
        "then post the command again.",
    ),
    _kind(
        r"IP allow list",
        "The organisation's IP allow list doesn't include the service. Add its address there, then post the command again.",
    ),
    _kind(
        r"SAML SSO",
        "The token is not authorised for the organisation's single sign-on. Authorise it, then post the command again.",
    ),
    _kind(
        r"account is suspended|installation has been suspended",
        "The App's installation is suspended. Whoever owns the organisation can unsuspend it; then post the command again.",
    ),
    _kind(
        r"access to this repository has been disabled",
        "GitHub has disabled the repository. Ask GitHub's support.",
    ),
    _kind(
        r"Permission to \S+ denied|Write access to repository not granted",
        "The App may not push to the repository. Grant it the permission `contents: write`, then post the command again.",
    ),
    _kind(
        r"Repository not found|repository '.*' not found",
        "Git does not find the repository: it was deleted or transferred, or the App is not installed on it any more. "
        "Install the App on it, then post the command again.",
    ),
)


def refusal(verb: str, said: str) -> GitRefused | None:
    """Return why git's command `verb` is refused for good, by what it printed; None when it may go right another time."""
    kind = next((each for each in _KINDS if each.pattern.search(said)), None)
    if kind is None:
        return None
    quoted = "".join(f"\n> {reason}" for reason in _reasons(said))
    return GitRefused(f"{kind.remedy}\n\nWhat the server answered to `git {verb}`:{quoted}" if quoted else kind.remedy)


def _reasons(said: str) -> list[str]:
    """Return what the server itself said, without git's marks."""
    lines = (re.sub(r"^(?:remote:|error:|fatal:|\s)+", "", line).strip() for line in _told(said))
    return list(dict.fromkeys(line for line in lines if not _NO_REASON.fullmatch(line)))[:MOST_REASONS]


def _told(said: str) -> list[str]:
    lines = said.splitlines()
    return [line for line in lines if line.startswith("remote:")] or [line for line in lines if line.startswith("!\t")]
