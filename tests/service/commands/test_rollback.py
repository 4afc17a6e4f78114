"""`/rollback`: from a comment to the pull request with an earlier version of an environment (law 4)."""

import pytest

from bot.core.rendering.verify import verify
from bot.core.requests.branches import branch_of
from bot.model.environment import Manifest
from bot.names import EnvironmentName, ParameterName
from bot.sandbox.github.records.issues import IssueRecord
from bot.service.repository import Repository
from tests.support import example
from tests.support.small_monorepo import READER, REPOSITORY, SmallMonorepo
from tests.support.triggers import deployed, merged

NAME = EnvironmentName("demo-x")
CHANGE = branch_of(NAME, "change")
MAIN = "templates/shop/app/main.tf"
HOOKS = "templates/shop/hooks.yaml"
DECLARATION = "templates/shop/template.yaml"
SECURE = example.MAIN.replace(b'"String"', b'"SecureString"')
MIGRATED = (
    "\nmigrations:\n  called:\n    description: It is called otherwise.\n    blocks:\n"
    "      app: |\n        moved {\n          from = aws_ssm_parameter.hello\n          to   = aws_ssm_parameter.greeting\n        }\n"
)
SEED = "  seed: {run: {apply: [hooks/seed], undo: [hooks/seed]}, description: Fills it., needs: [app]}\n"


def last(place: SmallMonorepo) -> IssueRecord:
    return place.server.pulls(REPOSITORY)[-1]


def apply(place: SmallMonorepo, state: str = "success") -> str:
    """Let the newest pull request be merged and applied; return the commit of the default branch."""
    pull = place.service.context.github.pull_request(example.REPOSITORY, last(place).number)
    assert pull is not None
    if pull.state == "open":
        merged(place, pull.number)
    deployed(place, NAME, "failure" if state == "failure" else "success", pull.head_sha)
    place.written(pull.number)
    return place.server.head(REPOSITORY) or ""


@pytest.fixture
def changed(live: SmallMonorepo) -> tuple[SmallMonorepo, str]:
    """A repository in which `demo-x` was applied, changed and applied again; and the commit of the first apply."""

    def change() -> str:
        first = apply(live)
        live.say("/set demo-x greeting=salve")
        apply(live)
        return first

    return live, live.reach("changed", change)


def at(place: SmallMonorepo, branch: str = CHANGE) -> Repository:
    return place.repository().at(place.server.head(REPOSITORY, branch) or "")


def manifest(place: SmallMonorepo, branch: str = CHANGE) -> Manifest:
    found = at(place, branch).manifest(NAME)
    assert found is not None
    return found


def greeting(place: SmallMonorepo) -> object:
    return manifest(place).parameters[ParameterName("greeting")]


@pytest.mark.sample
def test_rollback_proposes_the_last_version_that_was_applied_well(changed: tuple[SmallMonorepo, str]) -> None:
    place, first = changed
    reply = place.say("/rollback demo-x") or ""
    assert "The change to `demo-x` is being planned" in reply
    assert last(place).title == f"Roll back demo-x to {first[:12]}"
    body = last(place).body or ""
    assert "### An earlier version of `demo-x`" in body
    assert f"- **Version:** `demo-x` at {first}" in body
    assert "- **Applied:** 20" in body
    assert "| `greeting` | `salve` | `hello` | as it was |" in body
    assert "### What is not rolled back\n\n- **Data.**" in body
    assert greeting(place) == "hello"
    files = at(place).environment(NAME)
    assert verify(NAME, files, at(place).template_of(manifest(place))) == []


def test_a_version_whose_apply_failed_is_passed_over(changed: tuple[SmallMonorepo, str]) -> None:
    place, _ = changed
    place.say("/set demo-x greeting=vale")
    apply(place, "failure")
    place.say("/rollback demo-x")
    assert greeting(place) == "salve"


def test_the_life_of_an_environment_is_not_rolled_back(changed: tuple[SmallMonorepo, str]) -> None:
    place, _ = changed
    place.say("/extend demo-x 5d")
    apply(place)
    now = manifest(place, "main")
    place.say("/rollback demo-x")
    assert greeting(place) == "hello"
    assert manifest(place).expires_at == now.expires_at


def test_another_revision_of_the_template_is_taken_back_and_its_hooks_are_named(live: SmallMonorepo) -> None:
    first = apply(live)
    files = {
        MAIN: SECURE,
        HOOKS: (example.HOOKS + SEED).encode(),
        DECLARATION: (example.DECLARATION + MIGRATED).encode(),
    }
    live.server.commit(REPOSITORY, files, by="alice", message="Encrypt and fill")
    live.say("/sync demo-x")
    apply(live)
    live.say("/rollback demo-x")
    body = last(live).body or ""
    assert last(live).title == f"Roll back demo-x to {first[:12]}"
    assert "This reverts 1 commit of the template" in body
    assert "**The earlier version has no migration `called`**, and a migration is not taken back." in body
    assert "- **The hook `seed`** (`run`) is not in the earlier version. What it did stays" in body
    assert at(live).environment(NAME)["app/main.tf"].data == example.MAIN


def test_a_commit_may_be_named_if_the_default_branch_was_at_it(changed: tuple[SmallMonorepo, str]) -> None:
    place, first = changed
    inside = place.server.commit(REPOSITORY, {"README.md": b"x"}, by="alice", message="Not merged", branch="other")
    assert "was never at a commit" in (place.say(f"/rollback demo-x to {inside}") or "")
    assert "was never at a commit `abcdef0`" in (place.say("/rollback demo-x to abcdef0") or "")
    root = place.repository().mirror.history.versions(place.repository().commit, "envs/production/environment.yaml", 9)[
        -1
    ]
    assert "There was no `demo-x` at" in (place.say(f"/rollback demo-x to {root}") or "")
    head = place.server.head(REPOSITORY) or ""
    assert "No change: `demo-x` is as it was at" in (place.say(f"/rollback demo-x to {head}") or "")
    place.say(f"/rollback demo-x to {first[:9]}")
    assert greeting(place) == "hello"


def test_without_another_version_it_says_what_to_type(live: SmallMonorepo) -> None:
    assert "`/rollback demo-x to <commit>`" in (live.say("/rollback demo-x") or "")
    apply(live)
    assert "No other version of `demo-x` is known" in (live.say("/rollback demo-x") or "")
    assert "Did you mean `demo-x`?" in (live.say("/rollback demo-y") or "")
    live.say("/clone production as demo-y for demo")
    assert "only proposed" in (live.say("/rollback demo-y") or "")


@pytest.mark.parametrize("killed_after", ["accept", "publish", "propose", "report"])
def test_law_4_a_rollback_killed_after_any_step_and_run_again_is_made_once(
    changed: tuple[SmallMonorepo, str], killed_after: str
) -> None:
    place, _ = changed
    count = len(place.server.pulls(REPOSITORY))
    comment = place.comment("/rollback demo-x")
    place.work(place.event(comment, "/rollback demo-x"), killed_after)
    place.work(place.event(comment, "/rollback demo-x"))
    assert len(place.server.pulls(REPOSITORY)) == count + 1
    assert greeting(place) == "hello"
    assert place.reply(comment) is not None


def test_a_reader_may_not_roll_back_and_a_bare_verb_is_another_bot_s(live: SmallMonorepo) -> None:
    assert "requires the `write` permission" in (live.say("/rollback demo-x", by=READER) or "")
    assert "| `[to <commit>]` |" in (live.say("/help rollback") or "")
    assert live.say("/rollback") is None


def test_a_repair_is_no_version_to_go_back_from(changed: tuple[SmallMonorepo, str]) -> None:
    place, first = changed
    place.say("/repair demo-x")
    apply(place)
    repaired = manifest(place, "main").repaired_at
    place.say("/rollback demo-x")
    assert last(place).title == f"Roll back demo-x to {first[:12]}"
    assert greeting(place) == "hello"
    assert manifest(place).repaired_at == repaired
