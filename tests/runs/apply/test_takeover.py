"""Who may take an environment over in a run of Actions: asked of the sandbox's GitHub over HTTP, with a workflow's own token."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.clients.github import GitHub, Token
from bot.model.policy import Policy
from bot.names import EnvironmentName
from bot.runs.apply.takeover import MayNot, TakeoverRequest, authorize
from bot.runs.reviewed_commit import OnGitHub
from tests.support import example
from tests.support.small_monorepo import BOT, MAINTAINER, READER, REPOSITORY, SmallMonorepo
from tests.support.triggers import ACTIONS

UNLOCK = '/unlock demo-x --because "the runner is gone"'


def github(place: SmallMonorepo) -> OnGitHub:
    token = place.server.workflow_token(REPOSITORY, {"issues": "read", "contents": "read"})
    return OnGitHub(GitHub(Token(token, ACTIONS), api_url=f"{place.server.url}/api/v3"), example.REPOSITORY)


def rescue(actor: str, title: str = "", because: str = "the runner is gone") -> TakeoverRequest:
    return TakeoverRequest(EnvironmentName("demo-x"), because, actor, title, datetime.now(UTC))


def asked(place: SmallMonorepo, body: str = UNLOCK, by: str = MAINTAINER) -> TakeoverRequest:
    """Return the run that the service starts for a comment."""
    number = place.comment(body, by)
    return rescue(BOT, f"unlock demo-x for comment {number}", f"the runner is gone (@{by} in #{place.issue})")


def test_whoever_starts_it_needs_the_role_that_the_policy_wants(place: SmallMonorepo) -> None:
    with pytest.raises(MayNot, match=r"requires the `maintain` permission .* and `alice` has `write`"):
        authorize(rescue(MAINTAINER), github(place), Policy())
    place.server.set_role(REPOSITORY, MAINTAINER, "maintain")
    authorize(rescue(MAINTAINER), github(place), Policy())
    with pytest.raises(MayNot):
        authorize(rescue(MAINTAINER), github(place), Policy(allow={"rescue": "admin"}))


@pytest.mark.parametrize("actor", ["", "nobody-of-that-name", ACTIONS, READER])
def test_nobody_else_may(place: SmallMonorepo, actor: str) -> None:
    with pytest.raises(MayNot, match="Not taken over"):
        authorize(rescue(actor), github(place), Policy())


def test_a_run_for_an_unlock_comment_is_as_good_as_its_author(place: SmallMonorepo) -> None:
    request = asked(place)
    with pytest.raises(MayNot):
        authorize(request, github(place), Policy())
    place.server.set_role(REPOSITORY, MAINTAINER, "maintain")
    authorize(request, github(place), Policy())


def test_a_comment_counts_for_what_it_says_and_for_a_day(place: SmallMonorepo) -> None:
    place.server.set_role(REPOSITORY, MAINTAINER, "maintain")
    request = asked(place)
    others = [
        replace(request, environment=EnvironmentName("demo-y")),
        replace(request, because=request.because.replace("gone", "slow")),
        replace(request, at=request.at + timedelta(hours=25)),
        replace(request, title=request.title.replace("demo-x", "demo-y")),
        replace(request, title=request.title.replace("unlock", "resume")),
        asked(place, "/resume demo-x"),
        asked(place, UNLOCK, READER),
    ]
    for other in others:
        with pytest.raises(MayNot):
            authorize(other, github(place), Policy())


def test_what_can_t_be_asked_is_refused(place: SmallMonorepo) -> None:
    with pytest.raises(MayNot, match="GITHUB_TOKEN"):
        authorize(rescue(MAINTAINER), None, Policy())
    gone = OnGitHub(GitHub(Token("no-token"), api_url=f"{place.server.url}/api/v3"), example.REPOSITORY)
    with pytest.raises(MayNot, match="could not be asked"):
        authorize(rescue(MAINTAINER), gone, Policy())
