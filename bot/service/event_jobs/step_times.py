"""How long the steps of a run of ours took, for metrics.

Anybody who may push can have a workflow of any name, with steps of any names. So a run counts only if GitHub read its file on the default
branch, and only workflows and steps that we ship become words of their own: steps of others, and those that the runner adds, are `other`.
"""

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from functools import cache
from pathlib import PurePosixPath

from bot.clients.github.records import WorkflowJob
from bot.clients.shipped import shipped
from bot.events import RunCompleted
from bot.service.deployments.confirmed import TRIGGERS, WORKFLOW, applied_in
from bot.service.jobs_api import StepTimes
from bot.service.reruns.run_end import FOLDER, PROPOSED

AT_ITS_COMMIT = TRIGGERS
"""Events of which GitHub reads the file at the run's commit."""
BY_DEFAULT = frozenset({PROPOSED, "schedule"})
"""Events of which it reads the default branch's."""
CONCLUSIONS = frozenset({"cancelled", "failure", "success", "timed_out"})
OTHER = "other"
DESTROY = "destroy"
"""What an apply of an environment that the commit removed is called: it runs in the same file."""
_STEP = re.compile(r"^ +- name: (.+)$", re.MULTILINE)


@cache
def known_steps() -> Mapping[str, frozenset[str]]:
    """Return the names of the steps of each workflow that we ship, by its path."""
    workflows = {path: text for path, text in shipped().items() if path.startswith("workflows/")}
    return {
        FOLDER + PurePosixPath(path).name: frozenset(_STEP.findall(text.decode())) for path, text in workflows.items()
    }


def is_timed(event: RunCompleted) -> bool:
    """Say whether a run may have steps that count; one that was skipped has none."""
    return (
        event.workflow in known_steps()
        and event.trigger in AT_ITS_COMMIT | BY_DEFAULT
        and event.conclusion != "skipped"
    )


def step_times(event: RunCompleted, jobs: Iterable[WorkflowJob], removed: Container[str]) -> tuple[StepTimes, ...]:
    """Return the times of what ran in a run's last attempt; `removed` are the environments that its commit no longer has."""
    known, found = known_steps()[event.workflow], defaultdict[tuple[str, str, str], list[float]](list)
    for job in jobs:
        # Where only failed jobs are run again, GitHub shows the others once more, with the times that they had.
        if job.attempt != event.attempt or job.started_at < event.started_at:
            continue
        workflow = DESTROY if _destroys(event, job, removed) else PurePosixPath(event.workflow).stem
        for step in job.steps:
            if step.took is None or step.conclusion in {None, "skipped"}:
                continue
            name = step.name if step.name in known else OTHER
            conclusion = step.conclusion if step.conclusion in CONCLUSIONS else OTHER
            found[workflow, name, conclusion].append(max(0.0, step.took.total_seconds()))
    return tuple(
        StepTimes(workflow=workflow, step=step, conclusion=conclusion, seconds=tuple(seconds))
        for (workflow, step, conclusion), seconds in sorted(found.items())
    )


def _destroys(event: RunCompleted, job: WorkflowJob, removed: Container[str]) -> bool:
    name = applied_in(job) if event.workflow == WORKFLOW else None
    return name is not None and name in removed
