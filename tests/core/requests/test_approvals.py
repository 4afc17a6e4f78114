"""Whose word lets code be planned that the base branch does not have."""

import pytest

from bot.core.requests.approvals import Said, approvers
from bot.model.policy import Policy

COMMIT = "1" * 40


def test_what_a_person_said_last_of_this_commit_counts() -> None:
    assert list(approvers([Said("max", "APPROVED", COMMIT), Said("max", "COMMENTED", COMMIT)], COMMIT)) == ["max"]
    assert list(approvers([Said("max", "APPROVED", COMMIT), Said("Max", "DISMISSED", COMMIT)], COMMIT)) == []
    assert list(approvers([Said("max", "APPROVED", "2" * 40)], COMMIT)) == []


@pytest.mark.parametrize("name", ["github-actions[bot]", "GitHub-Actions[bot]"])
def test_any_pushed_workflow_writes_in_the_name_of_actions_so_its_word_is_nobodys(name: str) -> None:
    assert list(approvers([Said(name, "APPROVED", COMMIT)], COMMIT)) == []
    with pytest.raises(ValueError, match="in whose name every pushed workflow writes"):
        Policy(bot=name)
    assert Policy(bot="envclone[bot]").bot == "envclone[bot]"
