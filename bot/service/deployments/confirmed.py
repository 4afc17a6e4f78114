"""What deployments say was done, as far as GitHub itself confirms it.

Whoever may push a branch may push a workflow that writes a deployment of ours, with any payload, state and address. What they can't make is
a run of the default branch's own `apply.yml`: GitHub says of each run by which file, at which commit and by which event it was started, and
how each of its jobs ended. So a success counts only if

- its address is that of a run of that file, at a commit that the default branch itself was at, by an event that reads the file there;
- the environment was the same at the run's commit as at the deployment's: a run of an earlier version proves nothing of a later one;
- the run's job for that very environment succeeded. While the job is under way its word is taken, for it reports before it ends: a forger
  has to be there in that minute, and is contradicted when the job ends.

Anything else than a success decides nothing, and is taken as it is said.
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
RUNS_KEPT = timedelta(days=400)
"""GitHub deletes a run after that, and with it what confirms a deployment. When a deployment was made nobody can forge: an older one is
taken at its word, for a name that was destroyed two years ago must stay free."""
MOST_REFUSED = 5
"""Runs that are asked for in vain for one deployment: whoever may write one status may write thousands."""
_RUN = re.compile(r"https?://[^?#]+/actions/runs/([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class ConfirmedDeployment:
    """A deployment whose word counts; `is_over` says that its job has ended, too, or that it never said that it succeeded."""

    deployment: Deployment
    status: DeploymentStatus | None
    outcome: DeploymentOutcome
    is_over: bool = True


def confirmed(repo: Repository, deployments: Iterable[Deployment]) -> Iterator[ConfirmedDeployment]:
    """Yield those whose word counts, in their order; GitHub is asked about each only when it is its turn. Raises `Transient`."""
    return (found for each in deployments if (found := confirmation(repo, each)) is not None)


def confirmation(repo: Repository, deployment: Deployment) -> ConfirmedDeployment | None:
    """Return what a deployment says; None when all that it says is a success that nothing confirms. Raises `Transient`."""
    refused: set[str] = set()
    for said in repo.github.deployment_statuses(repo.name, deployment.id):
        outcome = outcome_of(said.state)
        if outcome == "failure" or (outcome == "in_progress" and said.log_url not in refused):
            return ConfirmedDeployment(deployment, said, outcome)
        # GitHub itself makes an earlier deployment inactive, and may name no run then. And what is forged hides nothing that was said before.
        if outcome == "success" and said.log_url not in refused and len(refused) < MOST_REFUSED:
            is_over = _is_over(repo, deployment, said.log_url)
            if is_over is not None:
                return ConfirmedDeployment(deployment, said, outcome, is_over)
            refused.add(said.log_url)
    return None if refused else ConfirmedDeployment(deployment, None, "in_progress")


def _is_over(repo: Repository, deployment: Deployment, url: str) -> bool | None:
    """Say whether the job is over that did what a deployment says; None when no job of the run did it, or none that is known."""
    jobs = _jobs(repo, deployment, url)
    if jobs is None:
        return True if repo.context.now() - deployment.created_at > RUNS_KEPT else None
    name = JOB.format(environment=deployment.environment)
    ended = [job.conclusion for job in jobs if job.name == name and (job.conclusion or job.progress == "in_progress")]
    return None not in ended if ended and set(ended) <= {None, "success"} else None


def _jobs(repo: Repository, deployment: Deployment, url: str) -> list[WorkflowJob] | None:
    """Return the jobs of the run that a deployment names, none if it is no run that can apply it; None if there is no such run."""
    address = _RUN.fullmatch(url)
    run = repo.github.workflow_run(repo.name, int(address[1])) if address is not None else None
    if run is None:
        return None
    if run.workflow != WORKFLOW or run.trigger not in TRIGGERS:
        return []
    # A tag may be called as the branch is, so what counts is the commit, not the name.
    if any(repo.mirror.was_at(commit, repo.commit) is None for commit in (run.head_sha, deployment.sha)):
        return []
    directory = repo.roots.environment(EnvironmentName(deployment.environment))
    if repo.mirror.last_change(run.head_sha, directory) != repo.mirror.last_change(deployment.sha, directory):
        return []
    return repo.github.workflow_jobs(repo.name, run.id)
