"""The status comment says what is done, and nothing before it is."""

from typing import Literal

import pytest

from bot.core.messages.status_comment import proposal_comment
from bot.core.requests.branches import Branch
from bot.core.requests.status import StatusFacts
from bot.names import EnvironmentName


@pytest.mark.parametrize("stage", ["pending", "in_progress"])
def test_what_is_under_way_is_not_ticked_off(stage: Literal["pending", "in_progress"]) -> None:
    facts = StatusFacts(pull_number=3, pull_url="https://github.example/3", is_merged=True, deployment=stage)
    said = proposal_comment(Branch("change", EnvironmentName("demo-x")), facts)
    assert "✅ Review and merge · ⏳ Apply · ▫️ Applied" in said
