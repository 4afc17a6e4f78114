"""`/reset`: a clone is destroyed and made again under its name, reviewed once, wherever the service is killed (law 4)."""

import pytest

from bot.clients.transient import Transient
from bot.names import EnvironmentName, ParameterName
from tests.support.small_monorepo import MAINTAINER, READER, REPOSITORY, SmallMonorepo
from tests.support.triggers import changed, checked, deployed, merged

NAME = EnvironmentName("demo-x")
RESET = "/reset demo-x"


def pulls(place: SmallMonorepo) -> list[tuple[str, str]]:
    return [(pull.title, pull.state) for pull in place.server.pulls(REPOSITORY)]


def removed(place: SmallMonorepo) -> str:
    """Ask for a reset and merge the removal; return the head that was reviewed for it."""
    place.say(RESET)
    head = place.server.head(REPOSITORY, "envclone-destroy/demo-x") or ""
    checked(place, last(place))
    merged(place, last(place))
    return head


def last(place: SmallMonorepo) -> int:
    return place.server.pulls(REPOSITORY)[-1].number


@pytest.mark.sample
def test_it_is_destroyed_and_made_again_byte_for_byte_and_that_merges_itself(live: SmallMonorepo) -> None:
    before = live.repository().environment(NAME)
    comment = live.comment(RESET)
    live.work(live.event(comment, RESET))
    pull = live.server.pulls(REPOSITORY)[-1]
    assert pull.title == "Reset demo-x: destroy and recreate it"
    assert "brings back `demo-x` exactly as it is now" in (pull.body or "")
    assert "Once it is destroyed, it is recreated as it was." in (live.reply(comment) or "")
    head = live.server.head(REPOSITORY, "envclone-destroy/demo-x") or ""
    merged(live, pull.number)
    assert live.repository().names() == ["production"]
    deployed(live, "demo-x", "failure", head)
    assert last(live) == pull.number, "nothing is made again while it is not destroyed"
    deployed(live, "demo-x", "success", head)
    again = live.server.pulls(REPOSITORY)[-1]
    assert again.title == "Recreate demo-x as it was"
    assert f"second half of the reset in #{pull.number}" in (again.body or "")
    assert f"[#{again.number}](" in (live.reply(comment) or "")
    checked(live, again.number, "failure")
    assert again.state == "open"
    checked(live, again.number)
    assert live.repository().environment(NAME) == before


@pytest.mark.parametrize("killed_after", ["release", "push"])
def test_law_4_a_reset_goes_on_wherever_it_was_killed_and_however_often_it_is_told(
    live: SmallMonorepo, killed_after: str
) -> None:
    comment = live.comment(RESET)
    steps: tuple[str | None, ...] = ("accept", "propose", "report", None)
    for step in steps:
        live.work(live.event(comment, RESET), step)
    head = live.server.head(REPOSITORY, "envclone-destroy/demo-x") or ""
    merged(live, last(live))
    if killed_after == "push":
        live.server.faults.lose_request("POST", f"^/repos/{REPOSITORY}/pulls$")
        with pytest.raises(Transient):
            deployed(live, "demo-x", "success", head)
    else:
        deployed(live, "demo-x", "success", head, killed_after=killed_after)
    pushed = live.server.head(REPOSITORY, "envclone/demo-x") if killed_after == "push" else None
    for _ in range(2):
        deployed(live, "demo-x", "success", head)
    titles = [title for title, _ in pulls(live)]
    assert titles[1:] == ["Reset demo-x: destroy and recreate it", "Recreate demo-x as it was"]
    assert pushed in {None, live.server.head(REPOSITORY, "envclone/demo-x")}
    number = last(live)
    checked(live, number)
    checked(live, number)
    live.work(changed(live, number, "closed"))
    assert [state for _, state in pulls(live)] == ["closed"] * 3
    assert "demo-x" in live.repository().names()
    assert f"[#{number}](" in (live.reply(comment) or "")


def test_asking_again_goes_on_where_nobody_heard_that_it_was_destroyed(live: SmallMonorepo) -> None:
    head = removed(live)
    assert "has already been removed" in (live.say(RESET) or "")
    deployed(live, "demo-x", "success", head, heard=False)
    assert "`demo-x` was destroyed, and [#" in (live.say(RESET) or "")
    assert pulls(live)[-1][0] == "Recreate demo-x as it was"


def test_what_somebody_pushed_to_is_left_to_people_and_a_closed_one_stays_closed(live: SmallMonorepo) -> None:
    head = removed(live)
    deployed(live, "demo-x", "success", head)
    number = last(live)
    live.server.commit(
        REPOSITORY, {"envs/demo-x/more.md": b"x\n"}, by=MAINTAINER, message="More", branch="envclone/demo-x"
    )
    checked(live, number)
    assert pulls(live)[-1] == ("Recreate demo-x as it was", "open")
    live.server.close(REPOSITORY, number, by=MAINTAINER)
    live.work(changed(live, number, "closed"))
    deployed(live, "demo-x", "success", head)
    assert pulls(live)[-1] == ("Recreate demo-x as it was", "closed")
    assert any("would have recreated it, but was closed." in body for body in live.written())
    reply = live.say(RESET) or ""
    assert f"`demo-x` was destroyed, and [#{number}](" in reply
    assert "would have recreated it, was closed." in reply
    assert "make a new one with `/clone`" in reply
    live.say("/clone production as demo-x for demo")
    assert pulls(live)[-1][1] == "open", "what the reply says to type works"


def test_no_removal_becomes_a_reset_by_what_somebody_pushes_to_its_branch(live: SmallMonorepo) -> None:
    live.say("/destroy demo-x")
    number = last(live)
    trailers = "Envclone-Environment: demo-x\nRequested-by: ana\nEnvclone-Resets: all\n"
    head = live.server.commit(
        REPOSITORY, {"more.md": b"x\n"}, by=MAINTAINER, message=f"More\n\n{trailers}", branch="envclone-destroy/demo-x"
    )
    checked(live, number)
    merged(live, number)
    deployed(live, "demo-x", "success", head)
    assert pulls(live)[-1] == ("Destroy demo-x", "closed"), "nothing is made again"


def test_a_value_that_another_environment_took_meanwhile_is_named(live: SmallMonorepo) -> None:
    network = live.repository().source(NAME).parameters[ParameterName("vpc_cidr")]
    head = removed(live)
    deployed(live, "demo-x", "success", head, heard=False)
    live.say(f"/clone production as demo-y for demo --set vpc_cidr={network}")
    deployed(live, "demo-x", "success", head)
    removal = next(pull for pull in live.server.pulls(REPOSITORY) if pull.title.startswith("Reset"))
    (said,) = [body for body in live.written(removal.number) if "can't be recreated" in body]
    assert "and `demo-y` has that now. Create a new one with `/clone`." in said


def test_what_could_not_be_made_again_is_not_destroyed(live: SmallMonorepo) -> None:
    assert "is protected" in (live.say("/reset production") or "")
    assert "requires the `write` permission" in (live.say(RESET, by=READER) or "")
    live.say("/destroy demo-x")
    number = last(live)
    assert f"#{number} destroys `demo-x` for good. Close it" in (live.say(RESET) or "")
    live.server.close(REPOSITORY, number, by=MAINTAINER)
    live.work(changed(live, number, "closed"))
    live.say(RESET)
    assert f"#{last(live)} resets `demo-x`. Close it" in (live.say("/destroy demo-x") or "")
