"""A rollout of a module beside the environments: what a merge held is released wave after wave (law 4)."""

import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from git import Repo

from bot.clients.github import CheckState
from bot.core.messages.plan_comment import marker
from bot.core.plans.drift import Drift, StepDrift
from bot.core.plans.risk import said
from bot.events import RolloutDue
from bot.model.risk import Risk
from bot.names import EnvironmentName, StepName
from bot.runs.drift.wave import with_wave
from bot.runs.plan.matrix import Span, find_targets
from bot.sandbox.github import IssueText, PullSpec, SandboxRun
from bot.sandbox.github.records.issues import IssueRecord
from bot.service.event_jobs.run import APPLIES
from tests.service.rollouts.test_rollout import CANARY, CLONES, company, look, look_until_done, slots
from tests.support import example, triggers
from tests.support.small_monorepo import BOT, MAINTAINER, POLICY, REPOSITORY, SmallMonorepo
from tests.support.workflow_runs import Actions

CALL = b'module "shared" {\n  source = "../../../modules/shared"\n}\n'
EVERYBODY = ["demo-a", "demo-b", "production", "qa-a"]


def users(place: SmallMonorepo, policy: bytes = CANARY) -> None:
    """Put environments on the default branch that call a module beside them, and one that calls none."""

    def make() -> None:
        company(place, policy, {**CLONES, "demo-c": "demo"})
        files: dict[str, bytes | None] = {f"envs/{name}/app/shared.tf": CALL for name in EVERYBODY}
        files |= {"modules/shared/main.tf": b"", "modules/unused/main.tf": b""}
        place.server.commit(REPOSITORY, files, by=MAINTAINER, message="A module")

    place.reach(f"users of a module {policy.decode()}", make)
    place.service.context.now = lambda: example.NOW + timedelta(hours=1)


def proposed(place: SmallMonorepo, files: Mapping[str, bytes | None], risks: Mapping[str, Risk]) -> int:
    """Open a pull request that changes modules, with the risk of each plan; return its number."""
    branch = f"module-{len(place.server.pulls(REPOSITORY))}"
    commit = place.server.commit(REPOSITORY, dict(files), by=MAINTAINER, message="Change it", branch=branch)
    for name, risk in risks.items():
        state = CheckState("Planned", f"{marker(EnvironmentName(name))}\n{said(risk)}.", conclusion="success")
        triggers.actions(place).put_check(example.REPOSITORY, commit, f"envclone/plan: {name}", state)
    return place.server.open_pull(REPOSITORY, PullSpec(IssueText("Change it", "…"), branch, "main"), by=MAINTAINER)


def merged(place: SmallMonorepo, text: bytes = b"# 1\n", risks: Mapping[str, Risk] | None = None) -> int:
    """Merge a change of the module, let the service hear of it and go on; return the pull request's number."""
    number = proposed(place, {"modules/shared/main.tf": text}, risks or {})
    place.server.merge(REPOSITORY, number, by=MAINTAINER)
    for follower in place.work(triggers.changed(place, number, "closed")).follow:
        place.work(follower.event)
    assert place.server.settle()
    return number


def applied(place: SmallMonorepo, name: str, state: str = "success") -> None:
    """Let the apply of an environment report, and the service hear of it and look at what goes on with that."""
    triggers.deployed(place, name, state, place.server.head(REPOSITORY) or "", "It says why.")  # type: ignore[arg-type]
    moved = (EnvironmentName(name),)
    place.work(RolloutDue(repository=example.REPOSITORY, slot=str(next(slots)), environments=moved))
    assert place.server.settle()


def blind(place: SmallMonorepo, name: str) -> str:
    """Return why a workflow says that it could not look for drift of a stack whose module has changed."""
    step = StepDrift(StepName("app"), "stack", "not_applied", text="it changed", modules=("modules/shared",))
    drift = Drift(EnvironmentName(name), "c" * 40, (step,))
    return with_wave(drift, place.service.context.github, example.REPOSITORY, BOT).steps[0].text


def issues(place: SmallMonorepo) -> list[IssueRecord]:
    return [each for each in place.server.issues(REPOSITORY) if each.title.startswith("Rollout of modules/")]


def issue(place: SmallMonorepo) -> IssueRecord:
    return issues(place)[-1]


def table(place: SmallMonorepo) -> dict[str, str]:
    """Return the stage of each environment, as the newest issue's table has it."""
    return dict(re.findall(r"^\| `([a-z-]+)` \| \d+ \| ([^|]+) \|", issue(place).body or "", re.MULTILINE))


def released(actions: Actions) -> list[str]:
    """Return the environments whose apply was started, in order."""
    return [inputs["environment"] for _, inputs in actions.dispatched]


def say(place: SmallMonorepo, text: str) -> str:
    """Comment in the rollout's issue, and let everything happen that follows."""
    comment = place.comment(text, issue=issue(place).number)
    event = place.event(comment, text).model_copy(update={"issue": issue(place).number})
    for follower in place.work(event).follow:
        place.work(follower.event)
    assert place.server.settle()
    return place.reply(comment) or ""


def held_of_newest_merge(place: SmallMonorepo, scratch: Path) -> tuple[EnvironmentName, ...]:
    """Return what the first job of the apply leaves to a rollout."""
    checkout, commit = scratch / "checkout", place.server.head(REPOSITORY) or ""
    Repo.clone_from(place.repository().mirror.path.as_uri(), checkout, branch="main").close()
    found = find_targets(checkout, Span(f"{commit}^", commit), "apply")
    assert (found.targets, found.complaints) == ((), ())
    return found.held


def test_a_merged_change_of_a_module_is_applied_wave_after_wave(
    place: SmallMonorepo, actions: Actions, tmp_path: Path
) -> None:
    users(place)
    number = merged(place, risks={"qa-a": Risk.NONE, "demo-a": Risk.IN_PLACE, "production": Risk.REPLACE})
    assert released(actions) == ["qa-a"]
    assert actions.dispatched[0][1]["request"] == f"release qa-a for rollout {issue(place).number}"
    assert table(place) == {"qa-a": "being applied", **dict.fromkeys(("demo-a", "demo-b", "production"), "waiting")}
    body = issue(place).body or ""
    assert f"| `demo-a` | 2 | waiting | in place | #{number} |" in body
    assert "Waiting, by risk: 1 in place, 1 replace, 1 unknown." in body
    assert set(table(place)) == set(held_of_newest_merge(place, tmp_path)), "what the merge did not apply"
    look(place)
    applied(place, "qa-a", "in_progress")
    assert released(actions) == ["qa-a"], "it is not applied yet"
    applied(place, "qa-a")
    assert released(actions) == ["qa-a", "demo-a", "demo-b"]
    applied(place, "demo-a")
    assert table(place)["production"] == "waiting"
    applied(place, "demo-b")
    assert released(actions)[3:] == ["production"]
    applied(place, "production")
    assert (issue(place).state, issue(place).title[-6:]) == ("closed", "(done)")
    assert sorted(released(actions)) == EVERYBODY, "all that merging at once would have applied, each once"
    look(place)
    assert len(issues(place)) == 1


def test_a_failure_stops_the_waves_that_follow_until_it_is_resumed(place: SmallMonorepo, actions: Actions) -> None:
    users(place)
    merged(place)
    actions.end(actions.runs[0], "failure")
    look(place)
    assert (table(place)["qa-a"], released(actions)) == ("**failed**", ["qa-a"]), "its run ended without a word"
    applied(place, "qa-a", "failure")
    assert released(actions) == ["qa-a"]
    assert issue(place).title.endswith("(stopped)")
    assert "It says why. Comment `/resume qa-a`." in (issue(place).body or "")
    github, before = place.service.context.github, table(place)
    found = github.issue(example.REPOSITORY, issue(place).number)
    marked = (found.body or "").partition("\n")[0]
    github.edit_issue(example.REPOSITORY, found, title=found.title, body=marked, state="open")
    look(place)
    assert (table(place), released(actions)) == (before, ["qa-a"]), "what people removed is looked up"
    applied(place, "qa-a")
    assert released(actions) == ["qa-a", "demo-a", "demo-b"]


def test_what_waits_is_named_and_people_may_apply_it_first(place: SmallMonorepo, actions: Actions) -> None:
    users(place)
    for name in EVERYBODY:
        triggers.deployed(place, name, "success", place.server.head(REPOSITORY) or "")
    merged(place)
    number = issue(place).number
    assert f"Waiting for a change of `modules/shared` (#{number}): `demo-a`, `demo-b` and `production`." in (
        place.say("/list") or ""
    )
    assert f"wave 2 of #{number}, which applies a change of `modules/shared`" in (place.say("/status demo-a") or "")
    assert blind(place, "demo-a").startswith(
        f"it waits for wave 2 of #{number}, which applies a change of `modules/shared`;"
    )
    assert blind(place, "demo-c") == "it changed", "no rollout holds it"
    assert say(place, "/rollout abort").startswith("Aborted. What is waiting")
    applied(place, "qa-a")
    assert released(actions) == ["qa-a"]
    assert "**Aborted** in wave 2 of 3" in (issue(place).body or "")
    assert "reopen this issue" in say(place, "/rollout resume")
    assert "has not been applied" in (place.say("/resume demo-a") or "")
    applied(place, "demo-a")
    assert "`demo-b` and `production`." in (place.say("/list") or "")
    assert "which applies a change" not in (place.say("/status demo-a") or "")
    github = place.service.context.github
    found = github.issue(example.REPOSITORY, number)
    github.edit_issue(example.REPOSITORY, found, title=found.title, body=found.body, state="open")
    look(place)
    assert place.server.settle()
    assert released(actions) == ["qa-a", "demo-a", "demo-b"]


def test_law_4_a_module_that_changes_again_goes_on_in_a_new_issue_as_paused_as_the_old_one(
    place: SmallMonorepo, actions: Actions
) -> None:
    users(place)
    merged(place)
    applied(place, "qa-a")
    applied(place, "demo-a")
    assert say(place, "/rollout pause").startswith("Paused: nothing more is applied")
    first = issue(place).number
    number = proposed(place, {"modules/shared/main.tf": b"# 2\n"}, {})
    place.server.merge(REPOSITORY, number, by=MAINTAINER)
    for path in ("/issues$", "/labels$", "/comments$"):
        place.server.faults.lose_answer("POST", path)
    look_until_done(place)
    assert place.server.faults.left == 0
    assert [each.state for each in issues(place)] == ["closed", "open"]
    assert f"continues in #{issue(place).number}" in place.written(first)[-1]
    assert set(table(place).values()) == {"waiting"}
    assert released(actions) == ["qa-a", "demo-a", "demo-b"], "the new one is paused, too"
    assert say(place, "/rollout resume") == "Resumed."
    assert released(actions)[3:] == ["qa-a"]
    applied(place, "qa-a")
    assert released(actions)[4:] == ["demo-a", "demo-b"]


def test_merges_that_nobody_heard_of_are_found_and_what_a_later_one_applies_needs_no_release(
    place: SmallMonorepo, actions: Actions
) -> None:
    users(place)
    for text in (b"# 1\n", b"# 2\n"):
        place.server.commit(REPOSITORY, {"modules/shared/main.tf": text}, by=MAINTAINER, message="A module")
    place.server.commit(REPOSITORY, {"envs/demo-a/app/own.tf": b""}, by=MAINTAINER, message="Of its own")
    run = place.server.record_run(
        REPOSITORY, SandboxRun(APPLIES, "push", place.server.head(REPOSITORY) or "", MAINTAINER, "main")
    )
    (follower,) = place.work(actions.end(run, "success")).follow
    place.work(follower.event)
    look(place)
    assert place.server.settle()
    assert (len(issues(place)), released(actions)) == (1, ["qa-a"])
    assert set(table(place)) == {"qa-a", "demo-b", "production"}, "demo-a is a target of its own merge"
    applied(place, "production")
    applied(place, "qa-a")
    applied(place, "demo-b")
    assert released(actions) == ["qa-a", "demo-b"]
    assert issue(place).title.endswith("(done)")


def test_without_waves_the_merge_applies_them_and_a_rollout_under_way_ends(
    place: SmallMonorepo, actions: Actions
) -> None:
    policy = CANARY.replace(b"true,", b"true, modules: together,")
    users(place, policy)
    merged(place)
    assert (issues(place), released(actions)) == ([], [])
    place.server.commit(REPOSITORY, {".github/envclone.yml": POLICY + CANARY}, by=MAINTAINER, message="Waves")
    merged(place, b"# 2\n")
    assert released(actions) == ["qa-a"]
    place.server.commit(REPOSITORY, {".github/envclone.yml": POLICY + policy}, by=MAINTAINER, message="No waves")
    look(place)
    look(place)
    assert issue(place).state == "closed"
    assert "apply the 4 environments that it has not applied, comment `/resume <name>`" in "".join(
        place.written(issue(place).number)
    )


def test_law_4_a_rollout_of_a_module_that_is_cut_off_anywhere_is_as_if_it_was_not(
    place: SmallMonorepo, actions: Actions
) -> None:
    users(place)
    faults = place.server.faults
    for method, path in (("POST", "/issues$"), ("POST", "/dispatches$"), ("PATCH", r"/issues/\d+$")):
        faults.lose_answer(method, path)
    number = proposed(place, {"modules/shared/main.tf": b"# 1\n"}, {})
    place.server.merge(REPOSITORY, number, by=MAINTAINER)
    for names in (["qa-a"], ["demo-a", "demo-b"], ["production"]):
        look_until_done(place)
        assert place.server.settle()
        assert released(actions)[-len(names) :] == names
        for name in names:
            applied(place, name)
    assert faults.left == 0
    assert sorted(released(actions)) == EVERYBODY, "each once"
    assert [each.title[-6:] for each in issues(place)] == ["(done)"]
