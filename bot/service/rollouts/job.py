"""The job that looks how far a repository's rollouts have come. Time asks for it, and what happens to their pull requests."""

import logging
from collections.abc import Iterable

from pydantic import TypeAdapter

from bot.clients.github import GitHubRefused
from bot.errors import Unverifiable, UserError
from bot.events import RolloutDue
from bot.names import EnvironmentName, RepositoryName, TemplateName
from bot.service.context import ServiceContext
from bot.service.jobs_api import Finished, JobRequest, JobStepResult, Reported, Steps
from bot.service.module_rollouts.rollout import is_due, roll_out_modules
from bot.service.planned.thumbs import thumb_jobs
from bot.service.repository import Repository, repository_at_head
from bot.service.rollouts.rollout import roll_out, rollout_templates

log = logging.getLogger(__name__)

ROLLOUT = "*rollout"
"""In the place of an environment's name in a partition; no environment can be called so."""


class RolloutTemplates(JobStepResult):
    """The templates whose rollouts are looked at, and what was done for that of modules, in words for the log."""

    templates: tuple[TemplateName, ...]
    done: str = ""


class RolloutDone(JobStepResult):
    """What was done, in words for the log."""

    done: str


ROLLOUT_TEMPLATES: TypeAdapter[RolloutTemplates] = TypeAdapter(RolloutTemplates)
ROLLOUT_DONE: TypeAdapter[RolloutDone] = TypeAdapter(RolloutDone)


class RolloutJob:
    """Brings each rollout of a repository one step further."""

    def __init__(self, context: ServiceContext, event: RolloutDue) -> None:
        self.context, self.event = context, event

    def plan(self, delivery: str) -> JobRequest | None:
        """Return the job."""
        return rollout_job(delivery, self.event)

    def run(self, _: JobRequest, steps: Steps) -> Finished:
        found = steps.run("look", ROLLOUT_TEMPLATES, self.look)
        for name in found.templates:
            steps.run(f"roll out {name}", ROLLOUT_DONE, lambda name=name: self.roll_out(name))  # type: ignore[misc]
        return Finished()

    def look(self) -> RolloutTemplates:
        """Find the templates, and bring the rollout of modules further; what is refused for that stops no template's."""
        repo, only = repository_at_head(self.context, self.event.repository), self.event.environments
        try:
            done = roll_out_modules(repo, only) if is_due(repo, only) else ""
        except (UserError, Unverifiable, GitHubRefused) as error:
            log.warning("no look at the rollout of modules: %s", error, extra={"action": "roll out"})
            done = f"modules: {error}"
        return RolloutTemplates(templates=rollout_templates(repo, only), done=done)

    def roll_out(self, template: TemplateName) -> RolloutDone:
        """Bring one rollout further; what is refused for one template stops no other's."""
        repo = repository_at_head(self.context, self.event.repository)
        try:
            return RolloutDone(done=roll_out(repo, template, self.event.environments))
        except (UserError, GitHubRefused) as error:
            log.warning("can't look at the rollout of %s now: %s", template, error, extra={"action": "roll out"})
            return RolloutDone(done=f"{template}: {error}")


def looked_at(repository: RepositoryName, request: JobRequest, reported: Reported) -> Finished:
    """Return the end of a job that asks for a look at the rollouts of what has moved on, and at repairs that may be confirmed, if any."""
    thumbs = thumb_jobs(request.delivery, repository, reported.repairs)
    if not reported.moved:
        return Finished(thumbs)
    event = RolloutDue(repository=repository, slot=request.key, environments=reported.moved)
    return Finished((rollout_job(request.delivery, event), *thumbs))


def may_begin(repo: Repository, *, are_merges_heard: bool) -> bool:
    """Say whether a merge whose run has ended may have begun a rollout: never with a policy that can't be read.

    Where merges themselves are heard of, that leaves those that held modules: their run says for which environments.
    """
    try:
        rollout = repo.policy().rollout
    except UserError:
        return False
    return rollout.holds_modules if are_merges_heard else rollout.enabled


def moved(repo: Repository, names: Iterable[EnvironmentName]) -> tuple[EnvironmentName, ...]:
    """Return the environments that a rollout may go on with: none without rollouts, or with a policy that can't be read."""
    try:
        return tuple(names) if repo.policy().rollout.enabled else ()
    except UserError:
        return ()


def rollout_job(delivery: str, event: RolloutDue) -> JobRequest:
    """Return the job of a look."""
    return JobRequest(
        key=f"rollout-{event.repository}-{event.slot}",
        partition=f"{event.repository}/{ROLLOUT}",
        kind="rollout",
        delivery=delivery,
        event=event,
    )
