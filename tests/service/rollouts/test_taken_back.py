"""A template that goes back to an earlier revision: what went on before is brought back, and nothing of it is left open unnoticed."""

import pytest

from tests.service.rollouts.test_rollout import (
    SECURE,
    change,
    company,
    issue,
    look,
    planned,
    pulls,
    table,
)
from tests.support import example
from tests.support.small_monorepo import REPOSITORY, SmallMonorepo
from tests.support.triggers import merged


def test_a_template_that_goes_back_to_an_earlier_revision_is_rolled_out_once_more(place: SmallMonorepo) -> None:
    company(place, clones={"demo-a": "demo"})
    numbers = []
    for data in (SECURE, SECURE + b"# worse\n", SECURE):
        change(place, data)
        look(place)
        numbers.append(issue(place).number)
    assert len(set(numbers)) == 3
    assert [place.server.issue(REPOSITORY, number).state for number in numbers] == ["closed", "closed", "open"]
    said = [comment for number in numbers for comment in place.written(number)]
    assert [f"continues in #{newer}" in text for newer, text in zip(numbers[1:], said, strict=True)] == [True, True]
    assert table(place)["demo-a"] == "planning"
    assert place.server.read(REPOSITORY, "envs/demo-a/app/main.tf", "envclone-change/demo-a") == SECURE


@pytest.mark.sample
def test_a_template_that_is_taken_back_before_anything_was_merged_ends_its_rollout(place: SmallMonorepo) -> None:
    company(place, clones={"demo-a": "demo"})
    change(place)
    look(place)
    proposed, first = pulls(place)["demo-a"].number, issue(place).number
    change(place, example.MAIN)
    look(place)
    assert (issue(place).number, issue(place).state) == (first, "closed")
    (said,) = place.written(first)
    assert "every environment is already at it" in said
    assert f"Close #{proposed}" in said


def test_a_pull_request_of_an_environment_that_needs_nothing_more_is_named(place: SmallMonorepo) -> None:
    company(place, clones={"demo-a": "demo", "demo-b": "demo"})
    change(place)
    look(place)
    first, left = issue(place).number, pulls(place)["demo-b"].number
    planned(place, "demo-a")
    merged(place, pulls(place)["demo-a"].number)
    change(place, example.MAIN)
    look(place)
    assert set(table(place)) == {"demo-a"}
    (said,) = place.written(first)
    assert f"continues in #{issue(place).number}" in said
    assert f"Close #{left}" in said
