"""`envclone expire`: what the service does when the time of clones comes, once, for where there is no service."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.actions.options import write_summary
from bot.cli.console import DOES_NOT_HOLD, edge, stop
from bot.cli.serving.composition import service
from bot.clients.github import GitHubRefused
from bot.clients.store import open_store
from bot.clients.transient import Transient
from bot.errors import Unverifiable, UserError
from bot.names import RepositoryName
from bot.service.commands.expire import due_environments
from bot.service.commands.expire import expire as expire_environment
from bot.service.context import ServiceContext
from bot.service.repository import repository_at_head
from bot.settings import PREFIX, read

_OURS = f"{PREFIX}GITHUB_"


def expire(
    repository: Annotated[str, typer.Option("--repository", envvar="GITHUB_REPOSITORY", help="`owner/name`.")],
) -> None:
    """Warn owners, propose to destroy what has expired, and merge that if the policy says so. Exits with 0, 1 (something failed) or 2."""
    with edge(), tempfile.TemporaryDirectory(prefix="envclone-") as scratch:
        name = RepositoryName(repository)
        try:
            store = open_store(None, Path(scratch))
            context = service(read(_settings(os.environ, scratch)), store).context
            with closing(store), closing(context):
                lines, failed = _all(context, name)
        except Transient as error:
            raise Unverifiable(str(error)) from error
        text = "\n".join(lines) or "Nothing is due."
        typer.echo(text)
        write_summary("\n".join(f"- {line}" for line in lines) + "\n" if lines else "Nothing is due.\n")
        if failed:
            stop("Some environments failed: see above. The next run tries again.", DOES_NOT_HOLD)


def _all(context: ServiceContext, repository: RepositoryName) -> tuple[list[str], bool]:
    """Do what is due for each environment; one that fails keeps no other from its turn."""
    lines, failed = [], False
    for name in due_environments(repository_at_head(context, repository)):
        try:
            lines.append(str(expire_environment(repository_at_head(context, repository), name)))
        except (UserError, Transient, GitHubRefused) as error:
            lines.append(f"{name}: failed: {error}")
            failed = True
    return lines, failed


def _settings(environment: Mapping[str, str], scratch: str) -> dict[str, str]:
    """Return who we are to GitHub, and nothing else of what the service could be told."""
    found = {key: value for key, value in environment.items() if key.startswith(_OURS)}
    if api := environment.get("GITHUB_API_URL"):
        found.setdefault(f"{_OURS}API_URL", api)
    return {**found, f"{PREFIX}DATA_DIR": str(Path(scratch))}
