"""What deployments say was done, as far as GitHub itself confirms it.

Whoever may push a branch may push a workflow that writes a deployment of ours, with any payload, state and address. What they can't make is
a run of the default branch's own `apply.yml`: GitHub says of each run by which file, at which commit and by which event it was started, and
how each of its jobs ended. So a success counts only if

- its address is that of a run of that file, at a commit that the default branch itself was at, by an event that reads the file there;
- the environment was the same at the run's commit as at the deployment's: a run of an earlier version proves nothing of a later one;
- the run's job for that very environment succeeded. It reports before it ends, so until then it is under way, whatever it says: nothing
  that decides may follow from the word alone. When the run has ended GitHub says so, and then it is looked at again.

Anything else than a success decides nothing, and is taken as it is said; but what is under way in a run whose job has ended otherwise has
failed: a runner that is lost, or a job that takes too long, says nothing more.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from bot.clients.github.records import Deployment, DeploymentStatus, WorkflowJob
from bot.core.requests.status import DeploymentOutcome, outcome_of
from bot.names import EnvironmentName
from bot.service.repository import Repository

WORKFLOW = ".github/workflows/apply.yml"
TRIGGERS = frozenset({"push", "workflow_dispatch"})
JOB = "apply ({environment})"
"""What the job of an environment is called in `apply.yml`."""
_JOB = re.compile(re.escape(JOB).replace(r"\{environment\}", "(.+)"))
SILENT = "The run ended before it could report anything"
RUNS_KEPT = timedelta(days=400)
"""GitHub deletes a run after that, and with it what confirms a deployment. When a deployment was made nobody can forge: an older one is
taken at its word, for a name that was destroyed two years ago must stay free."""
MOST_REFUSED = 5
"""Runs that are asked for in vain for one deployment: whoever may write one status may write thousands."""
_RUN = re.compile(r"https?://[^?#]+/actions/runs/([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class ConfirmedDeployment:
    """A deployment whose word counts, and what it came to."""

    deployment: Deployment
    status: DeploymentStatus | None
    outcome: DeploymentOutcome


def applied_by(jobs: Iterable[WorkflowJob]) -> list[str]:
    """Return the names that a run of `apply.yml` had a job for, by its jobs, whatever came of it.

    Deployments that were made since it began say less: a run that resumes an apply reports in that of the run before.
    """
    return list(dict.fromkeys(name for job in jobs if (name := applied_in(job)) is not None))


def applied_in(job: WorkflowJob) -> str | None:
    """Return the name that a job of `apply.yml` is for, None for its other jobs."""
    found = _JOB.fullmatch(job.name)
    return found[1] if found is not None else None


def confirmed(repo: Repository, deployments: Iterable[Deployment]) -> Iterator[ConfirmedDeployment]:
    """Yield those whose word counts, in their order; GitHub is asked about each only when it is its turn. Raises `Transient`."""
    return (found for each in deployments if (found := confirmation(repo, each)) is not None)


def confirmation(repo: Repository, deployment: Deployment, run: str | None = None) -> ConfirmedDeployment | None:
    """Return what a deployment says; None when all that it says is a success that nothing confirms. Raises `Transient`.

    With the address of a run, what that run has said of it, whatever others said later.
    """
    refused: set[str] = set()
    for said in repo.github.deployment_statuses(repo.name, deployment.id):
        if run not in {None, said.log_url}:
            continue
        outcome = outcome_of(said.state)
        if outcome == "failure":
            return ConfirmedDeployment(deployment, said, outcome)
        if outcome == "in_progress" and said.log_url not in refused:
            return _under_way(repo, deployment, said)
        # GitHub itself makes an earlier deployment inactive, and may name no run then. And what is forged hides nothing that was said before.
        if outcome == "success" and said.log_url not in refused and len(refused) < MOST_REFUSED:
            known = _known(repo, deployment, said.log_url)
            if known is not None:
                return ConfirmedDeployment(deployment, said, known)
            refused.add(said.log_url)
    return None if refused else ConfirmedDeployment(deployment, None, "in_progress")


def _under_way(repo: Repository, deployment: Deployment, said: DeploymentStatus) -> ConfirmedDeployment:
    jobs = _jobs(repo, deployment, said.log_url) or ()
    if has_failed(jobs, deployment.environment):
        return ConfirmedDeployment(deployment, DeploymentStatus("failure", SILENT, log_url=said.log_url), "failure")
    return ConfirmedDeployment(deployment, said, "in_progress")


def has_failed(jobs: Iterable[WorkflowJob], environment: str) -> bool:
    """Say whether the job of an environment has ended, and not well."""
    job = _standing(jobs, environment)
    return job is not None and job.conclusion not in {None, "success"}


def _standing(jobs: Iterable[WorkflowJob], environment: str) -> WorkflowJob | None:
    """Return the job of an environment in the newest attempt in which it began, for one that was cancelled before that changed nothing."""
    mine = (job for job in jobs if job.name == JOB.format(environment=environment))
    return max(mine, key=lambda job: (job.is_begun, job.attempt), default=None)


def _known(repo: Repository, deployment: Deployment, url: str) -> DeploymentOutcome | None:
    """Return how far the job is that says of a deployment that it succeeded; None when no job of the run did it, or none that is known."""
    jobs = _jobs(repo, deployment, url)
    if jobs is None:
        return "success" if repo.context.now() - deployment.created_at > RUNS_KEPT else None
    job = _standing(jobs, deployment.environment)
    if job is None or not job.is_begun or job.conclusion not in {None, "success"}:
        return None
    return "in_progress" if job.conclusion is None else "success"


def _jobs(repo: Repository, deployment: Deployment, url: str) -> list[WorkflowJob] | None:
    """Return the jobs of the run that a deployment names, none if it is no run that can apply it; None if there is no such run."""
    address = _RUN.fullmatch(url)
    run = repo.github.workflow_run(repo.name, int(address[1])) if address is not None else None
    if run is None:
        return None
    if run.workflow != WORKFLOW or run.trigger not in TRIGGERS:
        return []
    # A tag may be called as the branch is, so what counts is the commit, not the name.
    if any(repo.mirror.history.was_at(commit, repo.commit) is None for commit in (run.head_sha, deployment.sha)):
        return []
    directory = repo.roots.environment(EnvironmentName(deployment.environment))
    if repo.mirror.history.last_change(run.head_sha, directory) != repo.mirror.history.last_change(
        deployment.sha, directory
    ):
        return []
    return repo.github.workflow_jobs(repo.name, run.id)
