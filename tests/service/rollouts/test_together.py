"""A rollout that brings a wave to the template's newest revision by one pull request, on a real repository over HTTP (law 4)."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.clients.git.trees import Publication
from bot.clients.github import CheckState
from bot.commands.model import Sync
from bot.core.messages.plan_comment import marker
from bot.core.plans.risk import said
from bot.core.rendering.assemble import assemble
from bot.core.rollout.record import MemberStage, read
from bot.core.tree import File, Tree
from bot.model.environment import Manifest
from bot.model.risk import Risk
from bot.names import EnvironmentName, Login
from bot.sandbox.github import IssueText, PullSpec
from bot.sandbox.github.records.issues import IssueRecord
from bot.service.commands.change import ChangeOrigin, publish_change
from bot.service.commands.sync import SyncDrafter
from bot.service.repository import Repository
from bot.service.rollouts.members import member_of
from bot.service.rollouts.shared_pull import shared_pull
from bot.service.rollouts.together import merge_together
from bot.service.rollouts.under_way import Rollout
from tests.service.rollouts.test_rollout import (
    applied,
    change,
    company,
    cut_off_everywhere,
    issue,
    look,
    look_until_done,
    pulls,
    table,
)
from tests.support import example
from tests.support.small_monorepo import MAINTAINER, REPOSITORY, SmallMonorepo
from tests.support.triggers import actions, checked, closed, merged

POLICY = b"rollout: {enabled: true, failure_tolerance: 1, pull_requests: wave, waves: [{purposes: [qa]}]}\n"
CLONES = {"demo-a": "demo", "demo-b": "demo", "demo-c": "demo"}
BRANCH = "envclone-wave/shop-1"


def wave(place: SmallMonorepo) -> IssueRecord:
    """Return the newest pull request of a wave."""
    return [each for each in place.server.pulls(REPOSITORY) if "(wave " in each.title][-1]


def planned(place: SmallMonorepo, risks: dict[str, Risk | None], number: int | None = None) -> None:
    """Let plans of a pull request succeed with these risks, or fail where there is none, and with them the required check."""
    pull = place.service.context.github.pull_request(example.REPOSITORY, number or wave(place).number)
    assert pull is not None
    for name, risk in risks.items():
        summary = f"{marker(EnvironmentName(name))}\n{said(risk)}." if risk else "It failed"
        state = CheckState(
            "1 to change" if risk else "Not planned", summary, conclusion="success" if risk else "failure"
        )
        actions(place).put_check(example.REPOSITORY, pull.head_sha, f"envclone/plan: {name}", state)
    checked(place, pull.number, "success" if all(risks.values()) else "failure")


def company_of_three(place: SmallMonorepo) -> None:
    """Come to where three clones are behind their template."""
    place.reach("three clones behind their template", lambda: _behind(place))
    place.service.context.now = lambda: example.NOW + timedelta(hours=1)


def _behind(place: SmallMonorepo) -> None:
    company(place, POLICY, CLONES)
    # Files whose modes nobody has lost are what templates render: nothing of them is edited by hand.
    repo = place.repository()
    rendered = {
        name: assemble(repo.template(manifest.template), manifest) for name, manifest in manifests(repo).items()
    }
    directories = {repo.roots.environment(name): files for name, files in rendered.items()}
    at, author = repo.context.now(), repo.context.author
    repo.mirror.publish(Publication(repo.commit, directories, "modes", None, {}, "Modes", author, at))
    number = place.server.open_pull(REPOSITORY, PullSpec(IssueText("Modes", ""), "modes", "main"), by=MAINTAINER)
    place.server.merge(REPOSITORY, number, by=MAINTAINER)
    change(place)


def manifests(repo: Repository) -> dict[EnvironmentName, Manifest]:
    return {name: found for text in CLONES if (found := repo.manifest(name := EnvironmentName(text))) is not None}


def files(place: SmallMonorepo, name: str, branch: str) -> dict[str, bytes]:
    found = place.repository().at(place.server.head(REPOSITORY, branch) or "").environment(EnvironmentName(name))
    return {path: file.data for path, file in found.items()}


def rollout(place: SmallMonorepo) -> Rollout:
    found = place.repository().github.issue(example.REPOSITORY, issue(place).number)
    record = read(found.body)
    assert record is not None
    return Rollout(found, record)


def standing_once_its_wave_is_closed(place: SmallMonorepo, name: str) -> MemberStage:
    repo = place.repository()
    shared = shared_pull(repo, rollout(place), 0)
    assert shared is not None
    shut = replace(shared, pull=replace(shared.pull, state="closed"), names=frozenset({EnvironmentName(name)}))
    return member_of(repo, rollout(place), EnvironmentName(name), shut).stage


def forged_wave(repo: Repository, directories: Mapping[str, Tree], was: str) -> str:
    """Replace what is on the wave's branch by a person's commit in the bot's name; return that."""
    author, now = repo.context.author, repo.context.now()
    return str(repo.mirror.publish(Publication(repo.commit, directories, BRANCH, was, {}, "Mine", author, now)))


@pytest.mark.sample
def test_a_wave_is_one_pull_request_with_the_directories_that_single_syncs_give(place: SmallMonorepo) -> None:
    company_of_three(place)
    look(place)
    assert table(place) == {**dict.fromkeys(CLONES, "planning"), "production": "waiting"}
    assert wave(place).title.startswith("Sync 3 environments with template shop at ")
    assert set(re.findall(r"`(demo-[abc])` \| \d+ \| planning \| #(\d+)", issue(place).body or "")) == {
        (name, str(wave(place).number)) for name in CLONES
    }
    together = {name: files(place, name, BRANCH) for name in CLONES}
    repo, origin = place.repository(), ChangeOrigin(Login(MAINTAINER), place.server.url)
    for name in CLONES:
        publish_change(repo, origin, SyncDrafter(Sync(EnvironmentName(name))))
    assert {name: files(place, name, f"envclone-change/{name}") for name in CLONES} == together


def test_a_wave_is_merged_by_itself_only_if_every_risk_is_allowed(place: SmallMonorepo) -> None:
    company_of_three(place)
    look(place)
    planned(place, {"demo-a": Risk.NONE, "demo-b": Risk.NONE, "demo-c": Risk.IN_PLACE})
    look(place)
    assert [table(place)[name] for name in CLONES] == ["planned, waiting to be merged"] * 3
    body = wave(place).body or ""
    assert "| `demo-c` | in place | 1 to change |" in body
    assert "<details><summary>demo-a</summary>" in body
    assert f"#{wave(place).number}" in (place.say("/list") or "")
    assert f"a change in #{wave(place).number}" in (place.say("/status demo-b") or "")
    place.say("/set demo-a app_min=3")
    other = next(each for each in place.server.pulls(REPOSITORY) if each.title.startswith("Change demo-a"))
    look(place)
    assert table(place) == {
        "demo-a": "**blocked**",
        **dict.fromkeys(("demo-b", "demo-c"), "planning"),
        "production": "waiting",
    }
    merged(place, other.number)
    assert standing_once_its_wave_is_closed(place, "demo-a") is MemberStage.WAITING, (
        "it had left it, and was not declined"
    )
    look(place)
    assert pulls(place)["demo-a"].state == "open"
    planned(place, {"demo-b": Risk.NONE, "demo-c": Risk.NONE})
    planned(place, {"demo-a": Risk.NONE}, pulls(place)["demo-a"].number)
    look(place)
    assert table(place)["demo-c"] == "merged, being applied"
    for name in CLONES:
        applied(place, name)
    look(place)
    assert table(place) == {**dict.fromkeys(CLONES, "applied"), "production": "planning"}


def test_law_4_one_that_fails_leaves_its_wave_wherever_that_is_cut_off_and_holds_up_no_other(
    place: SmallMonorepo,
) -> None:
    company_of_three(place)
    look(place)
    planned(place, {"demo-a": None, "demo-b": Risk.NONE, "demo-c": Risk.NONE})
    cut_off_everywhere(place)
    look_until_done(place)
    assert pulls(place)["demo-a"].state == "open"
    assert table(place) == {**dict.fromkeys(CLONES, "planning"), "production": "waiting"}
    assert files(place, "demo-a", BRANCH) == files(place, "demo-a", "main")
    planned(place, {"demo-b": Risk.NONE, "demo-c": Risk.NONE})
    planned(place, {"demo-a": None}, pulls(place)["demo-a"].number)
    look_until_done(place)
    assert table(place) == {
        "demo-a": "**failed**",
        **dict.fromkeys(("demo-b", "demo-c"), "merged, being applied"),
        "production": "waiting",
    }


def test_what_somebody_pushed_to_a_wave_is_neither_overwritten_nor_merged(place: SmallMonorepo) -> None:
    company_of_three(place)
    look(place)
    evil: dict[str, bytes | None] = {".github/evil.yml": b"on: push\n"}
    head = place.server.commit(REPOSITORY, evil, by=MAINTAINER, message="slip in", branch=BRANCH)
    planned(place, dict.fromkeys(CLONES, Risk.NONE))
    place.say("/set demo-a app_min=3")
    merged(place, next(each for each in place.server.pulls(REPOSITORY) if "demo-a:" in each.title).number)
    look(place)
    assert place.server.head(REPOSITORY, BRANCH) == head
    assert table(place)["demo-b"] == "planned, waiting to be merged"
    repo, first = place.repository(), head
    mine: dict[str, Tree] = {"modules/mine": {"main.tf": File(b"")}}
    whole = {f"envs/{name}": repo.at(head).environment(EnvironmentName(name)) for name in CLONES}
    head = forged_wave(repo, {**whole, **mine}, head)
    look(place)
    assert place.server.head(REPOSITORY, BRANCH) == head, "whoever it says that it is by"
    empty = forged_wave(repo, mine, head)
    assert merge_together(repo.fetched(), rollout(place), 0) == {}
    assert wave(place).state == "open", "what is no wave any more is not merged as one"
    repo.mirror.push({f"refs/heads/{BRANCH}": first}, {f"refs/heads/{BRANCH}": empty})
    closed(place, wave(place).number)
    look(place)
    assert set(table(place).values()) == {"closed without merging", "planning"}
    assert place.server.head(REPOSITORY, BRANCH) is None


def test_law_4_a_wave_that_is_cut_off_anywhere_and_looked_at_again_is_as_if_it_was_not(place: SmallMonorepo) -> None:
    company_of_three(place)
    cut_off_everywhere(place)
    look_until_done(place)
    planned(place, dict.fromkeys(CLONES, Risk.NONE))
    look_until_done(place)
    for name in CLONES:
        applied(place, name)
    look(place)
    assert place.server.faults.left == 0
    assert table(place) == {**dict.fromkeys(CLONES, "applied"), "production": "planning"}
    assert "| `demo-a` | none | 1 to change |" in (wave(place).body or ""), "it was said before it was merged"
    assert [each.title[:6] for each in place.server.pulls(REPOSITORY)] == ["Modes", "Sync 3", "Sync p"]
    branches = {ref.removeprefix("refs/heads/") for ref in place.repository().mirror.refs("refs/heads/*")}
    assert branches == {"main", "modes", BRANCH, "envclone-change/production"}, "nothing is moved aside"
