"""How each environment of a rollout of modules stands: by its deployments, and by the run that the rollout started for it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from bot.clients.github.records import Issue, WorkflowRun
from bot.core.requests.rerun import release_title
from bot.core.rollout.module_record import ModuleRecord
from bot.core.rollout.next_actions import is_done
from bot.core.rollout.record import ENDED, MemberStage, RolloutMember
from bot.names import EnvironmentName
from bot.service.deployments.confirmed import SILENT, confirmation
from bot.service.deployments.modules import has_same_modules
from bot.service.repository import Repository
from bot.service.reruns.run_end import APPLY


@dataclass(frozen=True, slots=True)
class ModuleRollout:
    """A rollout of modules: its issue, and what that remembers."""

    issue: Issue
    record: ModuleRecord


Runs = Mapping[str, WorkflowRun]
"""The newest runs of the apply that were started by name, by their titles."""


def named_runs(repo: Repository) -> Runs:
    """Return the runs by which releases are found again. Raises `Transient`."""
    found = repo.github.workflow_runs(repo.name, APPLY, event="workflow_dispatch")
    return {run.title: run for run in reversed(found)}


def module_members(
    repo: Repository, rollout: ModuleRollout, runs: Runs, only: Collection[EnvironmentName] = ()
) -> dict[EnvironmentName, RolloutMember]:
    """Return how every environment stands; with `only` the others stand as they did when they were looked at last.

    Those that have ended, or whose wave has not begun, are not looked at unless they are asked for. Raises `Transient`.
    """
    found: dict[EnvironmentName, RolloutMember] = {}
    has_begun = True
    for wave in rollout.record.waves:
        for name in wave:
            last = rollout.record.members[name]
            is_due = name in only if only else has_begun
            found[name] = module_member(repo, rollout, runs, name) if is_due and last.stage not in ENDED else last
        has_begun = has_begun and is_done(found[name] for name in wave)
    return found


def module_member(repo: Repository, rollout: ModuleRollout, runs: Runs, name: EnvironmentName) -> RolloutMember:
    """Return how an environment stands now. Raises `Transient`.

    Its newest deployment with the modules as they are now tells, whatever started that: the rollout, a merge, or `/resume`.
    """
    last = rollout.record.members[name]
    if repo.tree_of(name) is None:
        return replace(last, stage=MemberStage.GONE, note="")
    for deployment in repo.github.deployments(repo.name, name):
        if not has_same_modules(repo, deployment.sha, name):
            break
        found = confirmation(repo, deployment)
        if found is None:
            continue
        if found.outcome == "failure":
            said = found.status.description.rstrip(".") if found.status else ""
            note = f"{said or 'The apply failed'}. Comment `/resume {name}`."
            return replace(last, stage=MemberStage.FAILED, note=note)
        is_applied = found.outcome == "success"
        return replace(last, stage=MemberStage.APPLIED if is_applied else MemberStage.MERGED, note="")
    run = runs.get(release_title(name, rollout.issue.number))
    if run is not None and run.is_over:
        return replace(last, stage=MemberStage.FAILED, note=f"{SILENT}. Comment `/resume {name}`.")
    if run is not None:
        return replace(last, stage=MemberStage.MERGED, note="")
    return last
