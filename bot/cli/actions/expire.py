"""`envclone expire`: what the service does when the time of clones comes, once, for where there is no service."""

import os
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.actions.options import AsJson, write_summary
from bot.cli.console import DOES_NOT_HOLD, edge, say, stop
from bot.cli.serving.composition import service
from bot.clients.filler import fill_in_a_child
from bot.clients.github import GitHubRefused
from bot.clients.own_memory import keep_memory_private
from bot.clients.store import open_store
from bot.clients.transient import Transient
from bot.errors import Unverifiable, UserError
from bot.names import EnvironmentName, RepositoryName
from bot.service.commands.expire import due_environments
from bot.service.commands.expire import expire as expire_environment
from bot.service.context import ServiceContext
from bot.service.previews.job import bring_along
from bot.service.repository import repository_at_head
from bot.service.rollouts.rollout import roll_out, rollout_templates
from bot.service.versions.tried import previews_behind
from bot.settings import PREFIX, read

_OURS = f"{PREFIX}GITHUB_"


def expire(
    repository: Annotated[
        str, typer.Option("--repository", metavar="OWNER/NAME", envvar="GITHUB_REPOSITORY", help="The repository.")
    ],
    as_json: AsJson = False,
) -> None:
    """Warn owners, propose to destroy what has expired, merge that if the policy says so, and bring rollouts of templates further."""
    with edge(), tempfile.TemporaryDirectory(prefix="envclone-") as scratch:
        keep_memory_private()
        fill_in_a_child()
        name = RepositoryName(repository)
        try:
            store = open_store(None, Path(scratch))
            context = service(read(own_settings(os.environ, scratch)), store).context
            with closing(store), closing(context):
                done: list[_Done | _RolledOut] = [*_all(context, name), *_rollouts(context, name)]
                done += _previews(context, name)
        except Transient as error:
            raise Unverifiable(str(error)) from error
        lines = [str(each) for each in done]
        say("\n".join(lines) or "Nothing is due.", lambda: [asdict(each) for each in done], as_json)
        write_summary("\n".join(f"- {line}" for line in lines) + "\n" if lines else "Nothing is due.\n")
        if any(each.failed for each in done):
            stop("Something failed: see above. The next run tries again.", DOES_NOT_HOLD)


@dataclass(frozen=True, slots=True)
class _Done:
    environment: EnvironmentName
    said: str
    pull_request: int | None = None
    failed: bool = False

    def __str__(self) -> str:
        return f"{self.environment}: {self.said}"


@dataclass(frozen=True, slots=True)
class _RolledOut:
    template: str
    said: str
    failed: bool = False

    def __str__(self) -> str:
        return f"rollout of {self.said}"


def _all(context: ServiceContext, repository: RepositoryName) -> list[_Done]:
    """Do what is due for each environment; one that fails keeps no other from its turn."""
    done = []
    for name in due_environments(repository_at_head(context, repository)):
        try:
            found = expire_environment(repository_at_head(context, repository), name)
            done.append(_Done(name, f"{found.outcome}{f' (#{found.pull})' if found.pull else ''}", found.pull))
        except (UserError, Transient, GitHubRefused) as error:
            done.append(_Done(name, f"failed: {error}", failed=True))
    return done


def _previews(context: ServiceContext, repository: RepositoryName) -> list[_Done]:
    """Bring each preview to the head of its pull request; one that fails keeps no other from its turn."""
    done = []
    for name in previews_behind(repository_at_head(context, repository)):
        try:
            done.append(_Done(name, bring_along(context, repository, name)))
        except (UserError, Transient, GitHubRefused) as error:
            done.append(_Done(name, f"failed: {error}", failed=True))
    return done


def _rollouts(context: ServiceContext, repository: RepositoryName) -> list[_RolledOut]:
    """Bring each rollout one step further; one that fails keeps no other from its turn, and nothing from its end."""
    try:
        templates = rollout_templates(repository_at_head(context, repository))
    except UserError as error:
        return [_RolledOut("", f"templates failed: {error}", failed=True)]
    done = []
    for name in templates:
        try:
            done.append(_RolledOut(name, roll_out(repository_at_head(context, repository), name)))
        except (UserError, Transient, GitHubRefused) as error:
            done.append(_RolledOut(name, f"{name} failed: {error}", failed=True))
    return done


def own_settings(environment: Mapping[str, str], scratch: str) -> dict[str, str]:
    """Return who we are to GitHub, and nothing else of what the service could be told."""
    found = {key: value for key, value in environment.items() if key.startswith(_OURS)}
    if api := environment.get("GITHUB_API_URL"):
        found.setdefault(f"{_OURS}API_URL", api)
    return {**found, f"{PREFIX}DATA_DIR": str(Path(scratch))}
