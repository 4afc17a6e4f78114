"""What people do while a rollout is being looked at: a look takes minutes, and nothing is done on what was read at its beginning."""

import asyncio
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.clients.transient import Transient
from bot.core.rollout.record import PAUSED
from bot.names import RepositoryName
from tests.service.rollouts.test_rollout import CANARY, change, company, issue, look, planned, pulls, table
from tests.support.small_monorepo import MAINTAINER, POLICY, REPOSITORY, SmallMonorepo, small_monorepo


@dataclass
class Meanwhile:
    """Middleware: what somebody does just before the first request of a kind is carried out."""

    done: dict[str, Callable[[], object]] = field(default_factory=dict)

    def __call__(self, app: ASGIApp) -> ASGIApp:
        async def served(scope: Scope, receive: Receive, send: Send) -> None:
            asked = f"{scope['method']} {scope['path']}" if scope["type"] == "http" else ""
            for pattern in [each for each in self.done if re.search(each, asked)]:
                await asyncio.to_thread(self.done.pop(pattern))
            await app(scope, receive, send)

        return served


@pytest.fixture
def meanwhile() -> Meanwhile:
    return Meanwhile()


@pytest.fixture
def place(tmp_path: Path, meanwhile: Meanwhile) -> Iterator[SmallMonorepo]:
    with small_monorepo(tmp_path, meanwhile) as found:
        yield found


def company_of_two(place: SmallMonorepo) -> None:
    company(place, CANARY, {"demo-a": "demo", "demo-b": "demo"})
    change(place)


def paused(place: SmallMonorepo) -> None:
    github = place.service.context.github
    (found,) = (each for each in github.our_issues(RepositoryName(REPOSITORY)) if each.title.startswith("Rollout"))
    github.mark_issue(RepositoryName(REPOSITORY), found, PAUSED, has=True)


@pytest.mark.sample
def test_nothing_more_is_proposed_once_somebody_has_paused_it(place: SmallMonorepo, meanwhile: Meanwhile) -> None:
    company_of_two(place)
    meanwhile.done["POST .*/pulls$"] = lambda: paused(place)
    look(place)
    assert set(pulls(place)) == {"demo-a"}
    assert table(place)["demo-b"] == "waiting"


def test_a_label_that_people_wrote_in_capitals_pauses_it(place: SmallMonorepo) -> None:
    company_of_two(place)
    look(place)
    github = place.service.context.github
    found = github.issue(RepositoryName(REPOSITORY), issue(place).number)
    github.mark_issue(RepositoryName(REPOSITORY), found, PAUSED.upper(), has=True)
    planned(place, "demo-a")
    look(place)
    assert "**Paused**" in (issue(place).body or "")
    assert pulls(place)["demo-a"].state == "open"


def test_nothing_more_is_merged_once_somebody_has_closed_its_issue(place: SmallMonorepo, meanwhile: Meanwhile) -> None:
    company_of_two(place)
    look(place)
    for name in ("demo-a", "demo-b"):
        planned(place, name)
    meanwhile.done["PUT .*/merge$"] = lambda: place.server.close(REPOSITORY, issue(place).number, by=MAINTAINER)
    look(place)
    assert {name: pull.state for name, pull in pulls(place).items()} == {"demo-a": "closed", "demo-b": "open"}
    assert issue(place).state == "closed"


def test_a_commit_that_came_after_the_check_is_not_merged(place: SmallMonorepo, meanwhile: Meanwhile) -> None:
    company_of_two(place)
    look(place)
    for name in ("demo-a", "demo-b"):
        planned(place, name)

    def pushed() -> None:
        same = place.server.read(REPOSITORY, "envs/demo-b/app/main.tf", "envclone-change/demo-b")
        files = {"envs/demo-b/app/main.tf": same}
        place.server.commit(REPOSITORY, files, by=MAINTAINER, message="Again", branch="envclone-change/demo-b")

    meanwhile.done["PUT .*/merge$"] = pushed
    look(place)
    assert {name: pull.state for name, pull in pulls(place).items()} == {"demo-a": "closed", "demo-b": "open"}
    assert table(place)["demo-b"] == "planning", "it holds the same files, and nobody has planned it"


def test_a_policy_that_leaves_merges_to_people_meanwhile_counts_at_once(
    place: SmallMonorepo, meanwhile: Meanwhile
) -> None:
    company_of_two(place)
    look(place)
    for name in ("demo-a", "demo-b"):
        planned(place, name)
    careful: dict[str, bytes | None] = {".github/envclone.yml": POLICY + b"rollout: {enabled: true, merge: []}\n"}
    meanwhile.done["PUT .*/merge$"] = lambda: place.server.commit(
        REPOSITORY, careful, by=MAINTAINER, message="Let people merge"
    )
    look(place)
    assert {name: pull.state for name, pull in pulls(place).items()} == {"demo-a": "closed", "demo-b": "open"}


def test_a_pull_request_that_people_broke_stops_no_other(place: SmallMonorepo) -> None:
    company_of_two(place)
    look(place)
    broken: dict[str, bytes | None] = {"envs/demo-a/environment.yaml": b"name: [\n"}
    place.server.commit(REPOSITORY, broken, by=MAINTAINER, message="Oops", branch="envclone-change/demo-a")
    planned(place, "demo-b")
    look(place)
    assert table(place)["demo-a"] == "**needs you**"
    assert "envs/demo-a/environment.yaml" in (issue(place).body or "")
    look(place)
    assert "**Stopped**" in (issue(place).body or "")
    assert table(place)["demo-b"] == "merged, being applied"


def test_what_a_command_has_pushed_is_not_moved_aside_before_its_pull_request_is_open(
    place: SmallMonorepo, meanwhile: Meanwhile
) -> None:
    company_of_two(place)

    def looked() -> None:
        with pytest.raises(Transient):
            look(place)

    meanwhile.done["POST .*/pulls$"] = looked
    place.say("/set demo-a app_min=3")
    look(place)
    assert table(place) == {"demo-a": "**blocked**", "demo-b": "planning", "production": "waiting"}
    assert not place.repository().mirror.refs("refs/heads/envclone-displaced/*")
