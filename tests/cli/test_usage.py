"""How the command line is used: help in plain text, real names of values, exit codes, completion, and where it can't work."""

import json
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli.app import app
from bot.cli.commands import AUDIENCES, COMMANDS
from bot.commands.specs import TABLE
from tests.support.small_monorepo import monorepo


def lines() -> Iterator[list[str]]:
    """Yield the words of every command, those of a command's own commands included."""
    for command in COMMANDS:
        match command.name:
            case "template":
                yield ["template", "check"]
            case "sandbox":
                yield from (
                    ["sandbox", name] for name in ("up", "say", "merge", "demo", "adopt", "lifecycle", "evolution")
                )
            case name:
                yield [name]


LINES = tuple(lines())


def envclone(*words: str) -> Result:
    done = CliRunner().invoke(app, list(words), prog_name="envclone")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return monorepo(tmp_path_factory.mktemp("monorepo"))


@pytest.mark.parametrize("words", LINES, ids=" ".join)
def test_help_names_every_value_and_every_exit_code(words: list[str]) -> None:
    done = envclone(*words, "-h")
    assert done.exit_code == 0
    assert done.output.startswith(f"Usage: envclone {' '.join(words)} [OPTIONS]")
    assert not re.search(r"[{}╭│]|<(?!=)|\b(TEXT|INTEGER|DIRECTORY|FILE)\b", done.output), (
        "names of values as they are typed"
    )
    command = next(each for each in COMMANDS if each.name == words[0])
    for code, meaning in command.exits.rows():
        assert re.search(f"^ +{code} +{re.escape(meaning)}$", done.output, re.MULTILINE)
    assert max(map(len, done.output.splitlines())) <= 80
    assert done.output == envclone(*words, "--help").output


@pytest.mark.parametrize("words", LINES, ids=" ".join)
def test_wrong_usage_ends_with_64_and_says_so_on_standard_error(words: list[str]) -> None:
    done = envclone(*words, "--nonsense")
    assert (done.exit_code, done.stdout) == (64, "")
    assert "--nonsense" in done.stderr


@pytest.mark.parametrize("words", [["--nonsense"], ["no-such-command"], ["parity", "Not_A_Name"], ["clone", "demo-x"]])
def test_what_no_command_reads_is_wrong_usage(words: list[str], root: Path) -> None:
    where = ["--root", str(root)] if len(words) > 1 else []
    assert envclone(*words, *where).exit_code == 64


@pytest.mark.parametrize("words", LINES, ids=" ".join)
def test_whatever_prints_a_result_prints_it_as_data_too(words: list[str]) -> None:
    has_none = {"serve", "sandbox up", "targets"}
    """The first two print no result, and the matrix of the third is JSON."""
    assert ("--json" in envclone(*words, "-h").output) is (" ".join(words) not in has_none)


def test_a_drift_of_nothing_is_answered_with_what_to_type() -> None:
    done = envclone("drift")
    assert (done.exit_code, "`envclone drift NAME`" in done.output) == (64, True)


@pytest.mark.parametrize("words", [["template", "check"], ["verify"]], ids=" ".join)
def test_a_checkout_without_anything_is_answered_with_what_to_type(words: list[str], tmp_path: Path) -> None:
    (tmp_path / ".github").mkdir()
    (tmp_path / ".github/envclone.yml").write_text("{}\n")
    assert "`envclone adopt PATH`" in envclone(*words, "--root", str(tmp_path)).output


def test_what_is_no_clone_is_not_to_be_compared_with_itself(root: Path) -> None:
    done = envclone("parity", "production", "--root", str(root))
    assert (done.exit_code, "or say what to compare it with: `--against NAME`" in done.output) == (2, True)


def test_help_groups_commands_by_those_whom_they_are_for() -> None:
    output = envclone("-h").output
    assert [line.rstrip(":") for line in output.splitlines() if line.rstrip(":") in AUDIENCES] == list(AUDIENCES)
    listed = re.findall(r"^  ([a-z]+)  +[A-Z]", output, re.MULTILINE)
    assert listed == [command.name for audience in AUDIENCES for command in COMMANDS if command.audience == audience]


def test_the_version_is_the_packages() -> None:
    assert envclone("--version").output == f"envclone {version('envclone')}\n"


def completed(words: str, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setenv("_ENVCLONE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    return envclone().output.split()


def test_the_shell_completes_commands_options_and_environments(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    assert completed("envclone ver", monkeypatch) == ["verify"]
    assert completed("envclone verify pro", monkeypatch) == ["production"]
    assert completed("envclone template check ", monkeypatch) == ["shop"]
    assert completed("envclone parity --ce", monkeypatch) == ["--certificate"]
    assert completed("envclone no-such-command x", monkeypatch) == []


@pytest.mark.parametrize(("verb", "comment"), [("plan", "/plan"), ("drift", "/plan"), ("apply", "/resume")])
def test_a_person_in_a_checkout_is_told_which_comment_has_it_done_on_github(
    verb: str, comment: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    done = envclone(verb, "demo-y", "--root", str(root))
    assert f"comment `{comment} demo-y` on an issue or a pull request" in done.stderr
    assert done.exit_code in (1, 2)


@pytest.mark.parametrize("verb", ["destroy", "resume"])
def test_what_only_a_comment_does_is_said_with_the_comment(verb: str) -> None:
    done = envclone(verb, "demo-y")
    assert (done.exit_code, done.stdout) == (64, "")
    assert done.stderr.endswith(f"Comment this on an issue or a pull request:\n\n    /{verb} demo-y\n")
    explained = envclone(verb, "-h")
    assert explained.exit_code == 0
    assert explained.stdout.startswith(f"Usage: envclone {verb} <name> --post\n")


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        (
            "unlock demo-y",
            "Write it in a comment on an issue or a pull request as\n\n    /unlock demo-y --because <reason>\n",
        ),
        ("unlock", "as\n\n    /unlock <name> --because <reason>\n"),
        ("destory demo-y", "Did you mean `/destroy`? It works only in GitHub comments"),
        ("verfy --json", "Did you mean `verify`?\n\n    envclone verify --json\n"),
    ],
)
def test_what_is_incomplete_or_misspelt_keeps_what_was_said(typed: str, answer: str) -> None:
    done = envclone(*typed.split())
    assert done.exit_code == 64
    assert answer in done.stderr


@pytest.mark.parametrize(
    "words",
    ["clone help", "clone ?", "set help", "extend help", "extend ?", "list help", "unlock help", "rollout help"],
)
def test_a_command_that_is_asked_for_help_says_where_it_is(words: str, root: Path) -> None:
    verb = words.split(maxsplit=1)[0]
    done = envclone(*words.split(), *(["--root", str(root)] if verb in {"clone", "set", "extend", "list"} else []))
    assert done.exit_code == 64
    assert f"envclone {verb} --help" in done.stderr or f"/{verb}" in done.stderr


IN_CHECKOUT = (
    ["clone", "production", "as", "demo-x"],
    ["set", "demo-x", "app_min=3"],
    ["extend", "demo-x", "7d"],
    ["list"],
    ["status", "demo-x"],
    ["verify"],
    ["parity", "demo-x"],
    ["render", "demo-x"],
    ["template", "check"],
)


@pytest.mark.parametrize("words", IN_CHECKOUT, ids=lambda words: words[0])
def test_outside_a_checkout_one_sentence_says_where_to_go(words: list[str], tmp_path: Path) -> None:
    done = envclone(*words, "--root", str(tmp_path))
    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert f"{tmp_path} is not in a checkout of a monorepo" in done.stderr
    assert "`--root PATH`" in done.stderr
    assert "`envclone adopt PATH`" in done.stderr


@pytest.mark.parametrize("group", ["sandbox", "template"])
def test_help_of_a_group_cuts_no_sentence(group: str) -> None:
    assert "..." not in envclone(group, "-h").stdout.partition("Commands:")[2]


def test_a_path_in_place_of_a_name_gets_the_name_to_type(root: Path) -> None:
    for path, name in (("envs/production", "production"), ("infra/envs/demo-x", "NAME")):
        done = envclone("verify", path, "--root", str(root))
        assert (
            done.exit_code,
            f"`{path}` is a path. Give the environment's name: `envclone verify {name}`" in done.stderr,
        ) == (2, True)


@pytest.mark.parametrize("words", [["plan", "demo-x"], ["drift", "demo-x"]], ids=lambda words: words[0])
def test_a_person_is_told_which_comment_does_it_on_github(words: list[str], tmp_path: Path) -> None:
    done = envclone(*words, "--root", str(tmp_path))
    assert done.exit_code == 2
    assert "comment `/plan demo-x` on an issue or a pull request" in done.stderr
    assert f"{tmp_path} is not in a git repository" in done.stderr


def test_a_checkout_is_found_from_a_directory_below_it(tmp_path: Path) -> None:
    root = monorepo(tmp_path / "monorepo")
    (root / ".git").mkdir()
    below = root / "envs/production/app"
    assert envclone("list", "--root", str(below)).output == envclone("list", "--root", str(root)).output


def test_help_as_data_is_the_table_of_commands(root: Path) -> None:
    found = json.loads(envclone("help", "--json", "--root", str(root)).stdout)
    assert [each["command"] for each in found] == [f"/{spec.verb}" for spec in TABLE]
    [clone] = json.loads(envclone("help", "clone", "--json", "--root", str(root)).stdout)
    assert clone["permission"] == "clone"


def test_what_is_rendered_or_generated_is_told_as_data(tmp_path: Path) -> None:
    root = monorepo(tmp_path)
    [rendered] = json.loads(envclone("render", "production", "--json", "--root", str(root)).stdout)
    assert (rendered["directory"], rendered["template"]) == ("envs/production", "shop")
    stale = envclone("schema", "--check", "--json", "--root", str(root))
    assert stale.exit_code == 1
    assert "docs/commands.md" in json.loads(stale.stdout)["out_of_date"]
    assert json.loads(envclone("schema", "--json", "--root", str(root)).stdout)["written"]
    assert json.loads(envclone("schema", "--check", "--json", "--root", str(root)).stdout) == {"out_of_date": []}
