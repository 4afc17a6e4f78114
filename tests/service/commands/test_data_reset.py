"""`/reset --data`: from a comment to the pull request whose apply makes data anew (law 4)."""

import pytest

from bot.core.requests.branches import branch_of
from bot.names import EnvironmentName
from tests.support import example
from tests.support.small_monorepo import MAINTAINER, READER, REPOSITORY, SmallMonorepo

NAME = EnvironmentName("demo-x")
COMMAND = "/reset demo-x --data"


@pytest.fixture
def seeded(live: SmallMonorepo) -> SmallMonorepo:
    """A repository in which a clone has a hook that fills it with data."""
    hooks = example.HOOKS.replace("{uses:", "{data: true, uses:")
    assert hooks != example.HOOKS
    files: dict[str, bytes | None] = {f"envs/{NAME}/hooks.yaml": hooks.encode()}
    live.server.commit(REPOSITORY, files, by=MAINTAINER, message="Data")
    return live


@pytest.mark.sample
def test_it_proposes_that_data_is_made_anew_and_nothing_else(seeded: SmallMonorepo) -> None:
    before = seeded.repository().environment(NAME)
    assert "The change to `demo-x` is being planned" in (seeded.say(COMMAND) or "")
    pull = seeded.server.pulls(REPOSITORY)[-1]
    assert pull.title == "Reset the data of demo-x"
    assert "**Data is deleted and recreated.**" in (pull.body or "")
    assert "the plan is empty" not in (pull.body or "")
    at = seeded.repository().at(seeded.server.head(REPOSITORY, branch_of(NAME, "change")) or "")
    after, found = at.environment(NAME), at.manifest(NAME)
    assert {path for path in after if after[path] != before.get(path)} == {"environment.yaml"}
    assert found is not None
    assert found.data_reset_at is not None
    assert "requires the `write` permission" in (seeded.say(COMMAND, by=READER) or "")


def test_law_4_killed_after_any_step_and_run_again_it_is_proposed_once(seeded: SmallMonorepo) -> None:
    count, comment = len(seeded.server.pulls(REPOSITORY)), seeded.comment(COMMAND)
    for killed_after in ("accept", "publish", "propose", "report", None):
        seeded.work(seeded.event(comment, COMMAND), killed_after)
    assert len(seeded.server.pulls(REPOSITORY)) == count + 1
    assert seeded.reply(comment) is not None


def test_without_data_and_of_what_is_protected_nothing_is_made_anew(live: SmallMonorepo) -> None:
    count = len(live.server.pulls(REPOSITORY))
    assert "No hook fills `demo-x` with data. Declare `data: true`" in (live.say(COMMAND) or "")
    assert "protected" in (live.say("/reset production --data") or "")
    assert len(live.server.pulls(REPOSITORY)) == count
