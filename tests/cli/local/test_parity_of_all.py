"""Every clone against its source: told a line each, and compared again only where something that was compared is another."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from bot.clients.git.checkout import Checkout
from bot.clients.proved_before import ComparedBefore, Comparison
from bot.core.tree import tree_id
from bot.model.policy import PATH as POLICY
from bot.names import EnvironmentName
from bot.runs.parity_of_all import AllCompared, compare_all
from tests.support.small_monorepo import monorepo

CLONE, MODULE = "envs/demo-x/app", "modules/logs/main.tf"
CALL = 'module "logs" {\n  source = "../../../modules/logs"\n}\n'
POISON = "what is only in the cache"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A monorepo with a clone, where both environments call a module beside them."""
    found = monorepo(tmp_path / "monorepo")
    for name in ("demo-x", "demo-y"):
        assert run(found, "clone", "production", "as", name)[0] == 0
    (found / MODULE).parent.mkdir(parents=True)
    (found / MODULE).write_text("locals {}\n")
    for each in ("production", "demo-x", "demo-y"):
        (found / "envs" / each / "app" / "logs.tf").write_text(CALL)
    return found


def run(root: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*words, "--root", str(root)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def compared(root: Path, now: datetime | None = None) -> AllCompared:
    checkout = Checkout(root)
    before = ComparedBefore(root.parent / "cache", checkout.roots, checkout.policy())
    return compare_all(checkout, now or datetime.now(UTC), before)


def poisoned(root: Path) -> None:
    """Put another result for demo-x into the cache."""
    checkout = Checkout(root)
    trees = {"demo-x": tree_id(checkout.environment(EnvironmentName("demo-x")))}
    before = ComparedBefore(root.parent / "cache", checkout.roots, checkout.policy())
    before.keep(trees, [before.among(trees)["demo-x"].model_copy(update={"findings": (POISON,)})])


def test_each_clone_is_told_and_one_that_its_source_is_not_like_fails(root: Path) -> None:
    code, said = run(root, "parity", "--all")
    assert code == 0, said
    assert "demo-x against production: holds (" in said
    assert said.endswith("Parity holds for all of 2 clones.\n")
    (root / CLONE / "logs.tf").write_text(f"{CALL}locals {{\n  more = 1\n}}\n")
    (root / CLONE / "main.tf").write_text("")
    code, said = run(root, "parity", "--all", "--json")
    assert (code, [each["holds"] for each in json.loads(said)]) == (1, [False, True])


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / CLONE / "logs.tf").write_text(f"{CALL}# by hand\n"),
        lambda root: (root / "envs/production/app/logs.tf").write_text(f"{CALL}# by hand\n"),
        lambda root: (root / MODULE).write_text("locals {\n  kept = 30\n}\n"),
        lambda root: (root / MODULE).unlink(),
        lambda root: (root / POLICY).write_text("quota: {total: 7}\n"),
    ],
    ids=["clone", "source", "module", "no module", "policy"],
)
def test_what_was_compared_is_compared_again_when_anything_of_it_is_another(
    root: Path, change: Callable[[Path], object]
) -> None:
    assert all(each.holds for each in compared(root).clones)
    poisoned(root)
    assert [each.findings for each in compared(root).clones] == [(POISON,), ()]
    change(root)
    assert POISON not in str(compared(root))


def test_a_comparison_is_good_until_a_waiver_ends_and_not_before_it_was_made() -> None:
    at = datetime(2026, 11, 30, tzinfo=UTC)
    found = Comparison(environment="demo-x", against="production", trees={}, at=at, until=at + timedelta(days=1))
    times = (at - timedelta(seconds=1), at, at + timedelta(hours=23), at + timedelta(days=1))
    assert [found.is_good_at(time) for time in times] == [False, True, True, False]


@pytest.mark.sample
def test_one_that_can_not_be_read_keeps_no_other_from_its_turn(root: Path) -> None:
    (root / "envs/demo-x/environment.yaml").write_text("bogus")
    code, said = run(root, "parity", "--all")
    assert (code, "demo-y against production: holds" in said, "envs/demo-x/environment.yaml" in said) == (2, True, True)


@pytest.mark.parametrize("words", [["demo-x", "--all"], ["--all", "--html", "page.html"], []], ids=" ".join)
def test_all_is_asked_for_alone(root: Path, words: list[str]) -> None:
    code, said = run(root, "parity", *words)
    assert (code, "`envclone parity --all`" in said) == (64, True)
