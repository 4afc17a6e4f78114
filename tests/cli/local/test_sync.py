"""`envclone sync` in a checkout: what it says, what it writes, and when it writes nothing."""

import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from bot.clients.git.checkout import Checkout
from bot.core.rendering.assemble import read_manifest
from bot.model.environment import Manifest
from bot.names import EnvironmentName
from bot.runs.plan.matrix import Span, find_targets
from tests.support import example
from tests.support.small_monorepo import monorepo

NAME = EnvironmentName("demo-x")
TEMPLATE = "templates/shop/app/main.tf"
RENDERED = "envs/demo-x/app/main.tf"
ROLE = "arn:aws:iam::{0}:role/any"
ACCOUNT = '  "{0}": {{plan_role: "{1}", apply_role: "{1}", region: eu-central-1, state_bucket: state-{0}}}\n'
ACCOUNTS = "accounts:\n" + "".join(
    ACCOUNT.format(number, ROLE.format(number)) for number in ("111111111111", "222222222222")
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = monorepo(tmp_path)
    assert run(found, "clone", "production", "as", "demo-x")[0] == 0
    git(found, "init", "-q")
    commit(found, "Start")
    return found


def run(root: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*words, "--root", str(root)])
    return done.exit_code, done.output


def git(root: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    done = subprocess.run(
        ["git", "-C", str(root), *who, *words], check=True, capture_output=True, timeout=60, text=True
    )
    return done.stdout.strip()


def commit(root: Path, message: str) -> str:
    git(root, "add", "-A")
    git(root, "commit", "-qm", message)
    return git(root, "rev-parse", "HEAD")


def change(root: Path, path: str, old: str, new: str) -> None:
    place = root / path
    place.write_text(place.read_text().replace(old, new))


def manifest(root: Path) -> Manifest:
    return read_manifest(Checkout(root).environment(NAME), "envs/demo-x")


def test_sync_follows_the_template_and_says_what_it_changed(root: Path) -> None:
    change(root, TEMPLATE, '"String"', '"SecureString"')
    first = commit(root, "Encrypt the greeting")
    change(root, TEMPLATE, "# é", "# ê")
    second = commit(root, "Say it better")
    assert "2 revisions behind its template" in run(root, "list")[1]
    assert '"revisions_behind": 2' in run(root, "status", "demo-x", "--json")[1]
    code, output = run(root, "sync", "demo-x")
    assert code == 0, output
    assert re.search(r"Synced envs/demo-x/ with template `?shop`? from revision", output)
    assert re.search(rf"2 commits of the template:\n\n- {second[:12]} Say it better\n- {first[:12]} Encrypt", output)
    assert "2 files changed:" in output
    assert "- app/main.tf: changed" in output
    assert "Every value is kept." in output
    assert run(root, "verify", "demo-x")[0] == 0
    assert "behind" not in run(root, "list")[1].split("demo-x")[1].splitlines()[0]
    assert "No change: `demo-x` is at revision" in run(root, "sync", "demo-x")[1]


def test_a_hand_edit_survives_and_a_conflict_is_named(root: Path) -> None:
    change(root, RENDERED, '"String"', '"StringList"')
    change(root, TEMPLATE, "http://", "https://")
    commit(root, "Encrypt")
    assert run(root, "sync", "demo-x")[0] == 0
    assert '"StringList"' in (root / RENDERED).read_text()
    assert "https://" in (root / RENDERED).read_text()
    code, output = run(root, "verify", "demo-x")
    assert (code, f"{RENDERED}:4: edited by hand" in output) == (1, True)
    commit(root, "Sync")
    change(root, TEMPLATE, '"String"', '"SecureString"')
    code, output = run(root, "sync", "demo-x")
    assert code == 0, output
    assert "not committed yet" in output
    assert f"`{RENDERED}:4`: lines 4 to 10" in output
    assert f"{RENDERED}:4: a sync left a conflict in lines 4 to 10" in run(root, "verify", "demo-x")[1]
    commit(root, "Sync with a conflict")
    change(root, TEMPLATE, "# é", "# ê")
    code, output = run(root, "sync", "demo-x")
    assert (code, "An earlier sync left conflicts" in output) == (1, True)


@pytest.mark.slow
def test_what_was_synced_is_planned_unasked_and_a_conflict_never_is(root: Path) -> None:
    (root / ".github/envclone.yml").write_text(ACCOUNTS)
    (root / "templates/shop/network/backend.tf.j2").write_text(example.BACKEND.replace("/app/", "/network/"))
    assert run(root, "render", "production")[0] == 0
    commit(root, "Give the network a backend")
    assert run(root, "sync", "demo-x")[0] == 0
    commit(root, "Sync")
    change(root, TEMPLATE, '"String"', '"SecureString"')
    base = commit(root, "Encrypt")
    assert run(root, "sync", "demo-x")[0] == 0
    found = find_targets(root, Span(base, commit(root, "Sync")), "plan", now=datetime.now(UTC))
    assert ([each.environment for each in found.targets], found.complaints) == (["demo-x"], ())
    change(root, RENDERED, "http://", "https://")
    change(root, TEMPLATE, "http://", "ftp://")
    base = commit(root, "Edit and change the same line")
    assert run(root, "sync", "demo-x")[0] == 0
    complaints = "\n".join(
        find_targets(root, Span(base, commit(root, "Sync")), "plan", now=datetime.now(UTC)).complaints
    )
    assert f"{RENDERED}:8: a sync left a conflict in lines 8 to 14" in complaints


def test_an_earlier_commit_may_be_named_and_data_may_be_asked_for(root: Path) -> None:
    change(root, TEMPLATE, "http://", "https://")
    first = commit(root, "First")
    change(root, TEMPLATE, "# é", "# ê")
    commit(root, "Second")
    code, output = run(root, "sync", "demo-x", "to", first[:9], "--json")
    assert code == 0, output
    said = json.loads(output)
    assert said["files"] == ["app/main.tf", "environment.yaml"]
    assert said["conflicts"] == []
    assert said["revision"] == git(root, "rev-parse", f"{first}:templates/shop")
    assert "1 revision behind" in run(root, "list")[1]
    assert "1 commit of the template:" in run(root, "sync", "demo-x")[1]
    assert "This reverts 1 commit" in run(root, "sync", "demo-x", "to", first)[1]
    code, output = run(root, "sync", "demo-x", "to", "abcdef0")
    assert code != 0
    assert "envs" not in git(root, "status", "--porcelain", "--", "envs/production")


def test_what_the_template_asks_for_is_typed_as_it_says(root: Path) -> None:
    declaration = root / "templates/shop/template.yaml"
    more = "  region: {type: string, description: The region.}\n  zones:"
    declaration.write_text(example.DECLARATION.replace("  zones:", more))
    before = Checkout(root).environment(NAME)
    code, output = run(root, "sync", "demo-x")
    assert code == 1
    assert "`envclone sync demo-x --set region=…`" in output
    assert Checkout(root).environment(NAME) == before
    code, output = run(root, "sync", "demo-x", "--set", "region=eu-west-1")
    assert code == 0, output
    assert re.search(r"region +eu-west-1 +new: set with", output)
    assert manifest(root).overrides == ("region",)


def test_an_unknown_environment_comes_with_the_line_to_type(root: Path) -> None:
    code, output = run(root, "sync", "demo-y")
    assert code == 1
    assert "    envclone sync demo-x" in output
    head = git(root, "rev-parse", "HEAD")
    assert f"    envclone sync demo-x to {head}" in run(root, "sync", "demo-x", "--to", head)[1]
    code, output = run(root, "sync", "demo-x", "--to", "1a2b3c4")
    assert code == 64
    assert "has no option `--to`" in output
    assert "    envclone" not in output


@pytest.mark.parametrize(
    "words", [("sync", "demo-x"), ("set", "demo-x", "app_min=3"), ("extend", "demo-x", "1d"), ("render", "demo-x")]
)
def test_a_manifest_of_another_environment_is_refused_and_nothing_is_written(
    root: Path, words: tuple[str, ...]
) -> None:
    change(root, "envs/demo-x/environment.yaml", "name: demo-x", "name: production")
    change(root, TEMPLATE, '"String"', '"SecureString"')
    before = git(root, "status", "--porcelain")
    code, output = run(root, *words)
    assert code != 0
    assert re.search(r"environment.yaml:\d+: `name` is `production`, but its directory is that of `demo-x`", output)
    assert git(root, "status", "--porcelain") == before
    assert "`name` is `production`" in run(root, "list")[1]


def test_comments_of_a_manifest_that_go_are_told_and_what_tools_keep_beside_the_code_stays(root: Path) -> None:
    place = root / "envs/demo-x/environment.yaml"
    place.write_text(f"{place.read_text()}# ask Bob before\n")
    kept = root / "envs/demo-x/app/.terraform/environment"
    kept.parent.mkdir()
    kept.write_text("blue")
    change(root, TEMPLATE, '"String"', '"SecureString"')
    code, output = run(root, "sync", "demo-x")
    assert code == 0, output
    assert re.search(r"written without comments\. Keep these elsewhere:\n\n- line \d+: # ask Bob before", output)
    assert "Bob" not in place.read_text()
    assert kept.read_text() == "blue"
