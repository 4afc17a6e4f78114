"""The product's own work put together: the one place where flows meet their clients. It starts no process and no database."""

from datetime import UTC, datetime

from bot.cli.serving.github_account import github_client
from bot.clients.git.trees import Author
from bot.clients.github.new_app import site_of
from bot.clients.store import JobStore
from bot.names import RepositoryName
from bot.service.author_limit import AuthorLimit
from bot.service.context import ServiceContext
from bot.service.router import Router
from bot.settings import Settings


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
            now=github.now,
            own_clock=lambda: datetime.now(UTC),
            author_limit=AuthorLimit(store, settings.commands_per_author),
            dispatch_secrets=settings.dispatch_keys,
        )
    )


def git_url(api_url: str, repository: RepositoryName) -> str:
    """Return where git finds a repository: on github.com, or on the host of an enterprise's API."""
    return f"{site_of(api_url)}/{repository}.git"
