"""The job of a deployment whose state has changed."""

from bot.core.requests.status import outcome_of
from bot.events import DeploymentStatusCreated
from bot.names import EnvironmentName
from bot.service.commands.made_again import release
from bot.service.context import ServiceContext
from bot.service.event_jobs.followed import RELEASED, Released, environment_name, requested, tell_environment
from bot.service.jobs_api import REPORTED, Finished, JobRequest, Reported, Steps
from bot.service.repository import repository_at_head
from bot.service.rollouts.job import looked_at, moved


class DeploymentJob:
    """Reports a deployment, and gives back what a destroyed environment held in the repository."""

    def __init__(self, context: ServiceContext, event: DeploymentStatusCreated) -> None:
        self.context, self.event = context, event

    def plan(self, delivery: str) -> JobRequest | None:
        """Return the job, if an environment of that name can be ours."""
        name = environment_name(self.event.environment)
        return requested(delivery, self.event, "progress", name) if name is not None else None

    def run(self, request: JobRequest, steps: Steps) -> Finished:
        name = environment_name(self.event.environment)
        if name is None:
            return Finished()
        # Who asked is found through the branches, so they are told before the branches go.
        reported = steps.run("report", REPORTED, lambda: self.report(name))
        steps.run("release", RELEASED, lambda: self.release(name))
        return looked_at(self.event.repository, request, reported)

    def report(self, name: EnvironmentName) -> Reported:
        """Tell whoever waits for the environment how it stands."""
        repo = repository_at_head(self.context, self.event.repository)
        going_on = moved(repo, [name] if outcome_of(self.event.state) != "in_progress" else [])
        return Reported(comments=tuple(tell_environment(repo, name)), moved=going_on)

    def release(self, name: EnvironmentName) -> Released:
        """Give back the branches and claims of an environment that is destroyed; make it again after a reset."""
        return Released(released=release(repository_at_head(self.context, self.event.repository), name))
