"""One request at a time to GitHub: paced, with the right token, and with errors in our own words.

PyGithub is imported where it is used: loading it takes longer than all the rest of most commands together.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from bot.clients.github.auth import Credentials, connect
from bot.clients.github.github_time import GitHubTime
from bot.clients.github.pacing import GITHUB_COM, Pacer, Pacing, PacingClock
from bot.clients.github.records import AppRegistration
from bot.clients.github.refusals import remedy
from bot.clients.steady_clock import steady
from bot.clients.transient import RateLimited, Transient
from bot.errors import UserError
from bot.names import RepositoryName

if TYPE_CHECKING:
    import github
    from github.Repository import Repository

T = TypeVar("T")

PUBLIC_API = "https://api.github.com"
UNTOLD_WAIT = timedelta(minutes=1)
"""What GitHub asks for when it refuses for going too fast and names no time."""
WINDOW = timedelta(hours=1, minutes=1)
"""In which requests are counted, and as much as clocks may differ."""


class GitHubRefused(Exception):
    """GitHub understood and said no. `status` is its HTTP status; the message is GitHub's own."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"GitHub answered {status}: {message}")
        self.status = status
        self.message = message


class GitHubForbids(GitHubRefused, UserError):
    """GitHub said no, and a person can put it right: the text says how."""

    def __init__(self, status: int, message: str, remedy: str) -> None:
        super().__init__(status, message)
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.remedy}\n\n> GitHub answered {self.status}: {self.message}"


class Session:
    """Runs calls. Safe to use from any thread: each has its own connections, all share the tokens and the pace."""

    def __init__(
        self,
        credentials: Credentials,
        *,
        api_url: str = PUBLIC_API,
        pacing: Pacing | None = None,
        clock: PacingClock = steady,
        time: GitHubTime | None = None,
    ) -> None:
        """Pace as github.com asks when talking to it; elsewhere (`pacing` unset) the operator's limits show as refusals.

        `time` is put right by all answers.
        """
        self._credentials = credentials
        self._api_url = api_url.rstrip("/")
        self._pacing = pacing or (GITHUB_COM if self._api_url == PUBLIC_API else Pacing())
        self._clock = clock
        self._time = time or GitHubTime(clock)
        self._local = threading.local()
        self._pacers: dict[str, Pacer] = {}
        self._login: str | None = None
        self._remaining: dict[str, int] = {}

    def now(self) -> datetime:
        """Return what time it is at GitHub, as its answers say; without any, what this machine's clock says."""
        if not self._time.is_known:
            with suppress(Transient, GitHubRefused):
                self.check()
        return self._time.now()

    def identity(self) -> str:
        """Return our own login; an app's ends in `[bot]`."""
        if self._login is None:
            self._login = self._guarded(lambda: self._credentials.login() or self._asked())
        return self._login

    def repositories(self) -> Sequence[RepositoryName]:
        """Return the repositories that our credentials were made for: an app's installations; a token's are not known."""
        return self._guarded(self._credentials.repositories)

    def remaining_requests(self) -> Mapping[str, int]:
        """Return how many requests are left within the hour, by owner, as GitHub said last."""
        return dict(self._remaining)

    def registration(self) -> AppRegistration | None:
        """Return how our app is registered; None for a token."""
        return self._guarded(self._credentials.registration)

    def check(self) -> None:
        """Ask GitHub for something small. Raises `Transient`, or `GitHubRefused` if it does not take our credentials."""
        if self.registration() is not None:
            return
        try:
            self._guarded(lambda: self._whoever().requester.requestJsonAndCheck("GET", "/rate_limit"))
        except GitHubRefused as refused:
            # That request counts against no limit. A server that has no limits answers so, to a good token alone.
            if refused.status != 404:
                raise

    def redeliver_failed(self, since: datetime) -> int:
        """Have the deliveries since a moment sent again that nobody took; return how many. Raises `Transient`."""
        return self._guarded(lambda: self._credentials.redeliver_failed(since))

    def newest_answers(self) -> Sequence[int] | None:
        """Return what our webhook answered to the newest attempts to deliver, newest first, 0 for nothing; None for a token."""
        return self._guarded(self._credentials.newest_answers)

    def git_credentials(self, repository: RepositoryName) -> tuple[str, str]:
        """Return the user name and password that git sends over HTTPS; good for five minutes at least."""
        return "x-access-token", self._guarded(lambda: self._credentials.token(repository))

    def _asked(self) -> str:
        return str(self._whoever().requester.requestJsonAndCheck("GET", "/user")[1]["login"])

    def _whoever(self) -> github.Github:
        """Return a client of a plain token, which is the same for every repository."""
        from github import Auth  # noqa: PLC0415

        return connect(Auth.Token(self._credentials.token(RepositoryName("any/any"))), self._api_url, self._time)

    def _read(self, repository: RepositoryName, call: Callable[[Repository], T]) -> T:
        """Run a call that changes nothing; a broken connection is tried once more, for idle ones are closed unannounced."""
        try:
            return self._run(repository, call, creates=False)
        except RateLimited:
            raise
        except Transient as error:
            import requests  # noqa: PLC0415

            if not isinstance(error.__cause__, requests.ConnectionError):
                raise
        return self._run(repository, call, creates=False)

    def _change(self, repository: RepositoryName, call: Callable[[Repository], T]) -> T:
        """Run a call that changes what is there."""
        return self._run(repository, call, creates=False)

    def _create(self, repository: RepositoryName, call: Callable[[Repository], T]) -> T:
        """Run a call that creates content, which GitHub wants done slowly."""
        return self._run(repository, call, creates=True)

    def _run(self, repository: RepositoryName, call: Callable[[Repository], T], *, creates: bool) -> T:
        """Run `call` as soon as the pace allows. `call` sends one request or only reads, so it may be run again.

        Raises `RateLimited`, `Transient` or `GitHubRefused`.
        """
        # Limits are counted by installation, and an owner has one.
        pacer = self._pacers.setdefault(repository.partition("/")[0], Pacer(self._pacing, self._clock))
        renewed = False
        while True:
            pacer.enter(creates=creates)
            try:
                return self._guarded(lambda: self._attempt(repository, call, pacer))
            except RateLimited as limited:
                pacer.hush(limited.until, limited.reason)
            except GitHubRefused as refused:
                # A token may be revoked before its time, as when permissions of the app were changed.
                if refused.status != 401 or renewed or not self._credentials.forget(repository):
                    raise
                renewed = True

    def _attempt(self, repository: RepositoryName, call: Callable[[Repository], T], pacer: Pacer) -> T:
        client = self._client(repository)
        result = call(client.get_repo(repository))
        remaining, _ = client.requester.rate_limiting
        if remaining >= 0:  # servers without limits name none
            self._remaining[repository.partition("/")[0]] = remaining
        if remaining == 0:
            pacer.hush(self._when_reset(client.requester.rate_limiting_resettime), "the hourly limit is used up")
        return result

    def _client(self, repository: RepositoryName) -> github.Github:
        """Return this thread's client with a fresh token (PyGithub's connections must not be shared)."""
        from github import Auth  # noqa: PLC0415

        clients: dict[str, github.Github] = self._local.__dict__.setdefault("clients", {})
        token = self._credentials.token(repository)
        if token not in clients:
            # Tokens expire every hour: what is older than the last few is of no more use.
            while len(clients) >= 8:
                clients.pop(next(iter(clients))).close()
            clients[token] = connect(Auth.Token(token), self._api_url, self._time)
        return clients[token]

    def _guarded(self, call: Callable[[], T]) -> T:
        import github  # noqa: PLC0415
        import requests  # noqa: PLC0415

        try:
            return call()
        except github.GithubException as error:
            raise self._translated(error) from error
        except (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError) as error:
            raise Transient(f"GitHub can't be reached ({type(error).__name__})") from error

    def _translated(self, error: github.GithubException) -> Exception:
        import github  # noqa: PLC0415

        headers = {name.lower(): value for name, value in (error.headers or {}).items()}
        data = error.data if isinstance(error.data, dict) else {}
        message = str(data.get("message") or error.message or "no reason given")
        is_rate_limited = isinstance(error, github.RateLimitExceededException) or "retry-after" in headers
        if error.status == 429 or (error.status == 403 and is_rate_limited):
            return RateLimited(self._free_at(headers), message)
        if error.status >= 500:
            return Transient(f"GitHub answered {error.status}")
        details = [str(d.get("message") or d) if isinstance(d, dict) else str(d) for d in data.get("errors") or ()]
        whole = "; ".join([message, *details])
        advice = remedy(error.status, whole, headers)
        return GitHubForbids(error.status, whole, advice) if advice else GitHubRefused(error.status, whole)

    def _free_at(self, headers: dict[str, str]) -> datetime:
        if (seconds := headers.get("retry-after", "")).isdigit():
            return self._clock() + timedelta(seconds=int(seconds))
        reset = headers.get("x-ratelimit-reset", "")
        if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
            return self._when_reset(int(reset))
        return self._clock() + UNTOLD_WAIT

    def _when_reset(self, reset: int) -> datetime:
        # A second more: it is not said when in that second the window ends.
        moment, here = datetime.fromtimestamp(reset + 1, UTC), self._clock()
        # A window lasts an hour. By a clock that is a day late, everything would wait for a day; by one that is ahead, nothing would.
        return moment if here < moment <= here + WINDOW else here + UNTOLD_WAIT
