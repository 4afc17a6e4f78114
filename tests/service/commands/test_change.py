"""`/set` and `/extend`: from a comment to a commit and its pull request, on a real repository over HTTP (law 4)."""

import pytest

from bot.core.rendering.verify import verify
from bot.core.requests.branches import branch_of
from bot.model.environment import Manifest
from bot.model.pipeline import Json
from bot.names import EnvironmentName, ParameterName
from bot.sandbox.github.records.issues import IssueRecord
from bot.service.repository import Repository
from tests.support import example
from tests.support.small_monorepo import READER, REPOSITORY, SmallMonorepo
from tests.support.triggers import changed, checked, closed, deployed, merged

NAME = EnvironmentName("demo-x")
CHANGE = branch_of(NAME, "change")
SET = "/set demo-x app_min=3"


def pulls(place: SmallMonorepo) -> list[IssueRecord]:
    return place.server.pulls(REPOSITORY)


def repo(place: SmallMonorepo) -> Repository:
    return place.repository()


def at(place: SmallMonorepo, branch: str) -> Repository:
    return repo(place).at(place.server.head(REPOSITORY, branch) or "")


def manifest(place: SmallMonorepo, branch: str = "main") -> Manifest:
    found = at(place, branch).manifest(NAME)
    assert found is not None
    return found


def value(place: SmallMonorepo, name: str, branch: str = "main") -> Json:
    return manifest(place, branch).parameters[ParameterName(name)]


def ask(place: SmallMonorepo, body: str) -> int:
    comment = place.comment(body)
    place.work(place.event(comment, body))
    return comment


@pytest.mark.sample
def test_set_renders_an_open_clone_again_in_place(proposed: SmallMonorepo) -> None:
    (pull,), before = pulls(proposed), manifest(proposed, branch_of(NAME))
    reply = proposed.say("/set demo-x app_min=3") or ""
    assert f"Changed `demo-x` in [#{pull.number}]" in reply
    assert "| `app_min` | `1` | `3` |" in reply
    (after,) = pulls(proposed)
    assert "| `app_min` | `3` | `6` | set with `--set` |" in (after.body or "")
    now = manifest(proposed, branch_of(NAME))
    assert now.request == before.request
    assert now.parameters == {**before.parameters, ParameterName("app_min"): 3}
    files = at(proposed, branch_of(NAME)).environment(NAME)
    assert verify(NAME, files, example.template()) == []


def test_a_clone_changed_in_place_gives_back_what_it_held_when_it_is_closed(proposed: SmallMonorepo) -> None:
    proposed.say(SET)
    closed(proposed, pulls(proposed)[-1].number)
    assert not any("envclone" in ref for ref in repo(proposed).mirror.refs())


@pytest.mark.sample
def test_set_on_a_live_environment_opens_a_pull_request_that_shows_the_change(live: SmallMonorepo) -> None:
    reply = live.say("/set demo-x app_min=3 db_class=medium") or ""
    pull = pulls(live)[-1]
    assert "The change to `demo-x` is being planned" in reply
    assert f"#{pull.number}" in reply
    assert "| `db_class` | `small` | `medium` |" in reply
    assert pull.title == "Change demo-x: db_class, app_min"
    assert "| `app_min` | `1` | `3` | set with `/set`; it was set by the purpose |" in (pull.body or "")
    assert "Requested by @alice [in #" in (pull.body or "")
    paths = {change.path for change in live.server.files(REPOSITORY, pull.number)}
    assert paths == {"envs/demo-x/environment.yaml", "envs/demo-x/app/terraform.tfvars.json"}
    assert value(live, "app_min") == 1
    assert value(live, "app_min", CHANGE) == 3


def test_the_reply_follows_the_change_until_it_is_applied(live: SmallMonorepo) -> None:
    comment = ask(live, SET)
    number, head = pulls(live)[-1].number, live.server.head(REPOSITORY, CHANGE) or ""
    deployed(live, "demo-x", "success", "0" * 40)
    checked(live, number, "failure")
    assert "the check failed" in (live.reply(comment) or "")
    checked(live, number)
    assert "ready for review" in (live.reply(comment) or "")
    merged(live, number, "squash")
    live.server.delete_branch(REPOSITORY, CHANGE, by="alice")
    assert "merged but not applied yet" in (live.reply(comment) or "")
    deployed(live, "demo-x", "in_progress", head)
    assert "The change to `demo-x` is being applied" in (live.reply(comment) or "")
    deployed(live, "demo-x", "success", head)
    reply = live.reply(comment) or ""
    assert "The change to `demo-x` is applied" in reply
    assert "| `app_min` | `1` | `3` |" in reply
    assert "| Step | success |" in reply


def test_another_change_adds_to_the_open_one_and_both_askers_hear_of_it(live: SmallMonorepo) -> None:
    first, second = ask(live, SET), ask(live, "/extend demo-x 7d")
    assert len(pulls(live)) == 2
    pull = pulls(live)[-1]
    before, after = manifest(live), manifest(live, CHANGE)
    assert before.expires_at is not None
    assert after.expires_at is not None
    assert (after.expires_at - before.expires_at).days == 7
    assert after.parameters[ParameterName("app_min")] == 3
    assert pull.title == f"Change demo-x: app_min, extend it until {after.expires_at:%Y-%m-%d %H:%M} UTC"
    live.work(changed(live, pull.number, "synchronize"))
    for comment in (first, second):
        assert "| `app_min` | `1` | `3` |" in (live.reply(comment) or "")
    merged(live, pull.number)
    assert "merged" in (live.reply(first) or "")
    assert manifest(live).expires_at == after.expires_at


@pytest.mark.sample
def test_extend_touches_the_manifest_alone(live: SmallMonorepo) -> None:
    live.say("/extend demo-x 7d")
    pull = pulls(live)[-1]
    assert (pull.title or "").startswith("Extend demo-x until ")
    assert "the plan is empty" in (pull.body or "")
    (change,) = live.server.files(REPOSITORY, pull.number)
    assert change.path == "envs/demo-x/environment.yaml"
    assert (change.additions, change.deletions) == (1, 1)


@pytest.mark.parametrize("method", ["merge", "squash", "rebase"])
def test_a_branch_left_standing_after_a_merge_blocks_no_later_change(live: SmallMonorepo, method: str) -> None:
    live.say(SET)
    if method == "rebase":
        head = live.server.head(REPOSITORY, CHANGE)
        live.server.commit(REPOSITORY, dict(_files(live, CHANGE)), by="alice", message="by hand")
        live.server.close(REPOSITORY, pulls(live)[-1].number, by="alice")  # and nobody heard of it
        assert live.server.head(REPOSITORY, CHANGE) == head
    else:
        merged(live, pulls(live)[-1].number, method)
    assert value(live, "app_min") == 3
    live.say("/set demo-x app_min=4")
    assert len(pulls(live)) == 3
    assert "| `app_min` | `3` | `4` |" in (pulls(live)[-1].body or "")
    assert pulls(live)[-1].title == "Change demo-x: app_min"


def _files(place: SmallMonorepo, branch: str) -> list[tuple[str, bytes]]:
    files = at(place, branch).environment(NAME)
    return [(f"envs/demo-x/{path}", file.data) for path, file in files.items()]


def test_closed_it_is_gone_and_can_be_asked_for_again(live: SmallMonorepo) -> None:
    comment = ask(live, SET)
    closed(live, pulls(live)[-1].number)
    assert "Nothing was changed" in (live.reply(comment) or "")
    assert repo(live).mirror.proposals("change") == {}
    live.say(SET)
    assert [pull.state for pull in pulls(live)] == ["closed", "closed", "open"]


@pytest.mark.parametrize("killed_after", ["accept", "publish", "propose", "report"])
@pytest.mark.parametrize("where", ["proposed", "live"])
def test_law_4_a_change_killed_after_any_step_and_run_again_is_made_once(
    proposed: SmallMonorepo, killed_after: str, where: str
) -> None:
    if where == "live":
        merged(proposed, pulls(proposed)[-1].number)
    body = "/extend demo-x 3d"
    branch = branch_of(NAME, "change" if where == "live" else "clone")
    before = manifest(proposed, branch_of(NAME)).expires_at
    comment = proposed.comment(body)
    proposed.work(proposed.event(comment, body), killed_after)
    proposed.work(proposed.event(comment, body))
    after = manifest(proposed, branch).expires_at
    assert before is not None
    assert after is not None
    assert (after - before).days == 3
    assert len(pulls(proposed)) == (2 if where == "live" else 1)
    assert proposed.reply(comment) is not None


@pytest.mark.parametrize("method", ["merge", "squash"])
@pytest.mark.parametrize("is_deleted", [True, False])
def test_law_4_a_change_that_was_merged_before_it_is_run_again_is_not_made_twice(
    live: SmallMonorepo, method: str, is_deleted: bool
) -> None:
    comment = ask(live, "/extend demo-x 3d")
    merged(live, pulls(live)[-1].number, method)
    if is_deleted:
        live.server.delete_branch(REPOSITORY, CHANGE, by="alice")
    live.work(live.event(comment, "/extend demo-x 3d"))
    assert len(pulls(live)) == 2
    assert "merged" in (live.reply(comment) or "")


def test_law_4_a_change_in_place_that_went_live_before_it_is_run_again_is_not_made_twice(
    proposed: SmallMonorepo,
) -> None:
    comment = ask(proposed, "/extend demo-x 3d")
    merged(proposed, pulls(proposed)[-1].number)
    proposed.work(proposed.event(comment, "/extend demo-x 3d"))
    assert len(pulls(proposed)) == 1
    assert "Changed `demo-x` in [#" in (proposed.reply(comment) or "")


def test_what_cannot_be_done_is_said_and_nothing_is_proposed(live: SmallMonorepo) -> None:
    assert "No change: in `demo-x`, " in (live.say("/set demo-x app_min=1") or "")
    assert "it identifies `demo-x`" in (live.say("/set demo-x vpc_cidr=10.64.9.0/24") or "")
    assert "/set demo-x app_min=3" in (live.say("/set demo-x app_mni=3") or "")
    assert "Did you mean `demo-x`?" in (live.say("/set demo-y app_min=3") or "")
    assert "/extend demo-x 20d" in (live.say("/extend demo-x 29d") or "")
    assert "does not expire" in (live.say("/extend production 1d") or "")
    assert len(pulls(live)) == 1


def test_a_clone_whose_pull_request_was_closed_can_not_be_changed(proposed: SmallMonorepo) -> None:
    proposed.server.close(REPOSITORY, pulls(proposed)[-1].number, by="alice")  # and nobody heard of it yet
    assert "no open pull request adds it" in (proposed.say(SET) or "")


def test_what_was_edited_by_hand_is_kept(live: SmallMonorepo) -> None:
    edited = {"envs/demo-x/app/main.tf": example.MAIN + b"# by hand\n"}
    live.server.commit(REPOSITORY, edited, by="alice", message="By hand")
    live.say(SET)
    assert at(live, CHANGE).environment(NAME)["app/main.tf"].data == example.MAIN + b"# by hand\n"
    assert value(live, "app_min", CHANGE) == 3


def test_production_is_changed_through_the_same_door(live: SmallMonorepo) -> None:
    live.say("/set production app_min=8")
    pull = pulls(live)[-1]
    assert pull.title == "Change production: app_min"
    assert "which clones are made from" in (pull.body or "")


def test_a_change_says_that_somebody_asked_for_the_end(live: SmallMonorepo) -> None:
    live.say("/destroy demo-x")
    number = pulls(live)[-1].number
    live.say(SET)
    assert f"#{number} would destroy `demo-x`" in (pulls(live)[-1].body or "")


def test_status_and_list_tell_of_the_open_change(live: SmallMonorepo) -> None:
    live.say(SET)
    number = pulls(live)[-1].number
    assert f"- **Proposed:** a change in #{number}\n" in (live.say("/status demo-x") or "")
    assert f"merged, a change in #{number} |" in (live.say("/list") or "")
    comment = live.comment("/status", issue=number)
    live.work(live.event(comment, "/status").model_copy(update={"issue": number}))
    (reply,) = [body for body in live.written(number) if f"request:{comment} " in body]
    assert "### `demo-x`" in reply
    closed(live, number)
    assert "a change in" not in (live.say("/list") or "")


@pytest.mark.parametrize("line", [SET, "/extend demo-x 1d"])
def test_a_reader_may_not_change(live: SmallMonorepo, line: str) -> None:
    assert "requires the `write` permission" in (live.say(line, by=READER) or "")
    assert len(pulls(live)) == 1
