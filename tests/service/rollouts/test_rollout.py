"""A rollout of a template to several environments, wave after wave, on a real repository over HTTP (law 4)."""

import itertools
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.clients.github import CheckState
from bot.clients.transient import Transient
from bot.core.messages.plan_comment import marker
from bot.core.plans.risk import said
from bot.core.requests.branches import branch_of
from bot.core.requests.clone import Draft, draft_clone
from bot.events import CommentCreated, RolloutDue
from bot.model.environment import Manifest
from bot.model.risk import Risk
from bot.names import EnvironmentName, PurposeName, RepositoryName
from bot.sandbox.github import IssueText, PullSpec
from bot.sandbox.github.records.issues import IssueRecord
from bot.service.commands.expire import expire
from tests.support import example
from tests.support.small_monorepo import MAINTAINER, POLICY, READER, REPOSITORY, SmallMonorepo
from tests.support.triggers import actions, apply_run, changed, checked, closed, deployed, forged, merged

SECURE = example.MAIN.replace(b'"String"', b'"SecureString"')
CANARY = b"rollout: {enabled: true, waves: [{purposes: [qa]}]}\n"
CLONES = {"demo-a": "demo", "demo-b": "demo", "qa-a": "qa"}
slots = itertools.count()


def company(place: SmallMonorepo, policy: bytes = CANARY, clones: dict[str, str] = CLONES) -> None:
    """Put clones on the default branch, and a policy, on the day on which they were asked for."""
    place.service.context.now = lambda: example.NOW + timedelta(hours=1)
    made: list[Manifest] = []
    files: dict[str, bytes | None] = {".github/envclone.yml": POLICY + policy}
    for number, (name, purpose) in enumerate(clones.items(), 1):
        asked = replace(example.asked(name, number, purpose=PurposeName(purpose)), request=None)
        found = draft_clone(asked, example.base(*made))
        assert isinstance(found, Draft), found
        made.append(found.manifest)
        files |= {f"envs/{name}/{path}": file.data for path, file in found.files.items()}
    place.server.commit(REPOSITORY, files, by=MAINTAINER, message="Clones")


def change(place: SmallMonorepo, data: bytes = SECURE) -> None:
    place.server.commit(REPOSITORY, {"templates/shop/app/main.tf": data}, by=MAINTAINER, message="Encrypt")


def look(place: SmallMonorepo) -> None:
    place.work(RolloutDue(repository=RepositoryName(REPOSITORY), slot=str(next(slots))))


def issue(place: SmallMonorepo) -> IssueRecord:
    """Return the newest issue of a rollout."""
    return [each for each in place.server.issues(REPOSITORY) if each.title.startswith("Rollout of")][-1]


def table(place: SmallMonorepo) -> dict[str, str]:
    """Return the stage of each environment, as the issue's table has it."""
    return dict(re.findall(r"^\| `([a-z-]+)` \| \d+ \| ([^|]+) \|", issue(place).body or "", re.MULTILINE))


def pulls(place: SmallMonorepo) -> dict[str, IssueRecord]:
    """Return the newest pull request of each environment that a rollout proposed."""
    found = [each for each in place.server.pulls(REPOSITORY) if each.title.startswith("Sync ")]
    return {each.title.split()[1]: each for each in found}


def planned(place: SmallMonorepo, name: str, risk: Risk = Risk.NONE) -> None:
    """Let the plan of an environment's pull request succeed, with a risk."""
    number = pulls(place)[name].number
    pull = place.service.context.github.pull_request(example.REPOSITORY, number)
    assert pull is not None
    state = CheckState("1 to change", f"{marker(EnvironmentName(name))}\n{said(risk)}.", conclusion="success")
    actions(place).put_check(example.REPOSITORY, pull.head_sha, f"envclone/plan: {name}", state)
    checked(place, number)


def applied(place: SmallMonorepo, name: str, state: str = "success") -> None:
    deployed(place, name, state, place.server.head(REPOSITORY) or "")  # type: ignore[arg-type]


def rolled_out(place: SmallMonorepo, *names: str) -> None:
    """Let environments be planned without any risk, merged by the bot, and applied."""
    for name in names:
        planned(place, name)
    look(place)
    for name in names:
        applied(place, name)
    look(place)


def test_a_rollout_has_to_be_turned_on(place: SmallMonorepo) -> None:
    company(place, b"")
    change(place)
    look(place)
    assert len(place.server.issues(REPOSITORY)) == 1
    assert "No rollout is under way" in (place.say("/rollout pause") or "")
    assert "To turn rollouts on, add" in (place.say("/rollout") or "")


def test_nothing_is_rolled_out_while_everything_is_at_the_newest_revision(place: SmallMonorepo) -> None:
    company(place)
    look(place)
    assert len(place.server.issues(REPOSITORY)) == 1


def test_a_canary_comes_first_and_production_last_and_by_people(place: SmallMonorepo) -> None:
    company(place)
    change(place)
    look(place)
    assert set(pulls(place)) == {"qa-a"}
    assert f"Part of [this rollout]({place.server.url}/{REPOSITORY}/issues/{issue(place).number})" in (
        pulls(place)["qa-a"].body or ""
    )
    assert table(place) == {"qa-a": "planning", "demo-a": "waiting", "demo-b": "waiting", "production": "waiting"}
    planned(place, "qa-a")
    look(place)
    assert table(place)["qa-a"] == "merged, being applied"
    look(place)
    forged(place, "qa-a", place.server.head(REPOSITORY) or "")
    look(place)
    assert set(pulls(place)) == {"qa-a"}, "the next wave waits until the canary is applied"
    applied(place, "qa-a")
    look(place)
    assert set(pulls(place)) == {"qa-a", "demo-a", "demo-b"}
    planned(place, "demo-a", Risk.IN_PLACE)
    look(place)
    assert table(place)["demo-a"] == "planned, waiting to be merged"
    planned(place, "demo-b", Risk.REPLACE)
    look(place)
    assert "Open plans by risk: 1 in place, 1 **replace** (`demo-b`)." in (issue(place).body or "")
    for name in ("demo-a", "demo-b"):
        merged(place, pulls(place)[name].number)
        applied(place, name)
    look(place)
    planned(place, "production")
    look(place)
    assert table(place)["production"] == "planned, waiting to be merged"
    merged(place, pulls(place)["production"].number, "squash")
    applied(place, "production")
    look(place)
    assert (issue(place).state, issue(place).title[-6:]) == ("closed", "(done)")
    assert set(table(place).values()) == {"applied"}
    look(place)
    assert len(pulls(place)) == 4


def test_where_all_are_planned_first_the_issue_says_what_would_happen_to_all_before_any_is_merged(
    place: SmallMonorepo,
) -> None:
    company(place, CANARY.replace(b"true,", b"true, plan_first: all, merge: [none, in_place],"))
    change(place)
    look(place)
    everybody = {"qa-a", "demo-a", "demo-b", "production"}
    assert set(pulls(place)) == everybody
    for name, risk in (("qa-a", Risk.NONE), ("demo-a", Risk.IN_PLACE), ("production", Risk.REPLACE)):
        planned(place, name, risk)
    look(place)
    assert table(place)["qa-a"] == "planned, waiting to be merged", "nobody knows yet what would happen to demo-b"
    planned(place, "demo-b")
    assert say(place, "/rollout pause").startswith("Paused")
    assert "Open plans by risk: 2 none, 1 in place, 1 **replace** (`production`)." in (issue(place).body or "")
    assert say(place, "/rollout resume") == "Resumed."
    assert {name for name, stage in table(place).items() if stage.startswith("merged")} == {"qa-a"}, "waves as ever"
    applied(place, "qa-a")
    look(place)
    assert {name for name, stage in table(place).items() if stage.startswith("merged")} == {"demo-a", "demo-b"}
    for name in ("demo-a", "demo-b"):
        applied(place, name)
    look(place)
    assert table(place)["production"] == "planned, waiting to be merged"
    assert set(pulls(place)) == everybody


@pytest.mark.sample
def test_a_merge_that_changes_a_template_starts_its_rollout_at_once(place: SmallMonorepo) -> None:
    company(place, clones={"demo-a": "demo"})
    files: dict[str, bytes | None] = {"templates/shop/app/main.tf": SECURE}
    place.server.commit(REPOSITORY, files, by=MAINTAINER, message="Encrypt", branch="encrypt")
    proposal = PullSpec(IssueText("Encrypt", "It is a secret"), "encrypt", "main")
    number = place.server.open_pull(REPOSITORY, proposal, by=MAINTAINER)
    assert place.service.plan_of("delivery-1", changed(place, number, "opened")) is None
    place.server.merge(REPOSITORY, number, by=MAINTAINER)
    (follower,) = place.work(changed(place, number, "closed")).follow
    place.work(follower.event)
    assert set(pulls(place)) == {"demo-a"}


@pytest.mark.sample
def test_what_happens_to_an_environment_is_looked_at_at_once_and_nothing_else(place: SmallMonorepo) -> None:
    company(place, clones={"demo-a": "demo", "demo-b": "demo"})
    change(place)
    look(place)
    pull = place.service.context.github.pull_request(example.REPOSITORY, pulls(place)["demo-a"].number)
    assert pull is not None
    (follower,) = place.work(changed(place, pull.number, "closed")).follow
    assert isinstance(follower.event, RolloutDue)
    assert follower.event.environments == (EnvironmentName("demo-a"),)
    for name in ("demo-a", "demo-b"):
        checked(place, pulls(place)[name].number, "failure")
    place.work(follower.event)
    assert [table(place)[name] for name in ("demo-a", "demo-b")] == ["**failed**", "planning"]
    look(place)
    assert [table(place)[name] for name in ("demo-a", "demo-b")] == ["**failed**", "**failed**"]


def test_a_clone_that_is_merged_behind_after_the_start_joins(place: SmallMonorepo) -> None:
    company(place, clones={"demo-a": "demo"})
    change(place)
    look(place)
    company(place, clones={"demo-a": "demo", "demo-b": "demo"})
    look(place)
    assert table(place) == {"demo-a": "planning", "production": "waiting", "demo-b": "waiting"}


def test_without_its_record_a_rollout_waits_for_its_canary_all_the_same(place: SmallMonorepo) -> None:
    company(place)
    change(place)
    look(place)
    planned(place, "qa-a")
    look(place)
    github, number = place.service.context.github, issue(place).number
    found = github.issue(RepositoryName(REPOSITORY), number)
    body = re.sub("<!-- envclone:rollout-record .* -->", "", found.body)
    github.edit_issue(RepositoryName(REPOSITORY), found, title=found.title, body=body, state="open")
    look(place)
    assert table(place) == dict(
        zip(("qa-a", "demo-a", "demo-b", "production"), ("merged, being applied", *["waiting"] * 3), strict=True)
    )
    assert set(pulls(place)) == {"qa-a"}


def test_what_somebody_else_has_touched_waits_for_people(place: SmallMonorepo) -> None:
    company(place, clones={"demo-a": "demo", "demo-b": "demo"})
    change(place)
    look(place)
    branch = branch_of(EnvironmentName("demo-a"), "change")
    place.server.commit(
        REPOSITORY, {".github/evil.yml": b"on: push\n"}, by=MAINTAINER, message="slip in", branch=branch
    )
    other = branch_of(EnvironmentName("demo-b"), "change")
    edited = (place.server.read(REPOSITORY, "envs/demo-b/environment.yaml", other) or b"").replace(
        b"app_min: 1", b"app_min: 2"
    )
    place.server.commit(
        REPOSITORY, {"envs/demo-b/environment.yaml": edited}, by=MAINTAINER, message="more", branch=other
    )
    for name in ("demo-a", "demo-b"):
        planned(place, name)
    look(place)
    assert [table(place)[name] for name in ("demo-a", "demo-b")] == ["planned, waiting to be merged"] * 2
    assert place.server.read(REPOSITORY, ".github/evil.yml") is None


def test_a_failure_stops_the_rollout_until_it_is_fixed(place: SmallMonorepo) -> None:
    company(place)
    change(place)
    look(place)
    checked(place, pulls(place)["qa-a"].number, "failure")
    look(place)
    assert table(place)["qa-a"] == "**failed**"
    assert "**Stopped** in wave 2 of 3: 1 environment failed" in (issue(place).body or "")
    assert set(pulls(place)) == {"qa-a"}
    planned(place, "qa-a")
    look(place)
    assert table(place)["qa-a"] == "merged, being applied"
    apply_run(place, "qa-a", place.server.head(REPOSITORY) or "", "failure")
    look(place)
    assert table(place)["qa-a"] == "**failed**", "its apply ended before it could say anything"
    applied(place, "qa-a")
    look(place)
    assert set(pulls(place)) == {"qa-a", "demo-a", "demo-b"}
    closed(place, pulls(place)["demo-a"].number)
    look(place)
    look(place)
    assert table(place)["demo-a"] == "closed without merging"
    assert pulls(place)["demo-a"].state == "closed", "what a person closed is not proposed again"


def test_a_value_that_is_missing_is_asked_for_in_the_pull_request(place: SmallMonorepo) -> None:
    company(place, b"rollout: {enabled: true, failure_tolerance: 9}\n", {"demo-a": "demo"})
    declaration = example.DECLARATION.replace(
        "parameters:\n", "parameters:\n  region: {type: string, description: Where.}\n"
    )
    files: dict[str, bytes | None] = {"templates/shop/template.yaml": declaration.encode()}
    place.server.commit(REPOSITORY, files, by=MAINTAINER, message="Ask")
    look(place)
    asked = pulls(place)["demo-a:"]
    head = place.server.head(REPOSITORY, "envclone-change/demo-a")
    look(place)
    assert place.server.head(REPOSITORY, "envclone-change/demo-a") == head, "it asks once"
    assert table(place) == {"demo-a": "**blocked**", "production": "waiting"}
    assert "it waits for values: comment `/set demo-a region=…`" in (issue(place).body or "")
    files = {"templates/shop/template.yaml": declaration.replace("Where.", "Where it is.").encode()}
    place.server.commit(REPOSITORY, files, by=MAINTAINER, message="Ask better")
    first = issue(place).number
    look(place)
    assert "brought up to date" in place.written(first)[0]
    look(place)
    assert place.server.head(REPOSITORY, "envclone-change/demo-a") != head, "of the newer revision"
    assert table(place)["demo-a"] == "**blocked**"
    place.say("/set demo-a region=eu-west-1")
    look(place)
    assert table(place)["demo-a"] == "planning"
    assert asked.state == "open"


def test_an_expired_clone_is_left_out_and_ends_although_a_rollout_proposes_a_change_of_it(place: SmallMonorepo) -> None:
    company(place, b"rollout: {enabled: true}\nexpiry: {auto_merge: true}\n", {"demo-a": "demo"})
    change(place)
    look(place)
    assert table(place)["demo-a"] == "planning"
    place.service.context.now = lambda: example.NOW + timedelta(days=30)
    look(place)
    assert table(place)["demo-a"] == "destroyed or expired"
    expired = expire(place.repository(), EnvironmentName("demo-a"))
    assert (expired.outcome, expired.pull) == ("waits", place.server.pulls(REPOSITORY)[-1].number)
    checked(place, place.server.pulls(REPOSITORY)[-1].number)
    assert place.repository().manifest(EnvironmentName("demo-a")) is None


def test_a_clone_that_had_expired_and_was_extended_is_brought_along(place: SmallMonorepo) -> None:
    company(place, clones={"demo-a": "demo"})
    change(place)
    place.service.context.now = lambda: example.NOW + timedelta(days=30)
    look(place)
    assert table(place)["demo-a"] == "destroyed or expired"
    place.service.context.now = lambda: example.NOW + timedelta(hours=1)
    look(place)
    assert table(place)["demo-a"] == "planning"


def test_nothing_is_mixed_into_a_change_that_people_asked_for(place: SmallMonorepo) -> None:
    company(place, clones={"demo-a": "demo"})
    place.say("/set demo-a app_min=3")
    change(place)
    look(place)
    assert table(place)["demo-a"] == "**blocked**"
    assert pulls(place) == {}


def test_a_newer_revision_goes_on_in_a_new_issue(place: SmallMonorepo) -> None:
    company(place, clones={"demo-a": "demo"})
    change(place)
    look(place)
    first = issue(place).number
    change(place, SECURE + b"# more\n")
    look(place)
    assert issue(place).number != first
    assert place.server.issue(REPOSITORY, first).state == "closed"
    assert f"continues in #{issue(place).number}" in place.written(first)[0]
    (pull,) = pulls(place).values()
    assert table(place)["demo-a"] == "planning"
    branch = branch_of(EnvironmentName("demo-a"), "change")
    assert place.server.read(REPOSITORY, "envs/demo-a/app/main.tf", branch) == SECURE + b"# more\n"
    planned(place, "demo-a")
    look(place)
    assert place.server.issue(REPOSITORY, pull.number).state == "closed", "two commits of ours are merged as one is"


def say(place: SmallMonorepo, text: str) -> str:
    """Comment in the rollout's issue, let the look follow that it asks for, and return the reply."""
    comment = place.comment(text, issue=issue(place).number)
    event: CommentCreated = place.event(comment, text).model_copy(update={"issue": issue(place).number})
    for follower in place.work(event).follow:
        place.work(follower.event)
    return place.reply(comment) or ""


def test_a_rollout_is_paused_resumed_and_aborted_in_its_issue(place: SmallMonorepo) -> None:
    company(place)
    assert "No rollout is under way. A rollout starts automatically" in (place.say("/rollout") or "")
    change(place)
    look(place)
    assert f"Comment in #{issue(place).number} instead." in (place.say("/rollout pause") or "")
    assert f"Under way: #{issue(place).number}. In the rollout's issue, comment" in (
        place.say("/rollout", by=READER) or ""
    )
    assert "\n/rollout pause\n" in say(place, "/rollout pauze")
    assert say(place, "/rollout pause").startswith("Paused")
    assert issue(place).title.endswith("(paused)")
    planned(place, "qa-a")
    look(place)
    assert table(place)["qa-a"] == "planned, waiting to be merged"
    assert say(place, "/rollout resume") == "Resumed."
    assert table(place)["qa-a"] == "merged, being applied"
    assert say(place, "/rollout abort").startswith("Aborted")
    applied(place, "qa-a")
    look(place)
    assert (issue(place).state, set(pulls(place))) == ("closed", {"qa-a"})
    assert "reopen this issue" in say(place, "/rollout resume")
    place.server.reopen(REPOSITORY, issue(place).number, by=MAINTAINER)
    look(place)
    assert set(pulls(place)) == {"qa-a", "demo-a", "demo-b"}, "it goes on where it was"


@pytest.mark.parametrize(("action", "state"), [("pause", "open"), ("abort", "closed")])
def test_law_4_a_rollout_is_steered_once_wherever_the_job_is_killed(
    place: SmallMonorepo, action: str, state: str
) -> None:
    company(place)
    change(place)
    look(place)
    text = f"/rollout {action}"
    comment = place.comment(text, issue=issue(place).number)
    event: CommentCreated = place.event(comment, text).model_copy(update={"issue": issue(place).number})
    for killed_after in ("accept", "steer", "report"):
        place.work(event, killed_after)
    for follower in place.work(event).follow:
        place.work(follower.event)
    assert (place.reply(comment) or "").startswith({"pause": "Paused", "abort": "Aborted"}[action])
    assert issue(place).state == state
    assert set(pulls(place)) == {"qa-a"}


def test_nobody_is_told_that_a_rollout_goes_on_which_the_policy_has_turned_off(place: SmallMonorepo) -> None:
    company(place, clones={"demo-a": "demo"})
    change(place)
    look(place)
    place.server.commit(REPOSITORY, {".github/envclone.yml": POLICY}, by=MAINTAINER, message="No rollouts")
    assert "turned off" in say(place, "/rollout resume")
    look(place)
    look(place)
    told = [each for each in place.server.comments(REPOSITORY, issue(place).number) if "reopen this issue" in each.body]
    place.read |= {each.id for each in told}
    assert (issue(place).state, len(told)) == ("closed", 1)


def test_what_is_refused_for_one_template_stops_no_other_s(place: SmallMonorepo) -> None:
    company(place, clones={"demo-a": "demo"})
    other = {f"templates/another/{path}": file.data for path, file in example.template_files().items()}
    manifest = place.server.read(REPOSITORY, "envs/demo-a/environment.yaml")
    assert manifest is not None
    theirs = manifest.replace(b"template: shop", b"template: another").replace(b"demo-a", b"demo-b")
    other["envs/demo-b/environment.yaml"] = theirs
    place.server.commit(REPOSITORY, other, by=MAINTAINER, message="Another template, and an environment behind it")
    change(place)
    place.server.faults.answer("POST", "/issues$", status=410)  # that of the other one, which comes first
    look(place)
    assert [each.title for each in place.server.issues(REPOSITORY)][1:] == [issue(place).title]
    assert issue(place).title.startswith("Rollout of template shop")
    assert table(place)["demo-a"] == "planning"


def cut_off_everywhere(place: SmallMonorepo) -> None:
    """Let the answer to the first request of each kind that changes anything be lost, and the rollout cut off by that."""
    faults = place.server.faults
    for method, path in (
        ("POST", "/issues$"),
        ("POST", "git-receive-pack"),
        ("POST", "/pulls$"),
        ("PATCH", "/issues/"),
        ("PUT", "/merge$"),
    ):
        faults.lose_answer(method, path)


def look_until_done(place: SmallMonorepo) -> None:
    """Look again as often as the look is cut off."""
    for _ in range(10):
        try:
            return look(place)
        except Transient:
            continue
    raise AssertionError("it is cut off for ever")


def test_law_4_a_rollout_that_is_cut_off_anywhere_and_looked_at_again_is_as_if_it_was_not(place: SmallMonorepo) -> None:
    company(place, clones={"demo-a": "demo", "demo-b": "demo"})
    change(place)
    cut_off_everywhere(place)
    look_until_done(place)
    assert place.server.faults.left == 1, "all but the merge's"
    for name in ("demo-a", "demo-b"):
        planned(place, name)
    look_until_done(place)
    for name in ("demo-a", "demo-b"):
        applied(place, name)
    look(place)
    assert place.server.faults.left == 0
    syncs = [each.title.split()[1] for each in place.server.pulls(REPOSITORY)]
    assert sorted(syncs) == ["demo-a", "demo-b", "production"]
    assert table(place) == {"demo-a": "applied", "demo-b": "applied", "production": "planning"}
    assert len([each for each in place.server.issues(REPOSITORY) if each.title.startswith("Rollout")]) == 1
    branches = {ref.removeprefix("refs/heads/") for ref in place.repository().mirror.refs("refs/heads/*")}
    assert {"main"} < branches <= {"main", *(branch_of(EnvironmentName(name), "change") for name in syncs)}, (
        "nothing is moved aside"
    )
