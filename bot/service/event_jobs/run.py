"""The job of a workflow's run that has ended."""

from collections.abc import Sequence

from bot.clients.github import GitHubRefused
from bot.clients.github.records import WorkflowJob
from bot.core.requests.rerun import awaited
from bot.events import RolloutDue, RunCompleted
from bot.names import EnvironmentName
from bot.service.commands.made_again import release
from bot.service.context import ServiceContext
from bot.service.deployments.confirmed import applied_by
from bot.service.deployments.silent import touched_by
from bot.service.event_jobs.check import tell_checked
from bot.service.event_jobs.followed import RELEASED, Released, environment_name, requested, tell_environment
from bot.service.event_jobs.review import REPLANNED, Replanned
from bot.service.event_jobs.step_times import AT_ITS_COMMIT, is_timed, step_times
from bot.service.jobs_api import REPORTED, RUN_LOOKED, Finished, JobRequest, Reported, RunLooked, Steps, StepTimes
from bot.service.repository import Repository, repository_at_head
from bot.service.reruns.approvals import plan_approved_meanwhile
from bot.service.reruns.run_end import APPLY, FOLDER, PLAN, PROPOSED, place, tell
from bot.service.rollouts.job import looked_at, may_begin, moved, rollout_job

PLANS, APPLIES = FOLDER + PLAN, FOLDER + APPLY


class RunJob:
    """Tells whoever asked for a run how it ended; reports what it did, and how long its steps took.

    An apply's success counts only now that its job has ended (`deployments/confirmed`). Of a plan its check tells, but for where only the
    ends of runs are heard of: GitHub starts no workflow for what another workflow's token did.
    """

    def __init__(self, context: ServiceContext, event: RunCompleted) -> None:
        self.context, self.event = context, event
        self._is_failed_plan = event.workflow == PLANS and event.trigger == PROPOSED and event.conclusion == "failure"
        self._is_news = event.workflow == APPLIES or (context.hears_runs_only and event.workflow == PLANS)
        # Without a server nobody asks for metrics.
        self._is_looked_at = event.workflow == APPLIES or (is_timed(event) and not context.hears_runs_only)

    def plan(self, delivery: str) -> JobRequest | None:
        """Return the job, if it is a run of ours, or one whose end a comment may wait for."""
        is_ours = self._is_news or self._is_failed_plan or self._is_looked_at
        where = place(self.event) or (f"run-{self.event.run}" if is_ours else None)
        return requested(delivery, self.event, "progress", where) if where is not None else None

    def run(self, request: JobRequest, steps: Steps) -> Finished:
        looked, reported = RunLooked(), Reported()
        if self._is_looked_at:
            looked = steps.run("look", RUN_LOOKED, self.look)
        if self._is_news:
            reported = steps.run("report", REPORTED, lambda: self.report(looked.applied))
            if self.event.workflow == APPLIES:
                steps.run("release", RELEASED, lambda: self.release(looked.applied))
        is_planned_again = self._is_failed_plan and steps.run("plan", REPLANNED, self.replan).started
        # The run that was started again is the same one, and its end is told in the same place.
        if place(self.event) is not None and not is_planned_again:
            steps.run("tell", REPORTED, lambda: tell(self.context, self.event))
        follow = looked_at(self.event.repository, request, reported).follow
        if reported.may_hold:  # where no service runs, nobody hears of people's merges themselves
            due = RolloutDue(repository=self.event.repository, slot=f"{request.key}-held")
            follow = (*follow, rollout_job(request.delivery, due))
        return Finished(follow)

    def look(self) -> RunLooked:
        """Ask GitHub, once, for the run's jobs. Raises `Transient`."""
        event = self.event
        if event.workflow != APPLIES:
            return RunLooked(times=self._times())
        repo = repository_at_head(self.context, event.repository)
        jobs = repo.github.workflow_jobs(repo.name, event.run)
        names = self._applied(repo, jobs)
        times: tuple[StepTimes, ...] = ()
        if is_timed(event) and self._is_of_default(repo):
            there = repo.at(event.head_sha).trees()
            times = step_times(event, jobs, removed={name for name in names if name not in there})
        return RunLooked(applied=tuple(names), times=times)

    def _times(self) -> tuple[StepTimes, ...]:
        if self.event.trigger in AT_ITS_COMMIT and not self._is_of_default(
            repository_at_head(self.context, self.event.repository)
        ):
            return ()
        try:
            jobs = self.context.github.newest_jobs(self.event.repository, self.event.run)
        except GitHubRefused:
            return ()  # the run was deleted, or we may not see it: no reason for a job to fail
        return step_times(self.event, jobs, removed=())

    def _is_of_default(self, repo: Repository) -> bool:
        # A tag may be called as the branch is, so what counts is the commit, not the name.
        return repo.mirror.history.was_at(self.event.head_sha, repo.commit) is not None

    def report(self, applied: Sequence[EnvironmentName]) -> Reported:
        """Tell whoever waits for what was planned or deployed."""
        repo = repository_at_head(self.context, self.event.repository)
        if self.event.workflow == PLANS:
            return tell_checked(repo, self.event.head_sha, is_green=self.event.conclusion == "success")
        told = tuple(told for name in applied for told in tell_environment(repo, name))
        may_hold = self.event.trigger == "push" and may_begin(repo, are_merges_heard=not self.context.hears_runs_only)
        return Reported(comments=told, moved=moved(repo, applied), may_hold=may_hold)

    def replan(self) -> Replanned:
        """Start a plan once more that was approved while it ran. Raises `Transient`."""
        repo = repository_at_head(self.context, self.event.repository)
        return Replanned(started=plan_approved_meanwhile(repo, self.event))

    def release(self, applied: Sequence[EnvironmentName]) -> Released:
        """Give back the branches and claims of what was destroyed; make it again after a reset."""
        repo = repository_at_head(self.context, self.event.repository)
        released = [release(repo, name) for name in applied]
        return Released(released=any(released))

    def _applied(self, repo: Repository, jobs: Sequence[WorkflowJob]) -> list[EnvironmentName]:
        """Return what the run was to apply. When its first job fails it has no other, and only its commit tells."""
        found = list(filter(None, map(environment_name, applied_by(jobs))))
        asked = awaited(self.event.title) if self.event.trigger == "workflow_dispatch" else None
        if not found and asked is not None:
            return [asked.environment]
        if found or self.event.trigger != "push" or self.event.conclusion == "success":
            return found
        return list(filter(None, map(environment_name, touched_by(repo, self.event.head_sha))))
