"""Where a checkout's repository is on GitHub, and whether a person may be heard there: the remote `origin`, and the token that `gh` uses, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from bot.clients.git.web_address import web_address
from bot.errors import InvalidInput, UserError
from bot.names import RepositoryName

if TYPE_CHECKING:
    from bot.clients.github import GitHub

TOKENS: Final = ("GH_TOKEN", "GITHUB_TOKEN")
ENTERPRISE_TOKENS: Final = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN")
"""Of a company's own server, as `gh` reads them; where one is set, the others may be meant for github.com."""
GITHUB_COM: Final = "github.com"


@dataclass(frozen=True, slots=True)
class OwnGitHub:
    """A checkout's repository, and the server that git and a browser find it on. Without a token nothing can be written there."""

    repository: RepositoryName
    server: str
    api_url: str
    token: str = field(default="", repr=False)

    @property
    def page(self) -> str:
        """Return the repository's address in a browser."""
        return f"{self.server}/{self.repository}"

    def client(self) -> GitHub:
        """Return GitHub as whoever the token is of. Raises `UserError` without one."""
        from bot.clients.github import GitHub, Token  # noqa: PLC0415 (most commands ask GitHub nothing)

        if not self.token:
            raise UserError(
                f"There is no token for {self.page}. Set GH_TOKEN, for example: `export GH_TOKEN=$(gh auth token)`."
            )
        return GitHub(Token(self.token), api_url=self.api_url)


@contextmanager
def asking(github: OwnGitHub) -> Iterator[None]:
    """Turn what GitHub says no to, or an absent GitHub, into `UserError`."""
    from bot.clients.github import GitHubRefused  # noqa: PLC0415 (see above)
    from bot.clients.transient import Transient  # noqa: PLC0415

    try:
        yield
    except GitHubRefused as refused:
        raise UserError(
            f"GitHub answered {refused.status} ({refused.message}): the token has to be allowed to write to {github.page}."
        ) from refused
    except Transient as trouble:
        raise UserError(f"{github.api_url} could not be asked ({trouble}). Try again later.") from trouble


def forked_from(root: Path) -> str:
    """Return the page of what the checkout's `origin` is somebody's fork of, as the remote `upstream` says; empty where none is known."""
    upstream = web_address(root, "upstream")
    return "" if upstream.lower() == web_address(root).lower() else upstream


def own_github(root: Path, environ: Mapping[str, str]) -> OwnGitHub | None:
    """Return the checkout's repository on GitHub; None where it has no remote that could be one.

    A token goes to github.com, or to the host that the environment names beside it, and never to wherever a remote points.
    """
    host, _, path = web_address(root).removeprefix("https://").partition("/")
    host = host.lower()
    try:
        repository = RepositoryName(path)
    except InvalidInput:
        return None
    said, server = environ.get("GITHUB_API_URL", ""), environ.get("GITHUB_SERVER_URL", "")
    named = (urlsplit(said).hostname or "").removeprefix("api.") if said else GITHUB_COM
    is_hosted = host == GITHUB_COM or host.endswith(".ghe.com")
    tokens = TOKENS if is_hosted else (*ENTERPRISE_TOKENS, *TOKENS)
    is_trusted = host in (named, environ.get("GH_HOST", "").lower())
    return OwnGitHub(
        repository,
        # What the environment says of another GitHub, such as the one whose runner this is, is no address of this one.
        server=server if urlsplit(server).hostname == host else f"https://{host}",
        api_url=said if said and host == named else f"https://api.{host}" if is_hosted else f"https://{host}/api/v3",
        token=next((found for name in tokens if (found := environ.get(name, "").strip())), "") if is_trusted else "",
    )
