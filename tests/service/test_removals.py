"""A name is free again when all that bore it is destroyed, and not before (law 5)."""

import pytest

from tests.support.small_monorepo import REPOSITORY, SmallMonorepo
from tests.support.triggers import checked, deployed, forged, merged, removed_by_hand

CLONE = "/clone production as demo-x for demo"


@pytest.fixture
def ending(place: SmallMonorepo) -> tuple[SmallMonorepo, str]:
    """A repository from whose default branch `demo-x` was removed, and the head that was reviewed for that."""

    def end() -> str:
        place.say(CLONE)
        merged(place, place.server.pulls(REPOSITORY)[-1].number)
        place.say("/destroy demo-x")
        head = place.server.head(REPOSITORY, "envclone-destroy/demo-x") or ""
        merged(place, place.server.pulls(REPOSITORY)[-1].number)
        return head

    return place, place.reach("ending", end)


def refs(place: SmallMonorepo) -> str:
    return " ".join(place.service.context.mirror(REPOSITORY).refs())


@pytest.mark.parametrize("is_deleted", [True, False])
def test_the_name_is_taken_until_the_destroy_is_done(ending: tuple[SmallMonorepo, str], is_deleted: bool) -> None:
    place, head = ending
    if is_deleted:  # as repositories do that delete merged branches by themselves
        place.server.delete_branch(REPOSITORY, "envclone/demo-x", by="alice")
        place.server.delete_branch(REPOSITORY, "envclone-destroy/demo-x", by="alice")
    assert "is still being destroyed (#3)" in (place.say(CLONE) or "")
    deployed(place, "demo-x", "failure", head, "demo-x: network could not be destroyed")
    assert "`/resume demo-x`" in (place.say(CLONE) or "")
    deployed(place, "demo-x", "success", head)
    assert "`demo-x` is being planned" in (place.say(CLONE) or "")


@pytest.mark.sample
def test_what_it_left_in_the_repository_is_given_back(ending: tuple[SmallMonorepo, str]) -> None:
    place, head = ending
    deployed(place, "demo-x", "failure", head)
    forged(place, "demo-x", head)
    assert "refs/heads/envclone/demo-x" in refs(place)
    deployed(place, "demo-x", "success", head)
    assert "envclone" not in refs(place).replace("refs/pull", "")
    assert "Environment `demo-x` not found" in (place.say("/status demo-x") or "")


def test_a_clone_that_took_the_name_again_is_left_alone(ending: tuple[SmallMonorepo, str]) -> None:
    place, head = ending
    deployed(place, "demo-x", "success", head)
    place.say(CLONE)
    deployed(place, "demo-x", "success", head)  # told once more
    assert "refs/heads/envclone/demo-x" in refs(place)
    assert "being planned" in (place.say("/status demo-x") or "")


def test_a_clone_that_is_pushed_and_not_yet_proposed_is_left_alone(ending: tuple[SmallMonorepo, str]) -> None:
    place, head = ending
    deployed(place, "demo-x", "success", head, heard=False)
    comment = place.comment(CLONE)
    place.work(place.event(comment, CLONE), "publish")
    pushed = place.server.head(REPOSITORY, "envclone/demo-x")
    # Heard only now: the end of a run is told beside all that is done to the environment.
    deployed(place, "demo-x", "success", head)
    assert place.server.head(REPOSITORY, "envclone/demo-x") == pushed
    assert "envclone-destroy" not in refs(place), "what the former one left is given back"
    place.work(place.event(comment, CLONE))
    assert "`demo-x` is being planned" in (place.reply(comment) or "")


def test_what_failed_before_the_name_was_taken_again_is_no_failure_of_the_new_clone(
    ending: tuple[SmallMonorepo, str],
) -> None:
    place, head = ending
    deployed(place, "demo-x", "failure", head, "no role")
    place.server.commit(REPOSITORY, {"README.md": b"x"}, by="alice", message="Else")
    deployed(place, "demo-x", "success", head)
    comment = place.comment(CLONE)
    place.work(place.event(comment, CLONE))
    merged(place, place.server.pulls(REPOSITORY)[-1].number)
    assert "`demo-x` is merged but not applied yet" in (place.reply(comment) or "")


@pytest.mark.parametrize("method", ["merge", "squash"])
def test_a_removal_by_hand_ends_an_environment_as_ours_does(place: SmallMonorepo, method: str) -> None:
    place.say(CLONE)
    asked = place.server.comments(REPOSITORY, place.issue)[0].id
    merged(place, place.server.pulls(REPOSITORY)[-1].number)
    head, number = removed_by_hand(place, "demo-x")
    checked(place, number)
    merged(place, number, method)
    assert f"is still being destroyed (#{number})" in (place.say(CLONE) or "")
    assert f"already been removed from the default branch (#{number})" in (place.say("/destroy demo-x") or "")
    deployed(place, "demo-x", "failure", head, "demo-x: network could not be destroyed")
    assert "`demo-x` could not be destroyed" in (place.reply(asked) or "")
    assert "network could not be destroyed" in (place.say("/resume demo-x") or "")
    deployed(place, "demo-x", "success", head)
    assert "`demo-x` is destroyed" in (place.reply(asked) or "")
    assert f"requested in [#{number}]" in (place.reply(asked) or "")
    assert "refs/heads/envclone" not in refs(place)
    assert f"was removed (#{number}) and destroyed" in (place.say("/destroy demo-x") or "")
    assert "`demo-x` is being planned" in (place.say(CLONE) or "")


def test_an_end_names_the_change_that_is_open_and_closes_it_when_all_is_destroyed(place: SmallMonorepo) -> None:
    place.say(CLONE)
    merged(place, place.server.pulls(REPOSITORY)[-1].number)
    place.say("/set demo-x app_min=3")
    change = place.server.pulls(REPOSITORY)[-1].number
    place.say("/destroy demo-x")
    end = place.server.pulls(REPOSITORY)[-1]
    assert f"- #{change} changes `demo-x`. Once `demo-x` is destroyed, it is closed" in (end.body or "")
    head = place.server.head(REPOSITORY, "envclone-destroy/demo-x") or ""
    merged(place, end.number)
    asked = place.server.comments(REPOSITORY, place.issue)[0].id
    assert "`demo-x` is being destroyed" in (place.reply(asked) or ""), "whoever asked for it knows once it is merged"
    deployed(place, "demo-x", "failure", head)
    assert place.server.issue(REPOSITORY, change).state == "open"
    for _ in range(2):
        deployed(place, "demo-x", "success", head)
    assert place.server.issue(REPOSITORY, change).state == "closed"
    said = place.written(change)
    assert len([text for text in said if f"`demo-x` was destroyed (#{end.number})" in text]) == 1
    assert "refs/heads/envclone" not in refs(place)


def test_what_is_not_destroyed_yet_counts_against_quotas(ending: tuple[SmallMonorepo, str]) -> None:
    place, head = ending
    policy: dict[str, bytes | None] = {".github/envclone.yml": b"quota: {total: 1}\n"}
    place.server.commit(REPOSITORY, policy, by="alice", message="one at a time")
    for branch in ("envclone/demo-x", "envclone-destroy/demo-x"):
        place.server.delete_branch(REPOSITORY, branch, by="alice")
    other = CLONE.replace("demo-x", "other")
    reply = place.say(other) or ""
    assert "Quota reached: 1 of 1 clones in total" in reply
    assert "Removed but not destroyed yet: `demo-x`" in reply
    deployed(place, "demo-x", "success", head)
    assert "`other` is being planned" in (place.say(other) or "")
