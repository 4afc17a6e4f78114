"""`envclone clone production@…` in a checkout: values and template as they were then."""

import subprocess
from pathlib import Path

from typer.testing import CliRunner

from bot.cli.app import app
from bot.clients.git.checkout import Checkout
from bot.core.rendering.assemble import read_manifest
from bot.names import EnvironmentName, ParameterName
from tests.support import example
from tests.support.small_monorepo import monorepo

NAME = EnvironmentName("demo-x")
TEMPLATE = Path("templates/shop/app/main.tf")


def run(root: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*words, "--root", str(root)])
    return done.exit_code, done.output


def commit(root: Path, message: str) -> str:
    git = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b.example"]
    subprocess.run([*git, "add", "-A"], check=True)
    subprocess.run([*git, "commit", "-qm", message], check=True)
    done = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_a_clone_of_the_past_has_the_values_and_the_template_of_then(tmp_path: Path) -> None:
    root = monorepo(tmp_path)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    then = commit(root, "Start")
    (root / TEMPLATE).write_bytes(example.MAIN + b"# newer\n")
    assert run(root, "set", "production", "greeting=salve")[0] == 0
    commit(root, "Change")
    code, said = run(root, "clone", "production@abcdef0", "as", "demo-x")
    assert code != 0
    assert "had no `production` at `abcdef0`" in " ".join(said.split())
    assert run(root, "clone", f"production@{then[:10]}", "as", "demo-x")[0] == 0
    files = Checkout(root).environment(NAME)
    assert read_manifest(files, "envs/demo-x").parameters[ParameterName("greeting")] == "hello"
    assert files["app/main.tf"].data == example.MAIN
    assert run(root, "verify")[0] == 0
