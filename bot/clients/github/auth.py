"""Who we are to GitHub: an app with an installation token for each repository, or a plain token."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar

from bot.clients.github.deliveries import newest_answers, redeliver_failed
from bot.clients.github.github_time import GitHubTime
from bot.clients.github.pacing import now
from bot.clients.github.records import AppRegistration
from bot.clients.github.redirects import follow
from bot.errors import InvalidInput, UserError
from bot.names import RepositoryName

if TYPE_CHECKING:
    import github
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from github import Auth

Answer = TypeVar("Answer")
USER_AGENT = "envclone"
TIMEOUT = 20
"""Seconds. GitHub itself ends requests after ten."""

NO_KEY = (
    "ENVCLONE_GITHUB_PRIVATE_KEY (or the file that ENVCLONE_GITHUB_PRIVATE_KEY_FILE names) is not a private key. It must be the whole .pem "
    "file that GitHub made for the App, from its line BEGIN to its line END."
)
FRESH_FOR = timedelta(minutes=5)
"""A token is replaced when it has less left than this: a push or a long listing must not outlive it."""


class Credentials(Protocol):
    """What the client needs to know about who it is. Implementations are safe to use from any thread."""

    def token(self, repository: RepositoryName) -> str:
        """Return a token that is good for a while. Raises `github.GithubException` or `requests` errors."""

    def forget(self, repository: RepositoryName) -> bool:
        """Drop a token that GitHub refused; say whether asking again may give another."""

    def login(self) -> str | None:
        """Return our own login, or None when only GitHub can tell (`GET /user`)."""

    def repositories(self) -> Sequence[RepositoryName]:
        """Return the repositories that these credentials were made for; none when nothing says so."""

    def registration(self) -> AppRegistration | None:
        """Return how the app is registered; None for a token."""

    def redeliver_failed(self, since: datetime) -> int:
        """Have the deliveries since a moment sent again that nobody took; return how many. Only an app can, so 0 for a token."""

    def newest_answers(self) -> Sequence[int] | None:
        """Return what our webhook answered to the newest attempts to deliver, newest first; None for a token."""


_UNSENDABLE: Final = re.compile(r"[^!-~]")


@dataclass(frozen=True, slots=True, repr=False)
class Token:
    """A personal or workflow token. A workflow's can't ask who it is: give `name` then (`github-actions[bot]`)."""

    secret: str
    name: str | None = None

    def __post_init__(self) -> None:
        # A header can't have others, and who refuses one quotes it whole.
        if _UNSENDABLE.search(self.secret):
            raise InvalidInput(
                "The token for GitHub contains a space, a line break or another character that no token has. Set it again, without quotes and line breaks."
            )

    def token(self, repository: RepositoryName) -> str:
        return self.secret

    def forget(self, repository: RepositoryName) -> bool:
        return False

    def login(self) -> str | None:
        return self.name

    def repositories(self) -> Sequence[RepositoryName]:
        return ()  # it reaches whatever its person reaches

    def registration(self) -> None:
        return None

    def redeliver_failed(self, since: datetime) -> int:
        return 0

    def newest_answers(self) -> None:
        return None


@dataclass(frozen=True, slots=True)
class _Lease:
    token: str
    expires_at: datetime


class AppCredentials:
    """A GitHub App. Its tokens reach one repository each and are renewed before they expire.

    `private_key` is the PEM text; it stays in memory and signs a JWT for each token asked for. Raises `UserError` if it can't.
    """

    def __init__(self, app_id: int | str, private_key: str, api_url: str, time: GitHubTime | None = None) -> None:
        import jwt  # noqa: PLC0415 (as in `session`)
        from github import Auth  # noqa: PLC0415

        key = _private_key(private_key)
        if key is None:
            raise UserError(NO_KEY)
        self._auth = Auth.AppAuth(app_id, sign_func=lambda claims: jwt.encode(self._dated(claims), key, "RS256"))
        self._time = time or GitHubTime()
        self._app = connect(self._auth, api_url, self._time)
        self._api_url = api_url
        # PyGithub's connection is not safe to share, and one request for a token serves all who wait.
        self._lock = threading.Lock()
        self._leases: dict[RepositoryName, _Lease] = {}
        self._installations: dict[RepositoryName, int] = {}
        self._login: str | None = None

    def token(self, repository: RepositoryName) -> str:
        with self._lock:
            lease = self._leases.get(repository)
            if lease is None or lease.expires_at - self._time.now() < FRESH_FOR:
                lease = self._leases[repository] = self._in_time(lambda: self._lease(repository))
            return lease.token

    def forget(self, repository: RepositoryName) -> bool:
        with self._lock:
            self._installations.pop(repository, None)
            return self._leases.pop(repository, None) is not None

    def login(self) -> str:
        with self._lock:
            if self._login is None:
                _, app = self._in_time(lambda: self._app.requester.requestJsonAndCheck("GET", "/app"))
                self._login = f"{app['slug']}[bot]"
            return self._login

    def repositories(self) -> Sequence[RepositoryName]:
        with self._lock:
            from github.Installation import Installation  # noqa: PLC0415
            from github.PaginatedList import PaginatedList  # noqa: PLC0415

            found = self._in_time(
                lambda: [*PaginatedList(Installation, self._app.requester, "/app/installations", None)]
            )
            active = [one.id for one in found if one.raw_data.get("suspended_at") is None]
            return sorted({name for installation in active for name in self._installed(installation)})

    def registration(self) -> AppRegistration:
        with self._lock:
            _, app = self._in_time(lambda: self._app.requester.requestJsonAndCheck("GET", "/app"))
            return AppRegistration(dict(app["permissions"]), tuple(app["events"]))

    def redeliver_failed(self, since: datetime) -> int:
        # With a connection of its own: a hundred requests must not keep others from a token.
        return self._in_time(lambda: redeliver_failed(connect(self._auth, self._api_url, self._time).requester, since))

    def newest_answers(self) -> Sequence[int]:
        with self._lock:
            return self._in_time(lambda: newest_answers(self._app.requester))

    def _dated(self, claims: dict[str, Any]) -> dict[str, Any]:
        """Return what is signed with the time that it is at GitHub, in place of this machine's."""
        late = int((self._time.now() - now()).total_seconds())
        return {**claims, "iat": claims["iat"] + late, "exp": claims["exp"] + late}

    def _in_time(self, ask: Callable[[], Answer]) -> Answer:
        """Ask as the app, and once more if what was refused had the wrong time."""
        from github import GithubException  # noqa: PLC0415 (as in `session`)

        corrected = self._time.corrections
        try:
            return ask()
        except GithubException as refused:
            if refused.status != 401 or self._time.corrections == corrected:
                raise
        return ask()

    def _installed(self, installation: int) -> list[RepositoryName]:
        from github import Auth  # noqa: PLC0415
        from github.PaginatedList import PaginatedList  # noqa: PLC0415
        from github.Repository import Repository  # noqa: PLC0415

        _, answer = self._app.requester.requestJsonAndCheck("POST", f"/app/installations/{installation}/access_tokens")
        client = connect(Auth.Token(answer["token"]), self._api_url, self._time)
        found = PaginatedList(
            Repository, client.requester, "/installation/repositories", None, list_item="repositories"
        )
        return [RepositoryName(one.full_name) for one in found]

    def _lease(self, repository: RepositoryName) -> _Lease:
        requester = self._app.requester
        installation = self._installations.get(repository)
        if installation is None:
            _, found = requester.requestJsonAndCheck("GET", f"/repos/{repository}/installation")
            installation = self._installations[repository] = int(found["id"])
        _, answer = requester.requestJsonAndCheck(
            "POST",
            f"/app/installations/{installation}/access_tokens",
            input={"repositories": [repository.partition("/")[2]]},
        )
        return _Lease(answer["token"], datetime.fromisoformat(answer["expires_at"]))


@lru_cache(maxsize=1)
def _private_key(text: str) -> RSAPrivateKey | None:
    """Return the key of a PEM text, or None. Reading one costs far more than signing with it, and each request is signed."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

    try:
        key = load_pem_private_key(text.encode(), password=None)
    except (
        ValueError,
        TypeError,
        UnsupportedAlgorithm,
    ):  # no PEM text, one behind a password, one of a curve we don't know
        return None
    return key if isinstance(key, RSAPrivateKey) else None


def connect(auth: Auth.Auth, api_url: str, time: GitHubTime) -> github.Github:
    """Return a PyGithub client that neither retries nor sleeps on its own and makes no request until needed; each answer tells the time."""
    import github  # noqa: PLC0415

    client = github.Github(
        base_url=api_url,
        auth=auth,
        timeout=TIMEOUT,
        user_agent=USER_AGENT,
        per_page=100,
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
        lazy=True,
    )
    requester = client.requester
    follow(requester)
    ask = requester.requestJson

    def asked(*given: Any, **named: Any) -> tuple[int, dict[str, Any], str]:
        began = monotonic()
        status, headers, text = ask(*given, **named)
        time.hears(headers, timedelta(seconds=monotonic() - began))
        return status, headers, text

    requester.requestJson = asked  # type: ignore[method-assign]  # what is refused is raised behind it
    return client
