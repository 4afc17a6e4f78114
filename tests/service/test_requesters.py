"""From a branch of ours back to whoever asked: the reply to the comment tells how it goes, whatever happens meanwhile."""

import pytest

from bot.core.requests.branches import Branch
from bot.core.requests.commit_trailers import Trailers, read, write
from bot.names import EnvironmentName, Login
from bot.service.requesters import proposal_on, requests_of
from tests.support.small_monorepo import REPOSITORY, SmallMonorepo
from tests.support.triggers import checked, closed, deployed, merged

NAME = EnvironmentName("demo-x")
DESTROY = "/destroy demo-x"


@pytest.fixture
def asked(place: SmallMonorepo) -> tuple[SmallMonorepo, int]:
    """A repository with a live environment whose end somebody asked for in a comment."""

    def ask() -> int:
        place.say("/clone production as demo-x for demo")
        merged(place, place.server.pulls(REPOSITORY)[-1].number)
        comment = place.comment(DESTROY)
        place.work(place.event(comment, DESTROY))
        return comment

    return place, place.reach("asked", ask)


@pytest.mark.parametrize("method", ["merge", "squash"])
def test_the_reply_tells_how_it_goes(asked: tuple[SmallMonorepo, int], method: str) -> None:
    place, comment = asked
    pull = place.server.pulls(REPOSITORY)[-1]
    assert pull.pull is not None
    head = place.server.head(REPOSITORY, "envclone-destroy/demo-x") or ""
    checked(place, pull.number)
    assert "The removal of `demo-x` is ready for review" in (place.reply(comment) or "")
    merged(place, pull.number, method)
    place.server.delete_branch(REPOSITORY, "envclone-destroy/demo-x", by="alice")
    assert "merged, not started yet" in (place.reply(comment) or "")
    deployed(place, "demo-x", "failure", head, "step `app` failed")
    reply = place.reply(comment) or ""
    assert "the destroy failed" in reply
    assert "`/resume demo-x`" in reply
    deployed(place, "demo-x", "success", head)
    assert "The removal of `demo-x` is complete" in (place.reply(comment) or "")


@pytest.mark.parametrize("is_branch_kept", [True, False])
def test_who_asked_for_the_clone_is_told_of_its_end_too(asked: tuple[SmallMonorepo, int], is_branch_kept: bool) -> None:
    place, comment = asked
    cloned = min(c.id for c in place.server.comments(REPOSITORY, place.issue) if c.body.startswith("/clone"))
    if not is_branch_kept:
        place.server.delete_branch(REPOSITORY, "envclone/demo-x", by="alice")
    head = place.server.head(REPOSITORY, "envclone-destroy/demo-x") or ""
    merged(place, place.server.pulls(REPOSITORY)[-1].number)
    deployed(place, "demo-x", "failure", head, "step `app` failed")
    reply = place.reply(cloned) or ""
    assert "`demo-x` could not be destroyed" in reply
    assert "`/resume demo-x`" in reply
    deployed(place, "demo-x", "inactive", head)
    assert "`demo-x` is destroyed" in (place.reply(cloned) or "")
    assert "The removal of `demo-x` is complete" in (place.reply(comment) or "")


def test_a_deployment_of_something_else_is_not_taken_for_it(asked: tuple[SmallMonorepo, int]) -> None:
    place, comment = asked
    merged(place, place.server.pulls(REPOSITORY)[-1].number)
    deployed(place, "demo-x", "success", "0" * 40)
    assert "merged, not started yet" in (place.reply(comment) or "")


@pytest.mark.sample
def test_a_closed_pull_request_gives_its_branch_back_after_the_reply(asked: tuple[SmallMonorepo, int]) -> None:
    place, comment = asked
    closed(place, place.server.pulls(REPOSITORY)[-1].number)
    assert "closed without merging" in (place.reply(comment) or "")
    assert place.repository().mirror.proposals("destroy") == {}


def test_nobody_is_answered_whose_comment_is_gone(asked: tuple[SmallMonorepo, int]) -> None:
    place, comment = asked
    assert place.reply(comment) is not None
    place.server.delete_comment(comment, by="alice")
    repo = place.repository()
    proposal = proposal_on(repo, Branch("destroy", NAME))
    assert proposal is not None
    assert proposal.by_comment(comment) is not None
    assert requests_of(repo, proposal) == []
    checked(place, place.server.pulls(REPOSITORY)[-1].number)


def test_trailers_are_read_as_they_were_written_and_from_the_last_paragraph_alone() -> None:
    trailers = Trailers(NAME, Login("alice"), 7, "https://github.example/a/b/issues/1#issuecomment-7", "a" * 40)
    assert read(f"Change demo-x\n\n{write(trailers)}") == trailers
    assert read(f"{write(trailers)}\nThat was quoted.\n") is None
    assert read("Envclone-Environment: ../x\nRequested-by: alice\n") is None
    assert read("Merge branch 'main'") is None
