"""`/repair`: from a comment to the pull request whose plan puts back what changed outside (law 4)."""

import re
import subprocess

import pytest

from bot.clients.github import CheckState
from bot.clients.github.records import ACTIONS_APP
from bot.core.plans.required_check import CHECK
from bot.core.requests.branches import branch_of
from bot.events import CheckRunCompleted, Event, LookBack, PullRequestChanged, ReviewApproved
from bot.model.environment import Manifest
from bot.names import EnvironmentName, RepositoryName
from bot.sandbox.github.records.issues import IssueRecord
from bot.service.commands.expire import due_environments, expire
from bot.service.planned.checks import REQUIRED_CHECK
from bot.service.planned.repairs import open_repair
from bot.service.repository import Repository
from tests.support import example
from tests.support.small_monorepo import MAINTAINER, READER, REPOSITORY, SmallMonorepo
from tests.support.triggers import actions, checked, deployed, merged

NAME = EnvironmentName("demo-x")
PRODUCTION = EnvironmentName("production")


def last(place: SmallMonorepo) -> IssueRecord:
    return place.server.pulls(REPOSITORY)[-1]


def head(place: SmallMonorepo) -> str:
    pull = place.service.context.github.pull_request(example.REPOSITORY, last(place).number)
    assert pull is not None
    return pull.head_sha


@pytest.fixture
def applied(live: SmallMonorepo) -> SmallMonorepo:
    """A repository whose environments are applied."""

    def apply() -> None:
        for name in (NAME, PRODUCTION):
            deployed(live, name, "success", head(live))

    live.reach("applied", apply)
    return live


def change(place: SmallMonorepo, name: EnvironmentName) -> tuple[Repository, Manifest]:
    at = place.repository().at(place.server.head(REPOSITORY, branch_of(name, "change")) or "")
    found = at.manifest(name)
    assert found is not None
    return at, found


@pytest.mark.sample
@pytest.mark.parametrize("name", [NAME, PRODUCTION])
def test_repair_proposes_the_very_version_that_was_applied(applied: SmallMonorepo, name: EnvironmentName) -> None:
    before = applied.repository().environment(name)
    reply = applied.say(f"/repair {name}") or ""
    assert f"The change to `{name}` is being planned" in reply
    assert last(applied).title == f"Repair {name}"
    body = last(applied).body or ""
    assert f"Only `envs/{name}/environment.yaml` changes" in body
    assert "**Changes made outside the code are undone.**" in body
    assert "the plan is empty" not in body
    at, found = change(applied, name)
    after = at.environment(name)
    assert {path for path in after if after[path] != before.get(path)} == {"environment.yaml"}
    assert found.repaired_at is not None
    assert found.parameters == (applied.repository().source(name)).parameters


def test_only_what_was_applied_as_it_is_is_repaired(live: SmallMonorepo) -> None:
    assert "was never applied" in (live.say("/repair demo-x") or "")
    deployed(live, NAME, "in_progress", head(live))
    assert "is being applied" in (live.say("/repair demo-x") or "")
    deployed(live, NAME, "failure", head(live))
    assert "Comment `/resume demo-x`: it continues at the step that failed." in (live.say("/repair demo-x") or "")
    deployed(live, NAME, "success", head(live))
    live.say("/set demo-x app_min=3")
    number = last(live).number
    assert f"#{number} changes `demo-x`, and its plan puts back" in (live.say("/repair demo-x") or "")
    merged(live, number)
    assert "`demo-x` has changed on the default branch since its last apply" in (live.say("/repair demo-x") or "")
    live.say("/clone production as demo-y for demo")
    assert "only proposed" in (live.say("/repair demo-y") or "")
    assert "Did you mean `demo-x`?" in (live.say("/repair demo-z") or "")
    for pull in live.server.pulls(REPOSITORY):
        live.written(pull.number)


def test_it_can_be_repaired_again(applied: SmallMonorepo) -> None:
    applied.say("/repair demo-x")
    merged(applied, last(applied).number)
    deployed(applied, NAME, "success", head(applied))
    first = applied.repository().source(NAME).repaired_at
    count = len(applied.server.pulls(REPOSITORY))
    applied.say("/repair demo-x")
    assert len(applied.server.pulls(REPOSITORY)) == count + 1
    again = change(applied, NAME)[1].repaired_at
    assert first is not None
    assert again is not None
    assert again > first


@pytest.mark.parametrize("killed_after", ["accept", "publish", "propose", "report"])
def test_law_4_a_repair_killed_after_any_step_and_run_again_is_made_once(
    applied: SmallMonorepo, killed_after: str
) -> None:
    count = len(applied.server.pulls(REPOSITORY))
    comment = applied.comment("/repair demo-x")
    applied.work(applied.event(comment, "/repair demo-x"), killed_after)
    applied.work(applied.event(comment, "/repair demo-x"))
    assert len(applied.server.pulls(REPOSITORY)) == count + 1
    assert applied.reply(comment) is not None


def planned(place: SmallMonorepo, name: EnvironmentName, said: str = "1 to change") -> str:
    """Let the repair's plan be posted, and return the command that confirms it, as whoever asked was told."""
    plan = CheckState(said, f"`aws_lb.this`: {said}", conclusion="success")
    actions(place).put_check(example.REPOSITORY, head(place), CHECK.format(environment=name), plan)
    checked(place, last(place).number)
    place.written(last(place).number)
    replies = [place.reply(each.id) or "" for each in place.server.comments(REPOSITORY, place.issue)]
    found = re.search("`(/repair demo-x --confirm [0-9a-f]{12})`", "\n".join(replies))
    return found[1] if found else ""


def asked(place: SmallMonorepo, line: str, by: str = MAINTAINER) -> str:
    return place.say(line, by=by) or ""


@pytest.fixture
def repairing(applied: SmallMonorepo) -> SmallMonorepo:
    """A repository with the repair of a clone open, for whoever else may confirm it."""
    applied.server.add_user("bob", REPOSITORY, "write")
    applied.say("/repair demo-x")
    return applied


def test_somebody_else_confirms_the_posted_plan_by_its_fingerprint_and_it_is_merged(repairing: SmallMonorepo) -> None:
    number = last(repairing).number
    guess = "/repair demo-x --confirm 0123456789ab"
    assert f"#{number} has no successful plan yet" in asked(repairing, guess, by="bob")
    line = planned(repairing, NAME)
    assert line.startswith("/repair demo-x --confirm ")
    assert f"You asked for #{number} yourself" in asked(repairing, line)
    assert "requires the `write` permission" in asked(repairing, line, by=READER)
    again = planned(repairing, NAME, "2 to change")
    assert again != line
    assert f"#{number} has been planned again since. Read its plan, and comment `{again}`" in asked(
        repairing, line, by="bob"
    )
    assert last(repairing).state == "open"
    assert f"#{number} is merged, and puts back" in asked(repairing, again, by="bob")
    assert repairing.repository().source(NAME).repaired_at is not None
    assert "No repair of `demo-x` is open" in asked(repairing, guess, by="bob")
    repairing.written(number)


def looked(place: SmallMonorepo) -> list[str]:
    """Look for what is due twice, as after a crash, and return what was done the first time."""
    repo = place.repository()
    done = [str(expire(repo, name)) for name in due_environments(repo)]
    assert not [
        each
        for name in due_environments(place.repository())
        for each in [expire(place.repository(), name)]
        if "merged" in str(each)
    ]
    return done


def test_a_thumb_of_somebody_else_on_the_plan_s_own_comment_confirms_it_too(repairing: SmallMonorepo) -> None:
    number = last(repairing).number

    def thumb(by: str, *, edited: bool = False) -> None:
        """React to the newest comment that asks for a 👍."""
        asks = [
            each
            for each in repairing.server.comments(REPOSITORY, number)
            if "reacts to this comment with a 👍" in each.body
        ]
        repairing.server.react(asks[-1].id, "+1", by=by)
        if edited:
            repairing.server.edit_comment(asks[-1].id, asks[-1].body.replace("demo-x", "demo-y"), by="bob")

    planned(repairing, NAME)
    planned(repairing, NAME)  # told again, as every check is
    thumb(MAINTAINER)
    thumb(READER)
    assert looked(repairing) == ["demo-x: nothing"]
    thumb("bob", edited=True)
    assert looked(repairing) == ["demo-x: nothing"]
    planned(repairing, NAME, "2 to change")
    assert looked(repairing) == ["demo-x: nothing"], "the 👍 was for another plan"
    thumb("bob")
    repository = RepositoryName(REPOSITORY)
    ours = repairing.service.context.github.identity()
    reports: list[Event] = [
        LookBack(repository=repository, since=example.NOW, at=1),
        ReviewApproved(
            repository=repository,
            number=number,
            review=1,
            commit=head(repairing),
            author="bob",
            submitted_at=example.NOW,
        ),
        PullRequestChanged(
            repository=repository,
            number=number,
            action="synchronize",
            is_merged=False,
            author=ours,
            sender=ours,
            head=branch_of(NAME, "change"),
            head_sha=head(repairing),
            head_repository=repository,
            base="main",
            merge_commit_sha=None,
        ),
        CheckRunCompleted(
            repository=repository,
            check=1,
            name=REQUIRED_CHECK,
            head_sha=head(repairing),
            conclusion="success",
            app=ACTIONS_APP,
            external_id=None,
            pull_requests=(number,),
        ),
    ]
    asks = {each.key: each for event in reports for each in repairing.work(event).follow}
    assert [each.partition for each in asks.values()] == [f"{REPOSITORY}/demo-x"] * len(reports)
    done = [repairing.work(each.event) for each in asks.values()]
    assert (last(repairing).state, len(done)) == ("closed", len(reports)), (
        "whatever is heard of its pull request leads to a look"
    )
    assert looked(repairing) == []
    assert repairing.repository().source(NAME).repaired_at is not None
    texts = [each.body for each in repairing.server.comments(REPOSITORY, number)]
    assert (sum("to this comment" in each for each in texts), sum("`bob` confirmed" in each for each in texts)) == (
        2,
        1,
    )
    repairing.written(number)


def test_what_is_more_than_a_repair_is_merged_by_no_confirmation(repairing: SmallMonorepo) -> None:
    line = planned(repairing, NAME)
    branch = branch_of(NAME, "change")
    files: dict[str, bytes | None] = {"envs/demo-x/app/main.tf": b"# Nothing is left.\n"}
    repairing.server.commit(REPOSITORY, files, by=MAINTAINER, message="More", branch=branch)
    assert "No repair of `demo-x` is open" in asked(repairing, line, by="bob")
    assert last(repairing).state == "open"


def test_beside_an_open_reset_nothing_is_proposed_and_a_repair_that_is_merged_first_is_reset_too(
    repairing: SmallMonorepo,
) -> None:
    repair = last(repairing).number
    line = planned(repairing, NAME)
    assert "Once it is destroyed, it is recreated as it was" in asked(repairing, "/reset demo-x")
    reset = last(repairing).number
    assert f"#{reset} resets `demo-x`" in asked(repairing, "/repair demo-x")
    assert last(repairing).number == reset
    assert f"#{repair} is merged" in asked(repairing, line, by="bob")
    asked(repairing, "/reset demo-x")
    assert last(repairing).number == reset, "it is brought up to date"
    merged(repairing, reset)
    assert repairing.repository().names() == ["production"]
    repairing.written(repair)


def rewritten(place: SmallMonorepo, by: str, comment: int) -> None:
    """Have the repair's commit say that somebody else asked for it, as anybody can who may push."""
    mirror, branch = place.repository().mirror, f"refs/heads/{branch_of(NAME, 'change')}"
    was = head(place)
    git = ("git", "-C", str(mirror.path), "-c", "user.name=a", "-c", "user.email=a@a")
    said = re.sub("(?m)^Envclone-Request: .*", f"Envclone-Request: {comment}", mirror.history.message(was))
    said = said.replace(f"Requested-by: {MAINTAINER}", f"Requested-by: {by}")
    made = subprocess.run(
        [*git, "commit-tree", f"{was}^{{tree}}", "-p", f"{was}^", "-m", said],
        capture_output=True,
        text=True,
        check=True,
    )
    assert mirror.push({branch: made.stdout.strip()}, {branch: was}) is None


def test_who_asked_for_a_repair_is_not_what_somebody_writes_into_its_commit(repairing: SmallMonorepo) -> None:
    other = repairing.comment("Does somebody know what happened to demo-x?", by="bob")
    rewritten(repairing, "bob", other)
    assert planned(repairing, NAME) == "", "nobody is told how to confirm it"
    plan = open_repair(repairing.repository(), NAME)
    assert plan is not None
    number = last(repairing).number
    assert f"Nobody can tell who asked for #{number}. Review and merge it." in asked(
        repairing, f"/repair demo-x --confirm {plan.plan}"
    )
    assert last(repairing).state == "open"
    repairing.reply(other)


def test_the_repair_of_a_protected_environment_is_merged_by_people_alone(applied: SmallMonorepo) -> None:
    applied.server.add_user("bob", REPOSITORY, "write")
    applied.say("/repair production")
    assert planned(applied, PRODUCTION) == ""
    assert "`production` is protected" in asked(applied, "/repair production --confirm 0123456789ab", by="bob")


@pytest.mark.parametrize("killed_after", ["confirm", "report"])
def test_law_4_a_confirmation_killed_after_any_step_and_run_again_merges_once(
    repairing: SmallMonorepo, killed_after: str
) -> None:
    line, number = planned(repairing, NAME), last(repairing).number
    comment = repairing.comment(line, by="bob")
    repairing.work(repairing.event(comment, line, by="bob"), killed_after)
    repairing.work(repairing.event(comment, line, by="bob"))
    assert last(repairing).number == number
    assert f"#{number} is merged" in (repairing.reply(comment) or "")
    assert repairing.repository().source(NAME).repaired_at is not None


def test_a_reader_may_not_repair_and_a_bare_verb_is_another_bot_s(live: SmallMonorepo) -> None:
    assert "requires the `write` permission" in (live.say("/repair demo-x", by=READER) or "")
    assert "what changed outside" in (live.say("/help repair") or "")
    assert live.say("/repair") is None
