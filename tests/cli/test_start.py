"""A command starts with what it needs: neither its help nor a local command loads the service, a cloud's client or GitHub's."""

import inspect
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from bot.cli.app import app
from bot.cli.commands import COMMANDS, CommandPlace

HEAVY = (
    *("dbos", "sqlalchemy", "psycopg", "prometheus_client"),
    *("fastapi", "starlette", "uvicorn", "httpx", "requests"),
    *("github", "jwt", "git", "boto3", "botocore", "moto", "pygohcl", "jinja2", "markdown_it"),
)
SERVICE = ("bot.service.registry", "bot.cli.serving.composition")
"""All that the service does is loaded with these."""

PROGRAM = """
import contextlib, io, json, sys
from bot.cli.app import app

seen = {}
for words in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            app(words)
        except SystemExit as end:
            assert end.code == 0, (words, end.code)
    seen[" ".join(words)] = [name for name in sys.argv[2:] if name in sys.modules]
print(json.dumps(seen))
"""


def loaded_by(lines: list[list[str]], *names: str) -> dict[str, list[str]]:
    """Return which of the modules are loaded after each command, carried out one after the other in one process."""
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(lines), *names],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert said.returncode == 0, said.stderr
    found: dict[str, list[str]] = json.loads(said.stdout)
    return found


def test_help_loads_no_command() -> None:
    ours = [command.place.partition(":")[0] for command in COMMANDS]
    assert loaded_by([["--help"]], "pydantic", "hcl2", "jinja2", "yaml", *ours, *HEAVY) == {"--help": []}


def test_commands_load_nothing_that_only_others_need(tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text("{}", "utf-8")
    asks_for_nothing = ["handle", str(event), "--event", "push", "--repository", "acme/shop"]
    lines = [asks_for_nothing, *([command.name, "--help"] for command in COMMANDS)]
    found = loaded_by([*lines, ["verify"], ["list"]], *HEAVY, *SERVICE)
    fills_templates, prints_a_table = (
        ["jinja2"],
        ["jinja2", "markdown_it"],
    )  # what one line has loaded is there in the next
    assert found == {**{" ".join(line): [] for line in lines}, "verify": fills_templates, "list": prints_a_table}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_the_row_of_a_command_says_what_its_docstring_does(command: CommandPlace) -> None:
    module, _, name = command.place.partition(":")
    found = getattr(import_module(module), name)
    about = found.info.help if isinstance(found, typer.Typer) else inspect.getdoc(found)
    assert about == command.about
    assert CliRunner().invoke(app, [command.name, "--help"]).exit_code == 0


def test_help_lists_every_command() -> None:
    said = " ".join(CliRunner().invoke(app, ["--help"]).output.split())
    assert all(f" {command.name} {command.summary}" in said for command in COMMANDS)
