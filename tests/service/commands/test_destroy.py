"""`/destroy`: from a comment to the pull request that removes an environment, on a real repository over HTTP."""

import pytest

from bot.clients.transient import Transient
from bot.core.requests.branches import branch_of
from bot.names import EnvironmentName
from tests.support.small_monorepo import READER, REPOSITORY, SmallMonorepo

NAME = EnvironmentName("demo-x")
DESTROY = "/destroy demo-x"


@pytest.fixture
def live(place: SmallMonorepo) -> SmallMonorepo:
    """A repository with `demo-x` on its default branch."""

    def clone() -> None:
        place.say("/clone production as demo-x for demo --ttl 14d")
        (pull,) = place.server.pulls(REPOSITORY)
        place.server.merge(REPOSITORY, pull.number, by="alice")

    place.reach("unheard", clone)
    return place


@pytest.mark.sample
def test_destroy_opens_a_pull_request_that_removes_the_directory_and_nothing_else(live: SmallMonorepo) -> None:
    reply = live.say(DESTROY)
    pull = live.server.pulls(REPOSITORY)[-1]
    assert reply is not None
    assert f"[Pull request #{pull.number}]" in reply
    assert pull.title == "Destroy demo-x"
    body = pull.body or ""
    assert "merging it destroys all resources of" in body
    changes = live.server.files(REPOSITORY, pull.number)
    assert {change.status for change in changes} == {"removed"}
    assert {change.path.split("/")[1] for change in changes} == {"demo-x"}
    # The app needs the network, so it goes first.
    assert body.index("| `app` |") < body.index("| `network` |")


def test_a_corrected_removal_is_never_one_that_would_be_refused(live: SmallMonorepo) -> None:
    assert live.say("/destroy productoin") == "Environment `productoin` not found. `/list` shows all environments."
    assert "\n/destroy demo-x\n" in (live.say("/destroy demo-xx") or "")


def test_the_commit_says_who_asked_and_where(live: SmallMonorepo) -> None:
    comment = live.comment(DESTROY)
    live.work(live.event(comment, DESTROY))
    mirror = live.repository().mirror
    message = mirror.history.message(mirror.proposals("destroy")["demo-x"])
    assert "Requested-by: alice" in message
    assert f"Envclone-Request: {comment}" in message
    assert "The removal of `demo-x`" in (live.reply(comment) or "")


@pytest.mark.parametrize("killed_after", ["accept", "propose", "report"])
def test_law_4_a_destroy_killed_after_any_step_and_run_again_leaves_github_as_once(
    live: SmallMonorepo, killed_after: str
) -> None:
    comment = live.comment(DESTROY)
    event = live.event(comment, DESTROY)
    live.work(event, killed_after)
    live.work(event)
    assert [pull.title for pull in live.server.pulls(REPOSITORY)].count("Destroy demo-x") == 1
    assert live.reply(comment) is not None


def test_law_4_one_that_was_pushed_and_not_proposed_is_proposed_as_it_was_pushed(live: SmallMonorepo) -> None:
    comment = live.comment(DESTROY)
    event = live.event(comment, DESTROY)
    live.server.faults.lose_request("POST", f"^/repos/{REPOSITORY}/pulls$")
    with pytest.raises(Transient):
        live.work(event)
    pushed = live.server.head(REPOSITORY, "envclone-destroy/demo-x")
    live.work(event)
    pull = live.server.pulls(REPOSITORY)[-1]
    assert pull.pull is not None
    assert (pull.title, pull.pull.head_sha) == ("Destroy demo-x", pushed)
    assert "The removal of `demo-x`" in (live.reply(comment) or "")


def test_a_protected_environment_is_no_target(live: SmallMonorepo) -> None:
    reply = live.say("/destroy production")
    assert reply is not None
    assert "`production` is protected" in reply
    assert len(live.server.pulls(REPOSITORY)) == 1


def test_one_that_is_only_proposed_is_closed_instead(place: SmallMonorepo) -> None:
    place.say("/clone production as demo-x")
    reply = place.say(DESTROY)
    assert reply is not None
    assert "Close its pull request" in reply


def test_an_unknown_name_gets_the_nearest(live: SmallMonorepo) -> None:
    reply = live.say("/destroy demo-y")
    assert reply is not None
    assert "Did you mean `demo-x`?\n\n```text\n/destroy demo-x\n```" in reply


def test_a_second_request_finds_the_open_pull_request(live: SmallMonorepo) -> None:
    live.say(DESTROY)
    reply = live.say(DESTROY)
    assert reply is not None
    assert "already removes `demo-x`" in reply
    assert [pull.title for pull in live.server.pulls(REPOSITORY)].count("Destroy demo-x") == 1


def test_after_a_closed_one_it_can_be_asked_for_again(live: SmallMonorepo) -> None:
    live.say(DESTROY)
    pull = live.server.pulls(REPOSITORY)[-1]
    live.server.close(REPOSITORY, pull.number, by="alice")
    live.say(DESTROY)
    assert [p.state for p in live.server.pulls(REPOSITORY) if p.title == "Destroy demo-x"] == ["closed", "open"]
    assert branch_of(NAME, "destroy") == "envclone-destroy/demo-x"


def test_a_reader_may_not_destroy(live: SmallMonorepo) -> None:
    reply = live.say(DESTROY, by=READER)
    assert reply is not None
    assert "requires the `write` permission" in reply


def test_after_a_change_was_merged_the_open_end_is_that_of_the_environment_as_it_is(live: SmallMonorepo) -> None:
    live.say(DESTROY)
    ended = live.server.pulls(REPOSITORY)[-1].number
    live.say("/set demo-x app_min=3")
    live.server.merge(REPOSITORY, live.server.pulls(REPOSITORY)[-1].number, by="alice")
    live.say(DESTROY)
    assert [pull.title for pull in live.server.pulls(REPOSITORY)].count("Destroy demo-x") == 1
    assert live.server.merge_state(REPOSITORY, ended) != "dirty"
