"""Exit codes: what can't be read can't be checked, and that is 2 in every command; its place is said once, with the line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from tests.support.small_monorepo import monorepo

READERS = {
    "verify": ["verify"],
    "clone": ["clone", "production", "as", "demo-y"],
    "dry run": ["clone", "production", "as", "demo-y", "--dry-run"],
    "set": ["set", "demo-x", "app_min=3"],
    "parity": ["parity", "demo-x"],
    "list": ["list"],
    "status": ["status", "demo-x"],
    "template check": ["template", "check"],
    "render": ["render", "demo-x"],
}
CLONE, PRODUCTION, TEMPLATE = "envs/demo-x", "envs/production", "templates/shop"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    found = monorepo(tmp_path)
    assert run(found, "clone", "production", "as", "demo-x")[0] == 0
    return found


def run(root: Path, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, [*words, "--root", str(root)])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.output


def spoil(path: Path) -> int:
    """Add a line that belongs into no document of ours; return its number."""
    text = path.read_text("utf-8")
    path.write_text(f"{text}bogus: 1\n", "utf-8")
    return len(text.splitlines()) + 1


@pytest.mark.parametrize(
    ("document", "commands"),
    [
        (
            f"{CLONE}/environment.yaml",
            ["verify", "set", "parity", "list", "status", "clone", "render", "template check"],
        ),
        (f"{PRODUCTION}/environment.yaml", ["verify", "clone", "dry run", "parity", "list", "template check"]),
        (f"{CLONE}/hooks.yaml", ["verify", "parity"]),
        (f"{PRODUCTION}/hooks.yaml", ["verify", "clone", "dry run", "parity"]),
        (f"{TEMPLATE}/template.yaml", ["verify", "clone", "dry run", "set", "parity", "template check", "render"]),
        (f"{TEMPLATE}/hooks.yaml", ["verify", "clone", "dry run", "set", "parity", "template check", "render"]),
        (".github/envclone.yml", ["verify", "clone", "dry run", "set"]),
    ],
)
def test_a_document_that_cannot_be_read_means_not_checked(root: Path, document: str, commands: list[str]) -> None:
    line = spoil(root / document)
    for command in commands:
        code, output = run(root, *READERS[command])
        assert code == 2, (command, output)
        assert f"{document}:{line}: unknown key `bogus`" in output, (command, output)
        assert output.count(document) == 1, (command, output)


def test_what_else_was_found_is_said_as_well_as_what_could_not_be_read(root: Path) -> None:
    spoil(root / CLONE / "environment.yaml")
    main = root / PRODUCTION / "app/main.tf"
    main.write_bytes(main.read_bytes().replace(b'"String"', b'"SecureString"'))
    code, output = run(root, "verify")
    assert code == 2
    assert "envs/production/app/main.tf:4: edited by hand" in output
    assert run(root, "verify", "production")[0] == 1, "what is not asked for is not read for its own sake"


def test_a_document_in_another_encoding_is_named_with_its_line(root: Path) -> None:
    (root / ".github/envclone.yml").write_bytes(b"labels:\n  - caf\xe9\n")
    code, output = run(root, "verify")
    assert (code, output.strip()) == (2, ".github/envclone.yml:2: not valid UTF-8.")


def test_one_environment_is_one(root: Path) -> None:
    assert run(root, "verify", "demo-x")[1].strip() == "1 environment matches what its template renders."
    assert run(root, "verify")[1].strip() == "2 environments match what their templates render."
