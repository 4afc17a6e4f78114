"""The job of a required check that has ended."""

from bot.clients.github.records import ACTIONS_APP
from bot.core.requests.branches import read_branch, read_wave
from bot.events import CheckRunCompleted
from bot.service.commands.expire import merge_expired
from bot.service.commands.made_again import merge_made_again
from bot.service.context import ServiceContext
from bot.service.event_jobs.followed import requested
from bot.service.event_jobs.written import add_written
from bot.service.jobs_api import REPORTED, Finished, JobRequest, Reported, Steps
from bot.service.planned.checks import REQUIRED_CHECK
from bot.service.planned.thumbs import perhaps_confirmed
from bot.service.proposals.wave import changed_in
from bot.service.repository import Repository, repository_at_head
from bot.service.rollouts.job import looked_at, moved
from bot.service.status import report_branch


class CheckJob:
    """Reports the required check, and merges the removal of an expired clone that passed it."""

    def __init__(self, context: ServiceContext, event: CheckRunCompleted) -> None:
        self.context, self.event = context, event

    def plan(self, delivery: str) -> JobRequest | None:
        """Return the job; which environment the check is about is only known from the commit's pull request."""
        if self.event.name != REQUIRED_CHECK or self.event.app != ACTIONS_APP:
            return None
        return requested(delivery, self.event, "check", f"check-{self.event.head_sha}")

    def run(self, request: JobRequest, steps: Steps) -> Finished:
        reported = steps.run("report", REPORTED, self.report)
        return looked_at(self.event.repository, request, reported)

    def report(self) -> Reported:
        """Tell whoever asked for what was checked; merge what may be."""
        repo = repository_at_head(self.context, self.event.repository)
        return tell_checked(repo, self.event.head_sha, is_green=self.event.conclusion == "success")


def tell_checked(repo: Repository, commit: str, *, is_green: bool) -> Reported:
    """Tell whoever asked for what a commit proposes; merge the removal of an expired clone whose check is green, add code that a plan wrote."""
    pulls = repo.github.pull_requests_for_commit(repo.name, commit)
    branches = [
        branch
        for pull in pulls
        if pull.is_from(repo.name) and repo.is_ours(pull) and (branch := read_branch(pull.head))
    ]
    added = [add_written(repo, each.environment, commit) for each in branches if each.kind == "change" and not is_green]
    repo = repo.fetched() if any(added) else repo
    told = [comment for branch in branches for comment in report_branch(repo, branch)]
    for branch in branches:
        if branch.kind == "destroy" and is_green:
            merge_expired(repo, branch.environment)
        if branch.kind == "clone" and is_green:
            merge_made_again(repo, branch.environment)
    waves = [pull for pull in pulls if pull.is_from(repo.name) and repo.is_ours(pull) and read_wave(pull.head)]
    together = [name for pull in waves for name in changed_in(repo, pull)]
    changes = [branch.environment for branch in branches if branch.kind == "change"]
    repairs = tuple(name for name in perhaps_confirmed(repo) if name in changes)
    return Reported(comments=tuple(told), moved=moved(repo, [*changes, *together]), repairs=repairs)
