"""`/sync`: from a comment to the environment at a newer revision of its template, on a real repository over HTTP (law 4)."""

import pytest

from bot.core.rendering.verify import verify
from bot.core.requests.branches import branch_of
from bot.model.environment import Manifest
from bot.names import EnvironmentName, ParameterName
from bot.sandbox.github.records.issues import IssueRecord
from bot.service.repository import Repository
from tests.support import example
from tests.support.small_monorepo import READER, REPOSITORY, SmallMonorepo
from tests.support.triggers import merged

NAME = EnvironmentName("demo-x")
CHANGE = branch_of(NAME, "change")
MAIN = "templates/shop/app/main.tf"
RENDERED = "envs/demo-x/app/main.tf"
SECURE = example.MAIN.replace(b'"String"', b'"SecureString"')
LIST = example.MAIN.replace(b'"String"', b'"StringList"')
PEER = "  peer_cidr: {type: cidr, identity: true, allocate: {pool: 10.200.0.0/30, prefix: 30}, description: Another.}\n"


ASKING = example.DECLARATION.replace(
    "  zones:",
    "  region: {type: string, description: The region.}\n  site: {type: string, description: The site.}\n  zones:",
).encode()


def push(place: SmallMonorepo, message: str, **files: bytes) -> str:
    """Change files of the default branch, named by what they are in this test, and return the commit."""
    paths = {"main": MAIN, "rendered": RENDERED, "declaration": "templates/shop/template.yaml"}
    place.server.commit(REPOSITORY, {paths[name]: data for name, data in files.items()}, by="alice", message=message)
    return place.server.head(REPOSITORY, "main") or ""


def pulls(place: SmallMonorepo) -> list[IssueRecord]:
    return place.server.pulls(REPOSITORY)


def at(place: SmallMonorepo, branch: str) -> Repository:
    return place.repository().at(place.server.head(REPOSITORY, branch) or "")


def manifest(place: SmallMonorepo, branch: str = "main", name: EnvironmentName = NAME) -> Manifest:
    found = at(place, branch).manifest(name)
    assert found is not None
    return found


def file(place: SmallMonorepo, branch: str, path: str = "app/main.tf") -> bytes:
    return at(place, branch).environment(NAME)[path].data


def wrong(place: SmallMonorepo) -> list[str]:
    """Return what the check of the change's pull request would name."""
    there = at(place, CHANGE)
    return [each.message for each in verify(NAME, there.environment(NAME), there.template_of(manifest(place, CHANGE)))]


@pytest.mark.sample
def test_sync_opens_a_pull_request_that_says_what_the_template_changed(live: SmallMonorepo) -> None:
    first = push(live, "Encrypt the greeting (#12)", main=SECURE)
    second = push(live, "Ask @everybody", main=SECURE + b"# newer\n")
    assert "merged, 2 revisions behind its template |" in (live.say("/list") or "")
    assert "2 revisions behind: comment `/sync demo-x`" in (live.say("/status demo-x") or "")
    reply = live.say("/sync demo-x") or ""
    pull, body = pulls(live)[-1], pulls(live)[-1].body or ""
    assert "The change to `demo-x` is being planned" in reply
    assert "| template revision |" in reply
    assert pull.title == f"Sync demo-x with template shop at {manifest(live, CHANGE).revision[:12]}"
    assert f"2 commits of the template:\n\n- {second[:12]} Ask @\u200beverybody\n- {first[:12]} Encrypt the" in body
    assert "Every value is kept." in body
    assert "| Against `production` | Before | After |" in body
    assert "- **Risk:** unknown until it is planned; see the plan comment\n" in body
    assert "| … unexplained | 0 | 0 |" in body
    assert "(unchanged)" not in body
    assert "### Conflicts" not in body
    assert "by hand" not in body
    assert "| `String` | `SecureString` | the template |" in body
    paths = {change.path for change in live.server.files(REPOSITORY, pull.number)}
    assert paths == {"envs/demo-x/environment.yaml", RENDERED}
    assert file(live, CHANGE) == SECURE + b"# newer\n"
    assert verify(NAME, at(live, CHANGE).environment(NAME), at(live, "main").template(manifest(live).template)) == []
    merged(live, pull.number)
    assert "behind" not in next(line for line in (live.say("/list") or "").splitlines() if "`demo-x`" in line)
    assert "No change: `demo-x` is at revision" in (live.say("/sync demo-x") or "")


def test_a_conflict_is_proposed_with_both_versions_and_named(live: SmallMonorepo) -> None:
    push(live, "By hand", rendered=LIST)
    push(live, "Encrypt", main=SECURE)
    live.say("/sync demo-x")
    body = pulls(live)[-1].body or ""
    assert "### Conflicts\n\n**Edited by hand where the template changed it.**" in body
    assert f"- `{RENDERED}:4`: lines 4 to 10" in body
    assert "Not compared: the conflicts" in body
    text = file(live, CHANGE)
    assert b"StringList" in text
    assert b"SecureString" in text
    assert "An earlier sync left conflicts" not in (live.say("/list") or "")
    push(live, "Again", main=SECURE + b"# more\n")
    assert "An earlier sync left conflicts" in (live.say("/sync demo-x") or "")


def test_a_hand_edit_outside_of_what_the_template_changed_survives(live: SmallMonorepo) -> None:
    push(live, "By hand", rendered=LIST)
    push(live, "More", main=example.MAIN + b"# more\n")
    live.say("/sync demo-x")
    assert file(live, CHANGE) == LIST + b"# more\n"
    body = pulls(live)[-1].body or ""
    assert "| … unexplained | 1 | 1 |" in body
    assert "### Kept as edited by hand\n\nThese places" in body
    assert f"- `{RENDERED}:4`: edited by hand: the template renders " in body


def test_an_open_clone_is_synced_in_place(proposed: SmallMonorepo) -> None:
    push(proposed, "Encrypt", main=SECURE)
    reply = proposed.say("/sync demo-x") or ""
    assert "Changed `demo-x` in [#" in reply
    assert "| template revision |" in reply
    assert len(pulls(proposed)) == 1
    assert file(proposed, branch_of(NAME)) == SECURE


def test_a_conflict_in_an_open_clone_is_named_in_the_reply(proposed: SmallMonorepo) -> None:
    number = pulls(proposed)[-1].number
    body = pulls(proposed)[-1].body
    proposed.server.commit(REPOSITORY, {RENDERED: LIST}, by="alice", message="By hand", branch=branch_of(NAME))
    push(proposed, "Encrypt", main=SECURE)
    reply = proposed.say("/sync demo-x") or ""
    assert f"`{RENDERED}:4`: lines 4 to 10" in reply
    assert (pulls(proposed)[-1].number, pulls(proposed)[-1].body) == (number, body)


def test_a_change_and_a_sync_go_into_one_pull_request(live: SmallMonorepo) -> None:
    push(live, "Encrypt", main=SECURE)
    live.say("/set demo-x app_min=3")
    live.say("/sync demo-x")
    assert len(pulls(live)) == 2
    assert (pulls(live)[-1].title or "").startswith("Sync demo-x")
    assert "| `app_min` | `1` | `3` | set with `/set` |" in (pulls(live)[-1].body or "")
    assert file(live, CHANGE) == SECURE


def test_a_module_inside_of_the_template_follows_with_the_revision(live: SmallMonorepo) -> None:
    calls = SECURE + b'module "more" { source = "../modules/more" }\n'
    files = {MAIN: calls, "templates/shop/modules/more/main.tf": b'resource "terraform_data" "more" {}\n'}
    live.server.commit(REPOSITORY, files, by="alice", message="More")
    live.say("/sync demo-x")
    assert file(live, CHANGE, "modules/more/main.tf") == files["templates/shop/modules/more/main.tf"]
    assert wrong(live) == []


def test_production_is_synced_through_the_same_door(live: SmallMonorepo) -> None:
    migration = "migrations: {polite: {description: Greet well., values: {greeting: {hello: good day}}}}\n"
    push(live, "Encrypt", main=SECURE, declaration=f"{example.DECLARATION}{migration}".encode())
    live.say("/sync production")
    body = pulls(live)[-1].body or ""
    assert "which clones are made from" in body
    assert "- `polite`: Greet well." in body
    assert "| `greeting` | `hello` | `good day` | migrated |" in body
    assert "### Compared with its source" not in body
    assert "the plan is empty" not in body


def test_a_commit_may_be_named_if_the_default_branch_was_at_it(live: SmallMonorepo) -> None:
    first = push(live, "Encrypt", main=SECURE)
    push(live, "More", main=SECURE + b"# more\n")
    assert "has no commit `abcdef0`" in (live.say("/sync demo-x to abcdef0") or "")
    live.server.commit(REPOSITORY, {MAIN: LIST}, by="alice", message="Not reviewed", branch="someone")
    other = live.server.head(REPOSITORY, "someone") or ""
    assert f"has no commit `{other}`" in (live.say(f"/sync demo-x to {other}") or "")
    assert len(pulls(live)) == 1
    live.say(f"/sync demo-x to {first[:8]}")
    assert file(live, CHANGE) == SECURE


def test_what_the_template_asks_for_is_asked_in_the_pull_request_and_set_answers_there(live: SmallMonorepo) -> None:
    push(live, "Ask", declaration=ASKING, main=SECURE)
    revision = at(live, "main").template(manifest(live).template).revision
    reply = live.say("/sync demo-x") or ""
    pull, body = pulls(live)[-1], pulls(live)[-1].body or ""
    assert pull.title == "Sync demo-x: values are missing"
    assert (
        "- `region` is new: The region.\n- `site` is new: The site.\n\nComment `/set demo-x region=… site=…` here"
        in body
    )
    assert "the plan is empty" not in body
    assert "- **Waits for:** values: comment `/set demo-x region=… site=…`" in (live.say("/status demo-x") or "")
    assert "**It waits for values:** comment `/set demo-x region=… site=…`." in reply
    assert file(live, CHANGE) == example.MAIN
    assert wrong(live) == [
        "the newer template asks for values. Comment `/set demo-x region=… site=…` in the pull request."
    ]
    assert "waits for values already" in (live.say("/sync demo-x") or "")
    push(live, "Newer", main=LIST)  # what is answered is what was asked
    assert "/set demo-x region=eu-west-1" in (live.say("/set demo-x regio=eu-west-1") or "")
    live.say("/set demo-x region=eu-west-1")
    assert wrong(live) == ["the newer template asks for values. Comment `/set demo-x site=…` in the pull request."]
    assert "has a value already" in (live.say("/set demo-x site=a app_min=3") or "")
    assert "waits for values" in (live.say("/set demo-x app_min=3") or "")
    reply = live.say("/set demo-x site=a") or ""
    assert "waits for values" not in reply
    assert pulls(live)[-1].title == f"Sync demo-x with template shop at {revision[:12]}"
    assert "| `region` | – | `eu-west-1` | new: set with `--set` |" in (pulls(live)[-1].body or "")
    assert "| `app_min` | `1` | `3` |" in (pulls(live)[-1].body or "")
    assert (file(live, CHANGE), wrong(live), len(pulls(live))) == (SECURE, [], 2)
    assert (manifest(live, CHANGE).overrides, manifest(live, CHANGE).awaits) == (("app_min", "region", "site"), None)
    assert "/sync demo-x" in (live.say("/sync demo-y") or "")


def test_a_revision_that_somebody_wrote_into_what_is_awaited_is_refused(proposed: SmallMonorepo) -> None:
    push(proposed, "Ask", declaration=ASKING)
    assert "**It waits for values:** comment `/set demo-x" in (proposed.say("/sync demo-x") or "")
    proposed.server.commit(REPOSITORY, {MAIN: LIST}, by="alice", message="Not reviewed", branch="someone")
    theirs = at(proposed, "someone").template(manifest(proposed, branch_of(NAME)).template).revision
    waiting = manifest(proposed, branch_of(NAME)).awaits
    assert waiting is not None
    text = (
        at(proposed, branch_of(NAME))
        .environment(NAME)["environment.yaml"]
        .data.replace(waiting.revision.encode(), theirs.encode())
    )
    proposed.server.commit(
        REPOSITORY, {"envs/demo-x/environment.yaml": text}, by="alice", message="Other", branch=branch_of(NAME)
    )
    assert "never had template `shop` at revision" in (proposed.say("/set demo-x region=a site=b") or "")
    proposed.say("/sync demo-x --set region=a --set site=b")
    assert manifest(proposed, branch_of(NAME)).awaits is None


def test_a_value_to_be_held_alone_is_claimed_so_that_two_do_not_get_it(live: SmallMonorepo) -> None:
    live.say("/clone production as demo-y for demo")
    merged(live, pulls(live)[-1].number)
    push(live, "Peer", declaration=example.DECLARATION.replace("  zones:", f"{PEER}  zones:").encode())
    live.say("/sync demo-x")
    assert manifest(live, CHANGE).parameters[ParameterName("peer_cidr")] == "10.200.0.0/30"
    assert "No value is free for `peer_cidr`" in (live.say("/sync demo-y") or "")


@pytest.mark.parametrize(
    ("where", "killed_after"),
    [*(("live", step) for step in ("accept", "publish", "propose", "report")), ("proposed", "publish")],
)
def test_law_4_a_sync_killed_after_any_step_and_run_again_is_made_once(
    proposed: SmallMonorepo, where: str, killed_after: str
) -> None:
    if where == "live":
        merged(proposed, pulls(proposed)[-1].number)
    push(proposed, "Encrypt", main=SECURE)
    comment = proposed.comment("/sync demo-x")
    proposed.work(proposed.event(comment, "/sync demo-x"), killed_after)
    push(proposed, "More", main=SECURE + b"# more\n")
    proposed.work(proposed.event(comment, "/sync demo-x"))
    branch = branch_of(NAME, "change" if where == "live" else "clone")
    assert file(proposed, branch) == SECURE + (b"# more\n" if killed_after == "accept" else b"")
    assert len(pulls(proposed)) == (2 if where == "live" else 1)
    assert proposed.reply(comment) is not None


@pytest.mark.parametrize("killed_after", ["accept", "publish", "propose", "report"])
def test_law_4_a_question_and_its_answer_killed_after_any_step_are_asked_and_answered_once(
    live: SmallMonorepo, killed_after: str
) -> None:
    push(live, "Ask", declaration=ASKING, main=SECURE)
    for said in ("/sync demo-x", "/set demo-x region=a site=b"):
        comment = live.comment(said)
        live.work(live.event(comment, said), killed_after)
        live.work(live.event(comment, said))
        assert live.reply(comment) is not None
    assert (len(pulls(live)), wrong(live), file(live, CHANGE)) == (2, [], SECURE)
    head = at(live, CHANGE).commit
    assert at(live, "main").commit == live.repository().mirror.history.parent(
        live.repository().mirror.history.parent(head) or ""
    )


def test_law_4_a_sync_that_was_merged_before_it_is_run_again_is_not_made_twice(live: SmallMonorepo) -> None:
    push(live, "Encrypt", main=SECURE)
    comment = live.comment("/sync demo-x")
    live.work(live.event(comment, "/sync demo-x"))
    merged(live, pulls(live)[-1].number, "squash")
    live.work(live.event(comment, "/sync demo-x"))
    assert len(pulls(live)) == 2
    assert "merged" in (live.reply(comment) or "")


def test_a_reader_may_not_sync_and_help_explains_it(live: SmallMonorepo) -> None:
    assert "requires the `write` permission" in (live.say("/sync demo-x", by=READER) or "")
    assert "| `[to <commit>]` |" in (live.say("/help sync") or "")
    assert "`/sync demo-x`" in (live.say("/sync") or "")
