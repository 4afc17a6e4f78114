"""Metrics count the steps of our own workflows' runs, in words of our own, and nothing of what others may push."""

from dataclasses import dataclass
from datetime import timedelta

import pytest
import yaml

from bot.events import RunCompleted
from bot.sandbox.github import EndedStep, SandboxRun
from bot.service.event_jobs.step_times import known_steps
from bot.service.jobs_api import RunLooked
from tests import ROOT
from tests.support.small_monorepo import MAINTAINER, REPOSITORY, SmallMonorepo
from tests.support.workflow_runs import Actions

Times = dict[tuple[str, str, str], tuple[float, ...]]
STEPS = (("Install Terraform", "success", 3), ("Install OpenTofu", "skipped", 0), ("Trust our proxy", "success", 2))


@dataclass
class Runs:
    """Runs that end, and what is counted of them."""

    place: SmallMonorepo
    actions: Actions

    def begin(self, workflow: str, trigger: str, *jobs: str, commit: str = "") -> int:
        """Record a run of the default branch's head, or of a commit, in each of whose jobs the same steps end."""
        commit = commit or self.place.server.head(REPOSITORY) or ""
        run = SandboxRun(f".github/workflows/{workflow}.yml", trigger, commit, MAINTAINER, "main")
        number = self.place.server.record_run(REPOSITORY, run)
        self.work(number, *jobs)
        return number

    def work(self, run: int, *jobs: str, last: str = "success") -> None:
        for job in jobs:
            self.place.server.note_job(run, job)
            for name, conclusion, seconds in (*STEPS, (job.partition(" ")[0].capitalize(), last, 40)):
                self.place.server.note_step(run, job, EndedStep(name, conclusion, timedelta(seconds=seconds)))
            self.place.server.note_job(run, job, last)

    def end(self, run: int, conclusion: str = "success") -> Times | None:
        """End a run; return what is counted, None if nobody even asks."""
        self.place.server.finish_run(run, conclusion)
        assert self.place.server.settle()
        return self.heard()

    def heard(self, **other: object) -> Times | None:
        """Let the service hear of the last end, perhaps with something else in it."""
        event = self.actions.ended[-1]
        assert isinstance(event, RunCompleted)
        looked = self.place.work(event.model_copy(update=other)).results.get("look")
        if looked is None:
            return None
        assert isinstance(looked, RunLooked)
        return {(each.workflow, each.step, each.conclusion): each.seconds for each in looked.times}


@pytest.fixture
def runs(place: SmallMonorepo, actions: Actions) -> Runs:
    return Runs(place, actions)


def times(workflow: str, step: str, conclusion: str = "success") -> Times:
    """Return what `STEPS` and one more step come to; what the runner does at a job's two ends is of others."""
    return {
        (workflow, "Install Terraform", "success"): (3,),
        (workflow, step, conclusion): (40,),
        (workflow, "other", "success"): (0, 2, 0),
    }


def test_each_step_of_a_run_is_counted_by_workflow_and_result(runs: Runs) -> None:
    mine = runs.place.server.commit(REPOSITORY, {"README.md": b"x"}, by="alice", message="Mine", branch="mine")
    planned = runs.begin("plan", "pull_request_target", "plan (production)", commit=mine)
    assert runs.end(planned) == times("plan", "Plan")
    runs.place.service.context.github.rerun(runs.place.repository().name, planned)
    runs.work(planned, "plan (demo-x)", last="failure")
    assert runs.end(planned, "failure") == times("plan", "Plan", "failure")
    ended = runs.actions.ended[-1]
    assert isinstance(ended, RunCompleted)
    later = ended.started_at + timedelta(seconds=1)
    assert runs.heard(started_at=later) == {}, "what is not run again is shown once more, with the times that it had"
    assert runs.heard(run=1) == {}, "it was deleted meanwhile"
    applied = runs.end(runs.begin("apply", "push", "apply (production)", "apply (demo-x)"))
    assert applied == {**times("apply", "Apply"), **times("destroy", "Apply")}, "there is no demo-x any more"


def test_a_run_of_what_somebody_pushed_is_not_counted(runs: Runs) -> None:
    mine = runs.place.server.commit(REPOSITORY, {"README.md": b"x"}, by="alice", message="Mine", branch="mine")
    asked = {
        (workflow, trigger, commit == mine): runs.end(runs.begin(workflow, trigger, "own", commit=commit))
        for workflow, trigger, commit in (
            ("apply", "push", mine),
            ("drift", "workflow_dispatch", mine),
            ("plan", "pull_request", mine),
            ("queue", "merge_group", mine),
            ("ci", "push", ""),
        )
    }
    assert asked == {
        ("apply", "push", True): {},
        ("drift", "workflow_dispatch", True): {},
        ("plan", "pull_request", True): None,
        ("queue", "merge_group", True): None,
        ("ci", "push", False): None,
    }
    assert runs.end(runs.begin("expire", "schedule", "expire"), "skipped") is None
    runs.place.service.context.hears_runs_only = True
    assert runs.end(runs.begin("drift", "schedule", "drift (production)")) is None, "nobody asks for metrics"


def test_the_words_for_steps_are_those_of_the_workflows_that_we_ship() -> None:
    for path, names in known_steps().items():
        jobs = yaml.safe_load((ROOT / path).read_text())["jobs"].values()
        assert names == {step["name"] for job in jobs for step in job["steps"]}
        assert not any("${{" in name for name in names)
