"""What commands of workflows know of the job that they run in."""

from pathlib import Path

import pytest

from bot.cli.actions.options import attempt_url
from bot.cli.actions.run_context import schedule_of

RUN = {"GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "acme/infra", "GITHUB_RUN_ID": "900"}
PAGE = "https://github.example/acme/infra/actions/runs/900"


@pytest.mark.parametrize(
    ("more", "page"),
    [({}, PAGE), ({"GITHUB_RUN_ATTEMPT": "1"}, PAGE), ({"GITHUB_RUN_ATTEMPT": "3"}, f"{PAGE}/attempts/3")],
)
def test_each_attempt_of_a_run_has_a_page_of_its_own(more: dict[str, str], page: str) -> None:
    assert attempt_url({**RUN, **more}) == page
    assert attempt_url(more) == "", "outside of Actions there is no run"


@pytest.mark.parametrize(
    ("event", "line"),
    [('{"schedule": "23 5 * * *"}', "23 5 * * *"), ('{"inputs": {"environment": ""}}', ""), ("[]", ""), ("{", "")],
)
def test_a_run_that_a_schedule_started_knows_its_line(event: str, line: str, tmp_path: Path) -> None:
    (tmp_path / "event.json").write_text(event)
    assert schedule_of({"GITHUB_EVENT_PATH": str(tmp_path / "event.json")}) == line
    assert schedule_of({}) == "", "outside of Actions there is none"
