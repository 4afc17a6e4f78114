"""A clone's time comes: warned, proposed for its end, merged; on a real repository over HTTP."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.clients.transient import Transient
from bot.core.rendering.assemble import manifest_file
from bot.core.requests.branches import branch_of
from bot.events import Tick
from bot.model.environment import Manifest
from bot.model.roots import DEFAULT as ROOTS
from bot.names import EnvironmentName
from bot.service.commands.expire import due_environments, expire
from bot.service.jobs_api import ExpiryDone
from tests.support.example import REPOSITORY
from tests.support.small_monorepo import MAINTAINER, POLICY, SmallMonorepo
from tests.support.triggers import checked, closed, merged

NAME = EnvironmentName("demo-x")
DAY = timedelta(days=1)


@pytest.fixture
def live(place: SmallMonorepo) -> SmallMonorepo:
    """A repository with `demo-x` on its default branch."""

    def clone() -> None:
        place.say("/clone production as demo-x for demo --ttl 14d")
        merged(place, 2)

    place.reach("expiring", clone)
    return place


def manifest(place: SmallMonorepo) -> Manifest:
    found = place.repository().manifest(NAME)
    assert found is not None
    return found


def end(place: SmallMonorepo) -> datetime:
    found = manifest(place).expires_at
    assert found is not None
    return found


def at(place: SmallMonorepo, moment: datetime) -> list[str]:
    """Let it be this moment, do what is due (twice, as after a crash), and return what was done."""
    place.service.context.now = lambda: moment
    done = [expire(place.repository(), name) for name in due_environments(place.repository())]
    for name in due_environments(place.repository()):
        expire(place.repository(), name)
    return [each.outcome for each in done]


def said(place: SmallMonorepo) -> list[str]:
    """Return the first words of what was said of the clone's time."""
    return [body.splitlines()[1].partition(" on 20")[0] for body in place.written() if "<!-- envclone:expiry:" in body]


def ends(place: SmallMonorepo) -> list[str]:
    return [pull.state for pull in place.server.pulls(REPOSITORY) if pull.title.startswith("Destroy demo-x")]


def allow(place: SmallMonorepo, policy: bytes) -> None:
    place.server.commit(REPOSITORY, {".github/envclone.yml": POLICY + policy}, by="alice", message="policy")


def auto_merge(place: SmallMonorepo) -> None:
    allow(place, b"expiry: {auto_merge: true}\n")


WARNED = "@alice: `demo-x` expires"
ENDED = "@alice: `demo-x` expired"


@pytest.mark.sample
def test_the_owner_is_warned_twice_and_then_its_end_is_proposed_each_once(live: SmallMonorepo) -> None:
    time = end(live)
    assert at(live, time - 4 * DAY) == []
    assert at(live, time - 3 * DAY) == ["warned"]
    assert at(live, time - 2 * DAY) == ["nothing"]
    assert said(live) == [WARNED]
    assert at(live, time - DAY) == ["warned"]
    assert at(live, time) == ["proposed"]
    assert at(live, time + DAY) == ["waits"]
    assert said(live) == [WARNED, WARNED, ENDED]
    pull = live.server.pulls(REPOSITORY)[-1]
    assert pull.title == "Destroy demo-x, which has expired"
    assert ends(live) == ["open"]
    checked(live, pull.number)
    assert ends(live) == ["open"], "without the policy's word a person merges"


def test_law_4_what_is_due_is_said_proposed_and_merged_once_although_each_answer_is_lost(live: SmallMonorepo) -> None:
    auto_merge(live)
    time, faults = end(live), live.server.faults

    def cut_off(moment: datetime, *requests: tuple[str, str]) -> None:
        """Let the answers to these requests be lost, each in a look of its own, and look until one comes through."""
        live.service.context.now = lambda: moment
        for request in requests:
            faults.lose_answer(*request)
        for _ in range(len(requests) + 1):
            with suppress(Transient):
                expire(live.repository(), NAME)
        assert faults.left == 0, "each was asked"

    cut_off(time - 3 * DAY, ("POST", "/comments$"))
    cut_off(time, ("POST", "git-receive-pack"), ("POST", "/pulls$"), ("POST", "/comments$"))
    number = live.server.pulls(REPOSITORY)[-1].number
    allow(live, b"")
    checked(live, number)
    assert ends(live) == ["open"]
    auto_merge(live)
    cut_off(time + DAY, ("PUT", "/merge$"))
    assert live.server.read(REPOSITORY, "envs/demo-x/environment.yaml") is None
    assert said(live) == [WARNED, ENDED]
    assert ends(live) == ["closed"]


def test_a_service_that_was_away_makes_the_end_good_and_gives_no_stale_warning(live: SmallMonorepo) -> None:
    assert at(live, end(live) + 9 * DAY) == ["proposed"]
    assert said(live) == [ENDED]


def test_a_clock_that_goes_back_says_nothing_twice(live: SmallMonorepo) -> None:
    time = end(live)
    for moment in (time - DAY, time - 3 * DAY, time - DAY, time, time - DAY, time):
        at(live, moment)
    assert said(live) == [WARNED, WARNED, ENDED]
    assert ends(live) == ["open"]


def test_a_clock_that_is_a_day_ahead_ends_no_clone_whether_it_is_the_machine_s_or_github_s(live: SmallMonorepo) -> None:
    time, context = end(live), live.service.context
    for ahead, right in ((DAY, timedelta()), (timedelta(), DAY)):
        context.own_clock = lambda ahead=ahead: time - 4 * DAY + ahead
        assert at(live, time - 4 * DAY + right) == []
        context.own_clock = lambda ahead=ahead: time - DAY / 2 + ahead
        assert at(live, time - DAY / 2 + right) in (["warned"], ["nothing"])
    assert (said(live), ends(live)) == ([WARNED], [])


def test_a_clone_that_is_extended_after_its_end_was_proposed_expires_again(live: SmallMonorepo) -> None:
    allow(live, b"ttl: {max: 90d}\nexpiry: {auto_merge: true}\n")
    first = end(live)
    at(live, first)
    live.say("/extend demo-x 7d")
    merged(live, live.server.pulls(REPOSITORY)[-1].number)
    assert at(live, end(live) - 4 * DAY) == []
    assert at(live, end(live)) == ["proposed"]
    assert said(live)[-2:] == [ENDED, ENDED]
    (pull,) = [each for each in live.server.pulls(REPOSITORY) if each.title.startswith("Destroy demo-x")]
    assert f"It expired on {end(live):%Y-%m-%d %H:%M} UTC" in (pull.body or "")
    checked(live, pull.number)
    assert live.repository().manifest(NAME) is None, "its check passed, and it was merged"


def test_a_change_that_is_being_proposed_keeps_a_clone_from_its_end(live: SmallMonorepo) -> None:
    auto_merge(live)
    at(live, end(live))
    comment = live.comment("/set demo-x app_min=3")
    live.work(live.event(comment, "/set demo-x app_min=3"), killed_after="publish")
    assert live.server.head(REPOSITORY, branch_of(NAME, "change")) is not None
    assert ends(live) == ["open"]
    checked(live, live.server.pulls(REPOSITORY)[-1].number)
    assert ends(live) == ["open"]
    assert said(live) == [ENDED]


def test_a_clone_that_is_extended_lives_on_and_is_warned_anew(live: SmallMonorepo) -> None:
    allow(live, b"ttl: {max: 90d}\n")
    first = end(live)
    at(live, first - DAY)
    live.say("/extend demo-x 7d")
    merged(live, live.server.pulls(REPOSITORY)[-1].number)
    assert end(live) > first
    assert at(live, first) == []
    assert at(live, end(live) - 3 * DAY) == ["warned"]
    assert said(live) == [WARNED, WARNED]


@pytest.mark.sample
def test_with_auto_merge_the_end_is_merged_once_its_check_passes(live: SmallMonorepo) -> None:
    auto_merge(live)
    time = end(live)
    assert at(live, time) == ["proposed"]
    number = live.server.pulls(REPOSITORY)[-1].number
    checked(live, number, "failure")
    assert ends(live) == ["open"]
    checked(live, number)
    assert live.server.read(REPOSITORY, "envs/demo-x/environment.yaml") is None
    assert at(live, time + DAY) == [], "what is gone is not due"
    assert said(live) == [ENDED]


def test_a_check_whose_event_was_lost_is_found_at_the_next_look(live: SmallMonorepo) -> None:
    at(live, end(live))
    checked(live, live.server.pulls(REPOSITORY)[-1].number)
    auto_merge(live)
    assert at(live, end(live) + DAY) == ["merged"]
    assert said(live) == [ENDED]


def test_an_end_that_a_person_made_a_draft_waits_until_it_is_ready(live: SmallMonorepo) -> None:
    auto_merge(live)
    at(live, end(live))
    number = live.server.pulls(REPOSITORY)[-1].number
    as_draft(live, number, is_draft=True)
    checked(live, number)
    assert ends(live) == ["open"]
    as_draft(live, number, is_draft=False)
    assert at(live, end(live) + DAY) == ["merged"]
    assert said(live) == [ENDED]


def as_draft(place: SmallMonorepo, number: int, *, is_draft: bool) -> None:
    """Make a pull request a draft, or ready for review, as a person does on its page."""
    issue = place.server.issue(REPOSITORY, number)
    assert issue.pull is not None
    place.server.forge.state.save_issue(replace(issue, pull=replace(issue.pull, draft=is_draft)))


def test_what_a_person_proposed_is_never_merged_by_itself(live: SmallMonorepo) -> None:
    auto_merge(live)
    live.say("/destroy demo-x")
    number = live.server.pulls(REPOSITORY)[-1].number
    assert at(live, end(live) + DAY) == ["waits"]
    checked(live, number)
    assert ends(live) == ["open"]
    assert said(live) == []


def test_what_somebody_pushed_onto_our_branch_is_never_merged_by_itself(live: SmallMonorepo) -> None:
    auto_merge(live)
    at(live, end(live))
    number = live.server.pulls(REPOSITORY)[-1].number
    branch = branch_of(NAME, "destroy")
    live.server.commit(REPOSITORY, {".github/evil.yml": b"on: push\n"}, by="alice", message="slip in", branch=branch)
    checked(live, number)
    # Also not with a last commit that would do no more than ours did.
    live.server.commit(REPOSITORY, {"envs/demo-x/again": b"x\n"}, by="alice", message="put back", branch=branch)
    live.server.commit(REPOSITORY, {"envs/demo-x/again": None}, by="alice", message="remove", branch=branch)
    checked(live, number)
    assert ends(live) == ["open"]
    assert live.server.read(REPOSITORY, ".github/evil.yml") is None
    assert said(live) == [ENDED]


def test_while_somebody_asks_for_more_time_nothing_is_merged(live: SmallMonorepo) -> None:
    auto_merge(live)
    allow(live, b"ttl: {max: 90d}\nexpiry: {auto_merge: true}\n")
    at(live, end(live))
    number = live.server.pulls(REPOSITORY)[-1].number
    live.say("/extend demo-x 7d")
    checked(live, number)
    assert ends(live) == ["open"]
    assert said(live) == [ENDED]


def test_a_closed_end_is_respected_and_said_once(live: SmallMonorepo) -> None:
    at(live, end(live))
    closed(live, live.server.pulls(REPOSITORY)[-1].number)
    assert at(live, end(live) + DAY) == ["declined"]
    assert at(live, end(live) + 2 * DAY) == ["declined"]
    assert ends(live) == ["closed"]
    assert len([body for body in live.written() if ":declined -->" in body]) == 1


def test_a_tick_becomes_one_job_for_the_repository_and_one_for_each_environment_that_is_due(
    live: SmallMonorepo,
) -> None:
    time = end(live)
    live.service.context.now = lambda: time
    tick = Tick(repository=REPOSITORY, slot=7)
    request = live.service.plan_of("slot-7", tick)
    assert request is not None
    assert (request.key, request.partition) == ("sweep-acme/infra-7", "acme/infra/*sweep")
    (follower,) = live.work(tick).follow
    assert (follower.key, follower.partition) == ("expire-acme/infra/demo-x-7", "acme/infra/demo-x")
    assert live.work(follower.event).results["expire"] == ExpiryDone(done="demo-x: proposed (#3)", outcome="proposed")
    assert said(live) == [ENDED]


def test_the_status_says_that_it_has_expired_and_where_its_end_is_proposed(live: SmallMonorepo) -> None:
    at(live, end(live) + DAY)
    reply = live.say("/status demo-x")
    assert reply is not None
    assert "(expired)" in reply
    assert "- **Proposed:** its removal in #3" in reply
    assert said(live) == [ENDED]


def test_where_nobody_can_be_told_the_end_is_proposed_all_the_same(live: SmallMonorepo) -> None:
    lost = manifest(live)
    assert lost.request is not None
    elsewhere = lost.model_copy(update={"request": lost.request.model_copy(update={"issue": 4711})})
    files = {"envs/demo-x/environment.yaml": manifest_file(elsewhere, ROOTS).data}
    live.server.commit(REPOSITORY, files, by="alice", message="the issue is gone")
    assert at(live, end(live) - DAY) == ["nothing"]
    assert at(live, end(live)) == ["waits"]
    assert ends(live) == ["open"]


def test_an_environment_that_cannot_be_read_keeps_no_other_from_its_end(live: SmallMonorepo) -> None:
    broken: dict[str, bytes | None] = {"envs/broken/environment.yaml": b"name: [\n"}
    live.server.commit(REPOSITORY, broken, by=MAINTAINER, message="Break one", branch="main")
    assert at(live, end(live)) == ["proposed"]
    assert ends(live) == ["open"]
    assert said(live) == [ENDED]
