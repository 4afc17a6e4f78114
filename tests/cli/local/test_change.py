"""`envclone set` and `envclone extend` in a checkout, with the template of the day or one from history."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from bot.clients.git.checkout import Checkout
from bot.core.rendering.assemble import read_manifest
from bot.model.environment import Manifest
from bot.names import EnvironmentName, ParameterName
from tests.support.small_monorepo import monorepo

NAME = EnvironmentName("demo-x")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = monorepo(tmp_path)
    assert run(found, "clone", "production", "as", "demo-x", "--ttl", "10d")[0] == 0
    return found


def run(root: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*words, "--root", str(root)])
    return done.exit_code, done.output


def manifest(root: Path) -> Manifest:
    return read_manifest(Checkout(root).environment(NAME), "envs/demo-x")


def test_set_writes_the_directory_as_a_comment_would_propose_it(root: Path) -> None:
    code, output = run(root, "set", "demo-x", "app_min=3", "greeting=hello there")
    assert code == 0, output
    assert re.search(r"^app_min +1 +3$", output, re.MULTILINE)
    assert "|" not in output
    assert manifest(root).parameters[ParameterName("greeting")] == "hello there"
    assert run(root, "verify")[0] == 0
    code, output = run(root, "set", "demo-x", "app_min=3", "--json")
    assert (code, json.loads(output)) == (0, {"changed": {}})


def test_what_was_edited_by_hand_is_kept_and_a_value_that_would_go_there_is_refused(root: Path) -> None:
    place, values = root / "envs/demo-x/app/main.tf", root / "envs/demo-x/app/terraform.tfvars.json"
    place.write_text(place.read_text() + "# by hand\n")
    assert run(root, "set", "demo-x", "app_min=3")[0] == 0
    assert run(root, "extend", "demo-x", "1d")[0] == 0
    assert place.read_text().endswith("# by hand\n")
    values.write_text(values.read_text().replace('"app_min": 3', '"app_min": 5'))
    before = manifest(root)
    code, output = run(root, "set", "demo-x", "app_min=4")
    assert (code, "`envs/demo-x/app/terraform.tfvars.json` was edited by hand in the lines" in output) == (1, True)
    assert manifest(root) == before


def test_extend_moves_the_expiry(root: Path) -> None:
    before = manifest(root).expires_at
    assert run(root, "extend", "demo-x", "7d")[0] == 0
    after = manifest(root).expires_at
    assert before is not None
    assert after is not None
    assert (after - before).days == 7
    assert run(root, "verify")[0] == 0


def test_mistakes_come_with_the_line_to_type(root: Path) -> None:
    code, output = run(root, "set", "demo-x", "app_mni=3")
    assert code == 1
    assert "    envclone set demo-x app_min=3" in output
    assert "Did you mean `demo-x`?" in run(root, "set", "demo-y", "app_min=3")[1]
    assert "envclone extend demo-x 20d" in run(root, "extend", "demo-x", "60d")[1]


def test_the_template_comes_from_history_when_it_has_moved_on(root: Path) -> None:
    declaration = root / "templates/shop/app/main.tf"
    for command in (
        ["init", "-q"],
        ["add", "-A"],
        ["-c", "user.name=a", "-c", "user.email=a@b.example", "commit", "-qm", "a"],
    ):
        subprocess.run(["git", "-C", str(root), *command], check=True, capture_output=True, timeout=60)
    declaration.write_bytes(declaration.read_bytes() + b"# newer\n")
    assert run(root, "set", "demo-x", "app_min=4")[0] == 0
    assert b"newer" not in (root / "envs/demo-x/app/main.tf").read_bytes()
    assert manifest(root).overrides == ("app_min",)


def test_a_line_to_type_is_one_that_would_be_accepted(root: Path) -> None:
    """Law 13 on the command line: the corrected line is read through the same checks, and left out where they refuse it."""
    assert "    envclone set demo-x app_min=3" in run(root, "set", "demo-x", "app-mni", "3")[1]
    assert "    envclone set demo-x app_min=3" in run(root, "set", "demox", "app_min", "3")[1]
    assert "    envclone" not in run(root, "set", "demo-x", "app_min", "lots")[1]
    assert "    envclone" not in run(root, "set", "nowhere", "app_min", "3")[1]
    assert "    envclone extend demo-x 20d" in run(root, "extend", "demo-x", "60", "days")[1]
    assert "    envclone list purpose=qa" in run(root, "list", "qa")[1]
    assert "    envclone" not in run(root, "list", "for", "holidays")[1]
    assert "    envclone status demo-x" in run(root, "status", "of", "demox")[1]
    assert "    envclone" not in run(root, "status", "of", "nowhere")[1]
