"""What a command of a workflow knows of the job that it is part of."""

from pathlib import Path

import pytest

from bot.cli.actions.actions_job import named_repository, on_github, proposed_commit, schedule_of

NAMED = {"GITHUB_TOKEN": "t", "GITHUB_REPOSITORY": "acme/infra", "GITHUB_API_URL": "https://github.example/api/v3"}


@pytest.mark.parametrize(
    ("event", "line"),
    [('{"schedule": "23 5 * * *"}', "23 5 * * *"), ('{"inputs": {"environment": ""}}', ""), ("[]", ""), ("{", "")],
)
def test_a_run_that_a_schedule_started_knows_its_line(event: str, line: str, tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text(event)
    assert schedule_of({"GITHUB_EVENT_PATH": str(tmp_path / "event.json")}) == line
    assert schedule_of({}) == "", "outside of Actions there is none"


def test_a_repository_is_named_anywhere_and_a_job_is_one_of_actions() -> None:
    found = named_repository(NAMED)
    assert found is not None
    assert found.repository == "acme/infra"
    assert named_repository({**NAMED, "GITHUB_TOKEN": ""}) is None
    assert on_github(NAMED) is None
    assert on_github({**NAMED, "GITHUB_ACTIONS": "true"}) is not None


@pytest.mark.parametrize(
    ("event", "number"),
    [('{"pull_request": {"number": 7, "head": {"sha": "ab"}}}', 7), ('{"schedule": "23 5 * * *"}', None), ("{", None)],
)
def test_a_commit_is_proposed_where_a_pull_request_started_the_job(
    event: str, number: int | None, tmp_path: Path
) -> None:
    (tmp_path / "event.json").write_text(event)
    found = proposed_commit({**NAMED, "GITHUB_EVENT_PATH": str(tmp_path / "event.json")})
    assert (found.number if found else None) == number
