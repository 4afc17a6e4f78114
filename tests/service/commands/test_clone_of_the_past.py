"""`/clone production@… as …`: source and template as they were then, on a real repository over HTTP."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.rendering.verify import verify
from bot.core.requests.branches import branch_of
from bot.model.environment import Manifest
from bot.names import EnvironmentName, ParameterName
from bot.service.repository import Repository
from tests.support import example
from tests.support.small_monorepo import REPOSITORY, SmallMonorepo
from tests.support.triggers import merged

NAME = EnvironmentName("demo-x")
MAIN = "templates/shop/app/main.tf"
SECURE = example.MAIN.replace(b'"String"', b'"SecureString"')


@pytest.fixture
def changed(place: SmallMonorepo) -> tuple[SmallMonorepo, str]:
    """A repository in which template and production have changed since a commit; and that commit."""

    def change() -> str:
        then = place.server.head(REPOSITORY) or ""
        place.server.commit(REPOSITORY, {MAIN: SECURE}, by="alice", message="Encrypt")
        place.say("/set production greeting=salve")
        merged(place, place.server.pulls(REPOSITORY)[-1].number)
        return then

    return place, place.reach("past", change)


def proposed(place: SmallMonorepo) -> tuple[Repository, Manifest]:
    at = place.repository().at(place.server.head(REPOSITORY, branch_of(NAME)) or "")
    found = at.manifest(NAME)
    assert found is not None
    return at, found


def assert_as_it_was(place: SmallMonorepo) -> None:
    at, found = proposed(place)
    assert found.parameters[ParameterName("greeting")] == "hello"
    assert at.environment(NAME)["app/main.tf"].data == example.MAIN
    assert verify(NAME, at.environment(NAME), at.template_of(found)) == []


@pytest.mark.sample
def test_a_commit_is_cloned_with_the_values_and_the_template_of_then(changed: tuple[SmallMonorepo, str]) -> None:
    place, then = changed
    place.say(f"/clone production@{then[:9]} as demo-x for demo")
    assert_as_it_was(place)
    body = place.server.pulls(REPOSITORY)[-1].body or ""
    assert f"a complete copy of `production` **as it was at {then}**" in body
    assert "The differences below compare it with what that is now." in body
    place.say("/set demo-x app_min=2")
    assert f"**as it was at {then}**" in (place.server.pulls(REPOSITORY)[-1].body or "")


def test_a_tag_is_cloned(changed: tuple[SmallMonorepo, str]) -> None:
    place, then = changed
    place.repository().mirror.push({"refs/tags/v1.0.0": then}, {"refs/tags/v1.0.0": None})
    place.say("/clone production@v1.0.0 as demo-x for demo")
    assert_as_it_was(place)


def test_a_tag_means_what_it_names_now(changed: tuple[SmallMonorepo, str]) -> None:
    """Also one that is called as a commit might be; and one that was deleted, since what it named is withdrawn, means nothing."""
    place, then = changed
    mirror = place.repository().mirror
    for tag in ("v1.0.0", "abcdef0"):
        mirror.push({f"refs/tags/{tag}": then}, {f"refs/tags/{tag}": None})
        assert f"envs/demo-{tag[0]}/" in (place.say(f"/clone production@{tag} as demo-{tag[0]} --dry-run") or "")
        mirror.push({f"refs/tags/{tag}": ""}, {f"refs/tags/{tag}": then})
        assert f"was never at `{tag}`" in (place.say(f"/clone production@{tag} as demo-x --dry-run") or "")


@pytest.mark.parametrize("at", ["main", "HEAD"])
def test_the_branch_itself_needs_no_name(place: SmallMonorepo, at: str) -> None:
    assert f"Leave out `@{at}` to clone what is there now." in (place.say(f"/clone production@{at} as demo-x") or "")


def test_a_time_means_the_last_commit_before_it(changed: tuple[SmallMonorepo, str]) -> None:
    place, _ = changed
    tomorrow = datetime.now(UTC) + timedelta(days=2)
    assert "is in the future" in (place.say(f"/clone production@{tomorrow:%Y-%m-%d} as demo-x") or "")
    assert "had no commit before `2001-01-01`" in (place.say("/clone production@2001-01-01 as demo-x") or "")


@pytest.mark.parametrize("at", ["abcdef0", "v9"])
def test_what_the_branch_never_was_at_is_refused_with_what_to_type(changed: tuple[SmallMonorepo, str], at: str) -> None:
    place, _ = changed
    inside = place.server.commit(REPOSITORY, {MAIN: SECURE}, by="alice", message="Mine", branch="someone")
    for each in (at, inside):
        reply = place.say(f"/clone production@{each} as demo-x") or ""
        assert f"was never at `{each}`" in reply
        assert "`/clone production@2026-10-01 as …`" in reply


def test_a_clone_of_the_past_keeps_to_what_the_template_demands_now(place: SmallMonorepo) -> None:
    """What is known by now to reach outside is not copied because it was not known then."""
    then = place.server.head(REPOSITORY) or ""
    outbound = example.DECLARATION.replace("greeting: {", "greeting: {outbound: true, ")
    place.server.commit(REPOSITORY, {"templates/shop/template.yaml": outbound.encode()}, by="alice", message="Declare")
    reply = place.say(f"/clone production@{then} as demo-x for demo") or ""
    assert "(so the base branch's template demands)" in reply
    assert "`greeting`" in reply
    assert "`--set greeting=…`" in reply
    assert "name a later commit" in reply
    place.say(f"/clone production@{then} as demo-x for demo --set greeting=ave")
    assert proposed(place)[1].parameters[ParameterName("greeting")] == "ave"


def test_a_source_that_was_not_there_yet_is_refused(changed: tuple[SmallMonorepo, str]) -> None:
    place, then = changed
    place.say("/clone production as demo-y for demo")
    merged(place, place.server.pulls(REPOSITORY)[-1].number)
    assert f"There was no `demo-y` at `{then[:12]}` yet" in (place.say(f"/clone demo-y@{then} as demo-x") or "")
