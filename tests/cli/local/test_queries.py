"""`envclone help`, `status` and `list` say what a comment would be answered, as plain text."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from bot.cli.terminal import plain
from tests.support.small_monorepo import monorepo


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = monorepo(tmp_path)
    assert run(found, "clone", "production", "as", "demo-x", "--owner", "@ana")[0] == 0
    return found


def run(root: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*words, "--root", str(root)])
    return done.exit_code, done.output


@pytest.mark.parametrize(
    "words",
    [
        ("help",),
        ("help", "clone"),
        ("status", "demo-x"),
        ("list",),
        ("clone", "production", "as", "demo-y", "--dry-run"),
        ("set", "demo-x", "app_min=3", "greeting=hello"),
    ],
)
def test_nothing_on_a_terminal_is_markdown_html_or_python(root: Path, words: tuple[str, ...]) -> None:
    code, output = run(root, *words)
    assert code == 0, output
    for sign in ("| ---", "**", "###", "<details>", "<summary>", "```", "<!--", "True", "False", "None", "{'", "['"):
        assert sign not in output, (sign, output)


def test_a_directory_without_a_manifest_is_named_and_stops_nothing(root: Path) -> None:
    for name in ("modules", "Old_Stuff"):
        (root / "envs" / name).mkdir()
        (root / "envs" / name / "main.tf").write_text("")
    code, output = run(root, "list")
    assert code == 0, output
    assert "In `envs/`, but no environments, because they have no environment.yaml: `Old_Stuff`, `modules`." in output
    assert run(root, "verify")[1].strip() == "2 environments match what their templates render."
    assert run(root, "clone", "production", "as", "demo-y")[0] == 0
    code, output = run(root, "clone", "production", "as", "modules")
    assert (code, "`envs/modules` already exists and is not an environment" in output) == (1, True)
    code, output = run(root, "verify", "modules")
    assert (code, "envs/modules has no environment.yaml; there are: demo-x, demo-y, production." in output) == (
        2,
        True,
    ), output


def test_a_manifest_that_is_only_missing_in_the_work_tree_is_missed(root: Path) -> None:
    for words in (
        ("init", "-q"),
        ("add", "-A"),
        ("-c", "user.name=A", "-c", "user.email=a@b.example", "commit", "-qm", "all"),
    ):
        subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True)
    (root / "envs/demo-x/environment.yaml").unlink()
    said = "so this directory is not an environment. `envclone list` shows all environments"
    assert said in run(root, "render", "demo-x")[1], "in the words of the command line"
    code, output = run(root, "verify")
    assert (code, "envs/demo-x/environment.yaml:1: missing, so this directory is not an environment" in output) == (
        2,
        True,
    )


def test_status_says_what_is_asked_for_with_every_value(root: Path) -> None:
    output = run(root, "status", "demo-x")[1]
    for line in (r"- Owner: ana", r"- Cloned from: production", r"  db_class +small", r'  zones +\["a", "b", "c"\]'):
        assert re.search(f"^{line}$", output, re.MULTILINE), (line, output)


def test_status_without_a_name_is_about_the_branch(root: Path) -> None:
    code, output = run(root, "status")
    assert (code, output.splitlines()[0]) == (
        1,
        (
            "The current branch belongs to no environment. Run `envclone status NAME`, or `envclone list` to see all "
            "environments."
        ),
    )
    for words in (["init", "-q"], ["checkout", "-q", "-b", "envclone/demo-x"]):
        subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True, timeout=60)
    assert run(root, "status") == run(root, "status", "demo-x")


def test_list_shows_those_that_can_be_read_and_names_the_others(root: Path) -> None:
    broken = root / "envs/broken"
    broken.mkdir()
    (broken / "environment.yaml").write_text("name: [\n")
    (root / "envs/Odd_Name").mkdir()
    (root / "envs/Odd_Name/environment.yaml").write_text("name: Odd_Name\n")
    code, output = run(root, "list")
    assert code == 2
    assert re.search(r"^demo-x +demo +ana ", output, re.MULTILINE)
    assert "envs/broken/environment.yaml:2: " in output
    assert "envs/Odd_Name/environment.yaml:1: " in output
    assert run(root, "status", "demo-x")[0] == 0
    code, output = run(root, "status", "broken")
    assert (code, "envs/broken/environment.yaml:2: " in output) == (2, True)


def test_a_list_of_nothing_says_what_there_is(root: Path) -> None:
    said = "No environment matches. There are 2: 1 demo, 1 production. `envclone list` shows them all.\n"
    assert run(root, "list", "purpose=nonsense") == (0, said)


def test_list_as_data_is_the_manifests(root: Path) -> None:
    assert [each["name"] for each in json.loads(run(root, "list", "--json")[1])] == ["demo-x", "production"]


def test_help_speaks_of_comments_and_of_what_works_here(root: Path) -> None:
    output = run(root, "help")[1]
    assert "envclone clone <source>[@<at>] as <name>" in output
    assert "/destroy <name>" in output
    assert "verify" in output
    assert "For example `envclone clone production as demo-x for demo --ttl 14d`" in run(root, "help", "clone")[1]
    assert "Prove that environments" in run(root, "help", "verify")[1]


def test_a_command_of_comments_alone_is_no_misspelling(root: Path) -> None:
    code, output = run(root, "destroy", "demo-x")
    assert (code, "works only in GitHub comments" in output, "\n    /destroy demo-x\n" in output) == (64, True, True)


def test_a_table_wider_than_the_terminal_has_its_cells_below_each_other() -> None:
    table = "| Command | About |\n| --- | --- |\n| `a` | a long explanation |"
    assert plain(table, width=80) == "Command  About\na        a long explanation"
    assert plain(table, width=20) == "a\n  About: a long explanation"
