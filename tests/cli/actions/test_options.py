"""What commands of workflows know of the job that they run in."""

import pytest

from bot.cli.actions.options import attempt_url

RUN = {"GITHUB_SERVER_URL": "https://github.example", "GITHUB_REPOSITORY": "acme/infra", "GITHUB_RUN_ID": "900"}
PAGE = "https://github.example/acme/infra/actions/runs/900"


@pytest.mark.parametrize(
    ("more", "page"),
    [({}, PAGE), ({"GITHUB_RUN_ATTEMPT": "1"}, PAGE), ({"GITHUB_RUN_ATTEMPT": "3"}, f"{PAGE}/attempts/3")],
)
def test_each_attempt_of_a_run_has_a_page_of_its_own(more: dict[str, str], page: str) -> None:
    assert attempt_url({**RUN, **more}) == page
    assert attempt_url(more) == "", "outside of Actions there is no run"
