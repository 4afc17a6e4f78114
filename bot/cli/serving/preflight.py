"""What a service can't work with, found before it starts: `python -m bot.cli.serving preflight`, a process of its own.

It prints a line for each, which names the setting, and exits with 2. The supervisor, which lives as long as the service, so
loads no client of GitHub's. Trouble on GitHub's side (5xx, rate limits) stops nothing: the worker tries again.
"""

import sys
from collections.abc import Iterator

from bot.cli.serving.github_account import github_client
from bot.cli.serving.processes import INVALID, start
from bot.clients.github import GitHubRefused
from bot.clients.reach import answered_at
from bot.clients.transient import Transient
from bot.errors import UserError
from bot.settings import Settings


def refusals(settings: Settings) -> Iterator[str]:
    """Yield why a worker with these settings could do nothing at GitHub; each line names the setting."""
    unreachable = _unreachable(settings.github_api_url)
    if unreachable:
        yield f"ENVCLONE_GITHUB_API_URL: {unreachable}."
    try:
        client = github_client(settings)
        if unreachable is None:
            client.identity()
    except UserError as error:
        yield str(error)
    except GitHubRefused as refused:
        yield f"{_credentials(settings)} GitHub answered {refused.status}: {refused.message}."
    except Transient as trouble:
        sys.stderr.write(f"GitHub has problems; the service starts anyway: {trouble}\n")


def _unreachable(url: str) -> str | None:
    """Return why nobody answers at an address; any answer at all is one."""
    try:
        answered_at(url)
    except Transient as error:
        return str(error)
    return None


def _credentials(settings: Settings) -> str:
    if settings.github_app_id is not None:
        return (
            "GitHub does not accept ENVCLONE_GITHUB_PRIVATE_KEY as a key of the App with the id ENVCLONE_GITHUB_APP_ID."
        )
    return "GitHub does not accept ENVCLONE_GITHUB_TOKEN."


def main() -> int:
    """Say what is wrong."""
    found = list(refusals(start()))
    sys.stderr.writelines(f"{line}\n" for line in found)
    return INVALID if found else 0


def run() -> None:
    """Be that process."""
    sys.exit(main())
