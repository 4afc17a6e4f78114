"""A clone is bound to a pull request: that is merged, closed, reopened, and the clone's end follows; on a real repository over HTTP."""

from datetime import datetime, timedelta
from typing import Literal

import pytest

from bot.clients.transient import Transient
from bot.core.requests.branches import branch_of
from bot.events import Tick
from bot.names import EnvironmentName
from bot.sandbox.github import IssueText, PullSpec
from bot.service.commands.expire import CALM, due_environments, expire
from tests.support.example import REPOSITORY
from tests.support.small_monorepo import MAINTAINER, POLICY, SmallMonorepo
from tests.support.triggers import changed, checked, closed, merged

NAME = EnvironmentName("demo-x")
CLONE = "/clone production as demo-x for demo --ttl 14d --with {}"


def work_in_progress(place: SmallMonorepo) -> int:
    """Open a person's pull request, and return its number."""
    place.server.commit(REPOSITORY, {"README.md": b"work\n"}, by=MAINTAINER, message="Work", branch="work")
    proposal = PullSpec(IssueText("Work", "In progress"), "work", "main")
    return place.server.open_pull(REPOSITORY, proposal, by=MAINTAINER)


def bound(place: SmallMonorepo) -> int:
    """Return the number of a pull request to which `demo-x`, which is live, is bound."""
    number = work_in_progress(place)
    place.say(CLONE.format(number))
    merged(place, number + 1)
    return number


def removals(place: SmallMonorepo) -> list[str]:
    return [pull.state for pull in place.server.pulls(REPOSITORY) if pull.title.startswith("Destroy demo-x")]


def hear(place: SmallMonorepo, number: int, action: Literal["closed", "reopened"], killed_in: str = "") -> None:
    """Let the service hear of a pull request, and carry out all that follows, perhaps no further than a step."""
    follow = place.work(changed(place, number, action), "bound" if killed_in == "bound" else None).follow
    for each in follow:
        place.work(each.event, "expire" if killed_in == "expire" and isinstance(each.event, Tick) else None)


def over(place: SmallMonorepo, number: int, how: str = "closed") -> None:
    if how == "merged":
        place.server.merge(REPOSITORY, number, by=MAINTAINER)
    else:
        place.server.close(REPOSITORY, number, by=MAINTAINER)
        pass_by(place, number)
    hear(place, number, "closed")


def pass_by(place: SmallMonorepo, number: int, since: timedelta = CALM) -> None:
    """Let the minutes pass by in which a pull request that was closed may be reopened before anything follows."""
    later = closed_at(place, number) + since
    place.service.context.now = lambda: later


def closed_at(place: SmallMonorepo, number: int) -> datetime:
    pull = place.service.context.github.pull_request(REPOSITORY, number)
    assert pull is not None
    assert pull.closed_at is not None
    return pull.closed_at


def told(place: SmallMonorepo) -> list[str]:
    return [body for body in place.written() if "<!-- envclone:expiry:" in body]


@pytest.mark.sample
def test_law_4_when_its_pull_request_is_over_its_end_is_proposed_once(place: SmallMonorepo) -> None:
    number = bound(place)
    place.server.merge(REPOSITORY, number, by=MAINTAINER)
    for killed_in in ("bound", "expire", ""):
        hear(place, number, "closed", killed_in)
    hear(place, number, "closed")
    assert removals(place) == ["open"]
    pull = place.server.pulls(REPOSITORY)[-1]
    assert pull.title == f"Destroy demo-x, which ends with #{number}"
    assert f"The clone ends with #{number}, which was merged on 20" in (pull.body or "")
    (said,) = told(place)
    assert f"was merged, and `demo-x` was requested only until then, so [#{pull.number}](" in said


def test_its_end_merges_itself_where_the_policy_says_so_unless_it_is_open_again(place: SmallMonorepo) -> None:
    policy = POLICY + b"expiry: {auto_merge: true}\n"
    place.server.commit(REPOSITORY, {".github/envclone.yml": policy}, by="alice", message="policy")
    number = bound(place)
    over(place, number)
    first, once = place.server.pulls(REPOSITORY)[-1].number, closed_at(place, number)
    place.server.reopen(REPOSITORY, number, by=MAINTAINER)
    checked(place, first)
    assert removals(place) == ["open"], "the delivery has not come yet, and GitHub was asked"
    hear(place, number, "reopened")
    assert removals(place) == ["closed"]
    assert any(f"#{number} is open again, so this pull request is closed" in body for body in place.written(first))
    place.work(changed(place, first, "closed"))
    later = max(place.server.forge.state.clock(), once + timedelta(seconds=1))
    place.server.forge.state.clock = lambda: later  # GitHub tells seconds, and two ends within one are one
    over(place, number)
    assert removals(place) == ["closed", "open"]
    checked(place, place.server.pulls(REPOSITORY)[-1].number)
    assert place.repository().manifest(NAME) is None
    assert len(told(place)) == 2, "each end is said"


def test_a_removal_that_a_person_closes_keeps_the_clone_until_it_expires(place: SmallMonorepo) -> None:
    number = bound(place)
    over(place, number, "merged")
    closed(place, place.server.pulls(REPOSITORY)[-1].number)
    repo = place.repository()
    assert [expire(repo, name).outcome for name in due_environments(repo)] == ["declined"]
    assert "stays until it expires, although" in told(place)[-1]
    manifest = repo.manifest(NAME)
    assert manifest is not None
    assert manifest.expires_at is not None
    later = manifest.expires_at + timedelta(minutes=1)
    place.service.context.now = lambda: later
    assert expire(place.repository(), NAME).outcome == "proposed"
    assert len(told(place)) == 3


def test_a_lost_delivery_is_made_good_by_the_next_look(place: SmallMonorepo) -> None:
    number = bound(place)
    place.server.close(REPOSITORY, number, by=MAINTAINER)
    pass_by(place, number)
    repo = place.repository()
    assert due_environments(repo) == (NAME,)
    assert expire(repo, NAME).outcome == "proposed"
    assert len(told(place)) == 1
    place.server.reopen(REPOSITORY, number, by=MAINTAINER)
    assert due_environments(place.repository()) == (NAME,)
    assert expire(place.repository(), NAME).outcome == "kept"
    assert removals(place) == ["closed"]
    assert place.written(place.server.pulls(REPOSITORY)[-1].number)


def test_whoever_closes_and_reopens_it_again_and_again_brings_no_removal(place: SmallMonorepo) -> None:
    number = bound(place)
    for _ in range(3):
        place.server.close(REPOSITORY, number, by=MAINTAINER)
        pass_by(place, number, CALM - timedelta(seconds=1))
        hear(place, number, "closed")
        assert due_environments(place.repository()) == ()
        place.server.reopen(REPOSITORY, number, by=MAINTAINER)
        hear(place, number, "reopened")
    assert removals(place) == []
    over(place, number)
    assert removals(place) == ["open"]
    assert len(told(place)) == 1


def test_law_4_a_clone_that_is_not_needed_is_closed_and_told_of_although_the_look_was_killed_in_between(
    place: SmallMonorepo,
) -> None:
    number = work_in_progress(place)
    place.say(CLONE.format(number))
    place.server.close(REPOSITORY, number, by=MAINTAINER)
    place.server.faults.answer("POST", rf"/issues/{number + 1}/comments")
    with pytest.raises(Transient):
        expire(place.repository(), NAME)
    (pull,) = [each for each in place.server.pulls(REPOSITORY) if each.pull and each.pull.head_ref == branch_of(NAME)]
    assert pull.state == "closed", "nothing keeps it open"
    assert expire(place.repository(), NAME).outcome == "nothing"
    assert expire(place.repository(), NAME).outcome == "nothing"
    assert sum("so this pull request is closed. Reopen it if" in each for each in place.written(pull.number)) == 1


@pytest.mark.parametrize("is_heard_of", [True, False])
def test_of_a_clone_that_was_never_deployed_the_pull_request_is_closed_and_may_be_reopened(
    place: SmallMonorepo, is_heard_of: bool
) -> None:
    number = work_in_progress(place)
    place.say(CLONE.format(number))
    place.server.close(REPOSITORY, number, by=MAINTAINER)
    if is_heard_of:
        hear(place, number, "closed")
    else:
        assert [expire(place.repository(), name).outcome for name in due_environments(place.repository())] == ["closed"]
    (pull,) = [each for each in place.server.pulls(REPOSITORY) if each.pull and each.pull.head_ref == branch_of(NAME)]
    assert pull.state == "closed"
    assert any("so this pull request is closed. Reopen it if" in each for each in place.written(pull.number))
    place.server.reopen(REPOSITORY, pull.number, by=MAINTAINER)
    assert due_environments(place.repository()) == ()
    (pull,) = [each for each in place.server.pulls(REPOSITORY) if each.pull and each.pull.head_ref == branch_of(NAME)]
    assert pull.state == "open", "nothing closes it a second time"


def test_only_an_open_pull_request_can_be_named(place: SmallMonorepo) -> None:
    reply = place.say(CLONE.format(place.issue))
    assert reply is not None
    assert f"#{place.issue} is not a pull request of this repository. Write the number of an open one" in reply
    assert "/clone production as demo-x for demo --ttl 14d\n" in reply
    number = work_in_progress(place)
    place.server.close(REPOSITORY, number, by=MAINTAINER)
    reply = place.say(CLONE.format(number))
    assert reply is not None
    assert f"#{number} is not open any more." in reply
