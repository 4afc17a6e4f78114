"""Who gets an answer: somebody with a right here, and so many times in an hour."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.names import RepositoryName
from tests.support.small_monorepo import MAINTAINER, READER, REPOSITORY, STRANGER, SmallMonorepo, small_monorepo

CLONE = "/clone production as demo-x"


def reactions(place: SmallMonorepo, comment: int) -> list[str]:
    return [reaction.content for reaction in place.server.reactions(comment)]


@pytest.mark.parametrize("body", [CLONE, "/list", "/clnoe production as demo-x", "/list\n/help"])
def test_somebody_without_any_right_gets_a_reaction_and_no_more(place: SmallMonorepo, body: str) -> None:
    comment = place.comment(body, by=STRANGER)
    place.work(place.event(comment, body, by=STRANGER))
    assert reactions(place, comment) == ["confused"]
    assert place.unread() == []
    assert place.server.pulls(REPOSITORY) == []


@pytest.mark.sample
def test_a_right_that_is_enough_for_no_command_is_none(place: SmallMonorepo) -> None:
    policy = b"quota: {total: 1000, per_owner: 1000}\nallow: {read: write}\n"
    place.server.commit(REPOSITORY, {".github/envclone.yml": policy}, by=MAINTAINER, message="policy", branch="main")
    for body in (CLONE, "/list", "/clnoe production as demo-x", "/list\n/help"):
        comment = place.comment(body, by=READER)
        place.work(place.event(comment, body, by=READER))
        assert (place.reply(comment), reactions(place, comment)) == (None, ["confused"])
    assert "no environments" not in (place.say("/list") or "no environments")


@pytest.mark.parametrize(
    ("body", "by", "content"),
    [
        (CLONE, MAINTAINER, "rocket"),
        ("/list", READER, "rocket"),
        (f"{CLONE} --dry-run", MAINTAINER, "rocket"),
        (CLONE, READER, "-1"),
        ("/clone production as production", MAINTAINER, "-1"),
        ("/clnoe production as demo-x", MAINTAINER, "-1"),
        ("/destroy demo-x", MAINTAINER, "-1"),
        ("/resume demo-x", MAINTAINER, "-1"),
        ("/set production app_min=3", MAINTAINER, "rocket"),
        ("/set production app_min=6", MAINTAINER, "rocket"),
    ],
)
def test_the_reaction_says_at_the_comment_how_it_ended(place: SmallMonorepo, body: str, by: str, content: str) -> None:
    comment = place.comment(body, by=by)
    place.work(place.event(comment, body, by=by))
    assert reactions(place, comment) == [content], place.reply(comment)
    place.reply(comment)


@pytest.mark.sample
def test_a_reader_is_told_what_a_command_needs(place: SmallMonorepo) -> None:
    said = place.say(CLONE, by=READER) or ""
    assert "requires the `write` permission" in said
    assert f"Ask `{MAINTAINER}` to post the command." in said, "who can is named, and not mentioned"
    assert "Unknown command" in (place.say("/clnoe production as demo-x", by=READER) or "")


def test_one_account_gets_so_many_answers_in_an_hour(place: SmallMonorepo) -> None:
    context = place.service.context
    context.author_limit = replace(context.author_limit, most=2)
    assert place.say("/list", by=READER) is not None
    assert place.say("/lsit", by=READER) is not None
    comment = place.comment("/list", by=READER)
    place.work(place.event(comment, "/list", by=READER))
    assert reactions(place, comment) == ["confused"]
    assert place.reply(comment) is None
    assert place.say("/list") is not None


def test_the_text_that_an_issue_is_opened_with_is_its_first_comment(place: SmallMonorepo) -> None:
    opened = place.opening(f"Hello, we need a copy for Tuesday.\n\n{CLONE}")
    assert place.work(opened).results
    assert "demo-x" in (place.reply(opened.comment) or "")
    github, repository = place.service.context.github, RepositoryName(REPOSITORY)
    assert github.own_reactions(repository, opened.comment) == {"rocket"}
    manifest = place.server.read(REPOSITORY, "envs/demo-x/environment.yaml", "envclone/demo-x") or b""
    assert f"comment: {opened.comment}\n" in manifest.decode()


def test_an_opening_text_that_is_delivered_again_is_the_same_request(place: SmallMonorepo) -> None:
    opened = place.opening(CLONE)
    place.work(opened)
    place.work(opened)
    assert place.reply(opened.comment) is not None
    assert len(place.server.pulls(REPOSITORY)) == 1


def test_an_opening_text_that_was_changed_meanwhile_commands_nothing(place: SmallMonorepo) -> None:
    opened = place.opening("Please have a look.\n\n/destroy demo-x")
    place.work(opened.model_copy(update={"body": CLONE}))
    assert "edited" in (place.reply(opened.comment) or "")
    assert place.server.pulls(REPOSITORY) == []


def test_an_opening_text_unlocks_nothing(place: SmallMonorepo) -> None:
    policy = b"allow: {rescue: write}\n"
    place.server.commit(REPOSITORY, {".github/envclone.yml": policy}, by=MAINTAINER, message="policy", branch="main")
    opened = place.opening('/unlock demo-x --because "the runner was switched off"')
    place.work(opened)
    assert "as a comment" in (place.reply(opened.comment) or "")


def test_whoever_stood_still_while_another_worker_answered_takes_its_eyes_back(tmp_path: Path) -> None:
    meanwhile: list[Callable[[], object]] = []

    def standing_still(app: ASGIApp) -> ASGIApp:
        async def before_its_reaction(scope: Scope, receive: Receive, send: Send) -> None:
            if meanwhile and scope["method"] == "POST" and scope["path"].endswith("/reactions"):
                await asyncio.to_thread(meanwhile.pop())
            await app(scope, receive, send)

        return before_its_reaction

    with small_monorepo(tmp_path, standing_still) as place:
        place.service.context.now = lambda: datetime.now(UTC) + timedelta(minutes=1)
        comment = place.comment("/list")
        meanwhile.append(lambda: place.work(place.event(comment, "/list")))
        place.work(place.event(comment, "/list"), killed_after="accept")  # what it would write down is there already
        assert reactions(place, comment) == ["rocket"]
        assert place.reply(comment) is not None
