"""What is due in a repository, done once: clones' ends, rollouts, previews. All of the service is loaded with it."""

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bot.cli.actions.own_settings import own_settings
from bot.cli.serving.composition import service
from bot.clients.github import GitHubRefused
from bot.clients.store import open_store
from bot.clients.transient import Transient
from bot.errors import Unverifiable, UserError
from bot.names import EnvironmentName, RepositoryName
from bot.service.commands.bound import bearers, keep_marks
from bot.service.commands.expire import due_environments
from bot.service.commands.expire import expire as expire_environment
from bot.service.context import ServiceContext
from bot.service.module_rollouts.rollout import is_due, roll_out_modules
from bot.service.previews.job import bring_along
from bot.service.repository import repository_at_head
from bot.service.rollouts.rollout import roll_out, rollout_templates
from bot.service.versions.tried import previews_behind


@dataclass(frozen=True, slots=True)
class Done:
    """What was done for an environment."""

    environment: EnvironmentName
    said: str
    pull_request: int | None = None
    failed: bool = False

    def __str__(self) -> str:
        return f"{self.environment}: {self.said}"


@dataclass(frozen=True, slots=True)
class RolledOut:
    """What was done for a rollout."""

    template: str
    said: str
    failed: bool = False

    def __str__(self) -> str:
        return f"rollout of {self.said}"


def all_due(repository: RepositoryName, scratch: Path) -> list[Done | RolledOut]:
    """Do all that is due; what fails for one keeps no other from its turn. Raises `Transient`, `UserError`."""
    store = open_store(None, scratch)
    with closing(store), closing(service(own_settings(os.environ, scratch), store).context) as context:
        done: list[Done | RolledOut] = [
            *_all(context, repository),
            *_rollouts(context, repository),
            *_previews(context, repository),
        ]
        bear = bearers(context, repository)
        keep_marks(repository_at_head(context, repository), bear)
        return done


def _all(context: ServiceContext, repository: RepositoryName) -> list[Done]:
    """Do what is due for each environment; one that fails keeps no other from its turn."""
    done = []
    for name in due_environments(repository_at_head(context, repository)):
        try:
            found = expire_environment(repository_at_head(context, repository), name)
            done.append(Done(name, f"{found.outcome}{f' (#{found.pull})' if found.pull else ''}", found.pull))
        except (UserError, Transient, GitHubRefused) as error:
            done.append(Done(name, f"failed: {error}", failed=True))
    return done


def _previews(context: ServiceContext, repository: RepositoryName) -> list[Done]:
    """Bring each preview to the head of its pull request; one that fails keeps no other from its turn."""
    done = []
    for name in previews_behind(repository_at_head(context, repository)):
        try:
            done.append(Done(name, bring_along(context, repository, name)))
        except (UserError, Transient, GitHubRefused) as error:
            done.append(Done(name, f"failed: {error}", failed=True))
    return done


def _rollouts(context: ServiceContext, repository: RepositoryName) -> list[RolledOut]:
    """Bring each rollout one step further; one that fails keeps no other from its turn, and nothing from its end."""
    try:
        templates = rollout_templates(repository_at_head(context, repository))
    except UserError as error:
        return [RolledOut("", f"templates failed: {error}", failed=True)]
    done = _rollout_of_modules(context, repository)
    for name in templates:
        try:
            done.append(RolledOut(name, roll_out(repository_at_head(context, repository), name)))
        except (UserError, Transient, GitHubRefused) as error:
            done.append(RolledOut(name, f"{name} failed: {error}", failed=True))
    return done


def _rollout_of_modules(context: ServiceContext, repository: RepositoryName) -> list[RolledOut]:
    try:
        repo = repository_at_head(context, repository)
        return [RolledOut("", roll_out_modules(repo))] if is_due(repo) else []
    except (UserError, Unverifiable, Transient, GitHubRefused) as error:
        return [RolledOut("", f"modules failed: {error}", failed=True)]
