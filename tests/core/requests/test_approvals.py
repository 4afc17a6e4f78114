"""Whose word lets code be planned that the base branch does not have."""

import pytest

from bot.core.requests.approvals import Said, approvers
from bot.model.policy import Policy

COMMIT = "1" * 40


def said(state: str, hour: int, by: str = "max", commit: str = COMMIT) -> Said:
    return Said(by, state, commit, f"2026-03-04T{hour:02}:00:00Z")


def test_what_a_person_said_last_of_this_commit_counts() -> None:
    assert list(approvers([said("APPROVED", 1), said("COMMENTED", 2)], COMMIT)) == ["max"]
    assert list(approvers([said("APPROVED", 1), said("DISMISSED", 2, by="Max")], COMMIT)) == []
    assert list(approvers([said("APPROVED", 1, commit="2" * 40)], COMMIT)) == []


def test_the_last_word_is_the_latest_wherever_it_was_said() -> None:
    assert list(approvers([said("CHANGES_REQUESTED", 2), said("APPROVED", 1)], COMMIT)) == []
    assert list(approvers([said("APPROVED", 3), said("CHANGES_REQUESTED", 2)], COMMIT)) == ["max"]


@pytest.mark.parametrize("name", ["github-actions[bot]", "GitHub-Actions[bot]"])
def test_any_pushed_workflow_writes_in_the_name_of_actions_so_its_word_is_nobodys(name: str) -> None:
    assert list(approvers([said("APPROVED", 1, by=name)], COMMIT)) == []
    with pytest.raises(ValueError, match="in whose name every pushed workflow writes"):
        Policy(bot=name)
    assert Policy(bot="envclone[bot]").bot == "envclone[bot]"
