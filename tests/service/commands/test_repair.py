"""`/repair`: from a comment to the pull request whose plan puts back what changed outside (law 4)."""

import pytest

from bot.core.requests.branches import branch_of
from bot.model.environment import Manifest
from bot.names import EnvironmentName
from bot.sandbox.github.entities import IssueRecord
from bot.service.repository import Repository
from tests.support import example
from tests.support.small_monorepo import READER, REPOSITORY, SmallMonorepo
from tests.support.triggers import deployed, merged

NAME = EnvironmentName("demo-x")
PRODUCTION = EnvironmentName("production")


def last(place: SmallMonorepo) -> IssueRecord:
    return place.server.pulls(REPOSITORY)[-1]


def head(place: SmallMonorepo) -> str:
    pull = place.service.context.github.pull_request(example.REPOSITORY, last(place).number)
    assert pull is not None
    return pull.head_sha


@pytest.fixture
def applied(live: SmallMonorepo) -> SmallMonorepo:
    """A repository whose environments are applied."""
    for name in (NAME, PRODUCTION):
        deployed(live, name, "success", head(live))
    return live


def change(place: SmallMonorepo, name: EnvironmentName) -> tuple[Repository, Manifest]:
    at = place.repository().at(place.server.head(REPOSITORY, branch_of(name, "change")) or "")
    found = at.manifest(name)
    assert found is not None
    return at, found


@pytest.mark.parametrize("name", [NAME, PRODUCTION])
def test_repair_proposes_the_very_version_that_was_applied(applied: SmallMonorepo, name: EnvironmentName) -> None:
    before = applied.repository().environment(name)
    reply = applied.say(f"/repair {name}") or ""
    assert f"The change of `{name}`: planning" in reply
    assert last(applied).title == f"Repair {name}"
    body = last(applied).body or ""
    assert f"Only `envs/{name}/environment.yaml` changes" in body
    assert "**Changes made outside the code are undone.**" in body
    assert "the plan is empty" not in body
    at, found = change(applied, name)
    after = at.environment(name)
    assert {path for path in after if after[path] != before.get(path)} == {"environment.yaml"}
    assert found.repaired_at is not None
    assert found.parameters == (applied.repository().source(name)).parameters


def test_only_what_was_applied_as_it_is_is_repaired(live: SmallMonorepo) -> None:
    assert "was never applied" in (live.say("/repair demo-x") or "")
    deployed(live, NAME, "in_progress", head(live))
    assert "is being applied" in (live.say("/repair demo-x") or "")
    deployed(live, NAME, "failure", head(live))
    assert "Comment `/resume demo-x`: it goes on at the step that failed." in (live.say("/repair demo-x") or "")
    deployed(live, NAME, "success", head(live))
    live.say("/set demo-x app_min=3")
    number = last(live).number
    assert f"#{number} changes `demo-x`, and its plan puts back" in (live.say("/repair demo-x") or "")
    merged(live, number)
    assert "another `demo-x` than the one that was applied" in (live.say("/repair demo-x") or "")
    live.say("/clone production as demo-y for demo")
    assert "only proposed" in (live.say("/repair demo-y") or "")
    assert "Did you mean `demo-x`?" in (live.say("/repair demo-z") or "")
    for pull in live.server.pulls(REPOSITORY):
        live.written(pull.number)


def test_it_can_be_repaired_again(applied: SmallMonorepo) -> None:
    applied.say("/repair demo-x")
    merged(applied, last(applied).number)
    deployed(applied, NAME, "success", head(applied))
    first = applied.repository().source(NAME).repaired_at
    count = len(applied.server.pulls(REPOSITORY))
    applied.say("/repair demo-x")
    assert len(applied.server.pulls(REPOSITORY)) == count + 1
    again = change(applied, NAME)[1].repaired_at
    assert first is not None
    assert again is not None
    assert again > first


@pytest.mark.parametrize("killed_after", ["accept", "publish", "propose", "report"])
def test_law_4_a_repair_killed_after_any_step_and_run_again_is_made_once(
    applied: SmallMonorepo, killed_after: str
) -> None:
    count = len(applied.server.pulls(REPOSITORY))
    comment = applied.comment("/repair demo-x")
    applied.work(applied.event(comment, "/repair demo-x"), killed_after)
    applied.work(applied.event(comment, "/repair demo-x"))
    assert len(applied.server.pulls(REPOSITORY)) == count + 1
    assert applied.reply(comment) is not None


def test_a_reader_may_not_repair_and_a_bare_verb_is_another_bot_s(live: SmallMonorepo) -> None:
    assert "requires the `write` permission" in (live.say("/repair demo-x", by=READER) or "")
    assert "what changed outside" in (live.say("/help repair") or "")
    assert live.say("/repair") is None
