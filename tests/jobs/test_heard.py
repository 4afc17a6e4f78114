"""What the service counts of runs in GitHub Actions, by what their deliveries say."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.requests.rerun import DRIFT_CHECK
from bot.events import CheckRunCompleted, Ping, RunCompleted
from bot.jobs.heard import WORKFLOWS, DriftHeard, RunHeard, heard
from bot.names import RepositoryName
from tests import ROOT

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
REPOSITORY = RepositoryName("acme/infra")


def run(workflow: str, conclusion: str) -> RunCompleted:
    return RunCompleted(
        repository=REPOSITORY,
        run=1,
        workflow=workflow,
        trigger="push",
        head="main",
        head_sha="a" * 40,
        conclusion=conclusion,
        started_at=NOW - timedelta(minutes=3),
        url="https://github.example/run/1",
    )


def drift(conclusion: str, app: str = "github-actions") -> CheckRunCompleted:
    name = DRIFT_CHECK.format(environment="demo-x")
    return CheckRunCompleted(
        repository=REPOSITORY,
        check=1,
        name=name,
        head_sha="a" * 40,
        conclusion=conclusion,
        app=app,
        external_id="demo-x",
        pull_requests=(),
    )


def test_a_run_of_ours_is_counted_with_how_long_it_took() -> None:
    assert heard(run(".github/workflows/apply.yml", "success"), NOW) == RunHeard("apply", "success", 180)
    assert heard(run(".github/workflows/plan.yml", "something new"), NOW) == RunHeard("plan", "other", 180)


@pytest.mark.parametrize("workflow", [".github/workflows/theirs.yml", "plan.yml.yml", "dynamic/pages"])
def test_what_somebody_elses_workflows_are_called_makes_no_label(workflow: str) -> None:
    assert heard(run(workflow, "success"), NOW) is None


def test_a_run_that_did_nothing_and_any_other_event_is_not_counted() -> None:
    assert heard(run(".github/workflows/apply.yml", "skipped"), NOW) is None
    assert heard(Ping(hook=1), NOW) is None


def test_a_search_for_drift_is_counted_by_what_it_found() -> None:
    found = [heard(drift(each), NOW) for each in ("success", "neutral", "failure")]
    assert found == [DriftHeard("none"), DriftHeard("found"), DriftHeard("unchecked")]
    assert heard(drift("neutral", app="somebody"), NOW) is None


def test_each_workflow_that_is_counted_is_there() -> None:
    there = {path.stem for path in (ROOT / ".github" / "workflows").glob("*.yml")}
    assert there >= WORKFLOWS
