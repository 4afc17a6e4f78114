"""The plan of a pull request, once more.

It is planned again by running its newest plan once more: the same event, so the same tool from the default branch, and the
credentials that go with it. A run that began after it was asked for is taken for ours.
"""

from datetime import datetime

from bot.clients.github.records import PullRequest, WorkflowRun
from bot.core.messages import rerun_replies as texts
from bot.core.requests.refusal import Refused
from bot.core.requests.rerun import plan_key
from bot.names import EnvironmentName
from bot.service.repository import Repository
from bot.service.reruns.run_end import PLAN, PROPOSED
from bot.service.reruns.starts import start, with_end

NOTHING_TO_PLAN = "nothing to plan"
"""The title of a run that a new title or text of a pull request started (`run-name` of `plan.yml`). Whoever gives a pull request that
title only hides its plans from `/plan`: what is approved is asked of all runs."""


def planned_again(
    repo: Repository, pull: PullRequest, name: EnvironmentName | None, commented_at: datetime
) -> str | Refused:
    """Return what is said of the pull request's plan, which is started unless it is under way; `name` is whose plan was asked for."""
    found = repo.github.workflow_runs(repo.name, PLAN, event=PROPOSED, head_sha=pull.head_sha)
    runs = [run for run in found if run.title != NOTHING_TO_PLAN]
    if not runs:
        return Refused(f"#{pull.number} has no plan to re-run. Push to its branch to start one.")
    newest = runs[0]
    key = plan_key(name, pull.number, newest.id) if name is not None else ""
    started = texts.StartedRun(key, f"[the run]({newest.url})")
    if _is_ours(newest, commented_at):
        return with_end(repo, texts.planned_again(pull.number, started), newest)
    if not newest.is_over:
        return texts.planned_again(pull.number, started, was_running=True)
    refused = start(lambda: repo.github.rerun(repo.name, newest.id), PLAN)
    return refused or texts.planned_again(pull.number, started)


def _is_ours(run: WorkflowRun, commented_at: datetime) -> bool:
    return run.attempt > 1 and run.started_at >= commented_at.replace(microsecond=0)
