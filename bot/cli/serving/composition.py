"""The product's own work put together: the one place where flows meet their clients. It starts no process and no database."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from bot.clients.git.trees import Author
from bot.clients.github import GITHUB_COM, AppCredentials, Credentials, GitHub, Pacing, Token
from bot.clients.store import JobStore
from bot.errors import UserError
from bot.names import RepositoryName
from bot.service.author_limit import AuthorLimit
from bot.service.context import ServiceContext
from bot.service.router import Router
from bot.settings import PUBLIC_API, Settings


def service(settings: Settings, store: JobStore) -> Router:
    """Return the product's own work; what it counts over all replicas is in `store`. Raises `UserError`."""
    github = github_client(settings)
    login = github.identity()
    return Router(
        ServiceContext(
            github=github,
            git_url=lambda repository: git_url(settings.github_api_url, repository),
            mirrors_directory=settings.data_dir / "mirrors",
            author=Author(login, f"{login}@users.noreply.github.com"),
            now=lambda: datetime.now(UTC),
            author_limit=AuthorLimit(store, settings.commands_per_author),
            dispatch_secrets=settings.dispatch_keys,
        )
    )


def github_client(settings: Settings) -> GitHub:
    """Return GitHub as the settings say: as an app or with a token. Raises `UserError`."""
    pacing = GITHUB_COM if settings.github_api_url.rstrip("/") == PUBLIC_API else Pacing()
    return GitHub(
        _credentials(settings),
        api_url=settings.github_api_url,
        pacing=Pacing(
            per_minute=settings.content_per_minute or pacing.per_minute,
            per_hour=settings.content_per_hour or pacing.per_hour,
            longest_wait=timedelta(seconds=5),
        ),
    )


def git_url(api_url: str, repository: RepositoryName) -> str:
    """Return where git finds a repository: on github.com, or on the host of an enterprise's API."""
    if api_url.rstrip("/") == PUBLIC_API:
        return f"https://github.com/{repository}.git"
    parts = urlsplit(api_url)
    # GitHub Enterprise Cloud with data residency serves its API at api.<name>.ghe.com; Server under /api/v3.
    return f"{parts.scheme}://{parts.netloc.removeprefix('api.')}/{repository}.git"


def _credentials(settings: Settings) -> Credentials:
    if settings.github_app_id is not None and settings.github_private_key is not None:
        return AppCredentials(
            settings.github_app_id, settings.github_private_key.get_secret_value(), settings.github_api_url
        )
    if settings.github_token is not None:
        return Token(settings.github_token.get_secret_value(), settings.github_login)
    raise UserError("No GitHub credentials: set ENVCLONE_GITHUB_APP_ID and its key, or ENVCLONE_GITHUB_TOKEN.")
