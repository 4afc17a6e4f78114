"""What a machine lacks (a package of an extra, a program, a free port, a directory) is said in one line, with what to type."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli.app import app
from bot.errors import UserError
from bot.sandbox.needs import check_needs

SANDBOX = "`pip install 'envclone[sandbox]'`"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    place = tmp_path / "envs/production/main.tf"
    place.parent.mkdir(parents=True)
    place.write_text('resource "terraform_data" "one" {}\n')
    (tmp_path / ".git").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("module", "words", "said"),
    [
        ("google.cloud", ["ledger", "production", "--store", "gs://acme-state/of"], "`pip install 'envclone[gcp]'`"),
        ("azure.core", ["ledger", "production", "--store", "azblob://acmestate/states"], "`pip install 'envclone[azure]'`"),
        *(
            ("moto", ["sandbox", verb], SANDBOX)
            for verb in ("up", "demo", "adopt", "lifecycle", "evolution")
        ),
        ("werkzeug", ["sandbox", "up"], SANDBOX),
    ],
    ids=lambda value: value[1] if isinstance(value, list) else None,
)  # fmt: skip
def test_a_package_that_is_not_installed(
    root: Path, module: str, words: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for store in ("gcs", "azure"):
        monkeypatch.delitem(sys.modules, f"bot.clients.objects.{store}", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.chdir(root)
    done = CliRunner().invoke(app, words, prog_name="envclone")
    assert (done.exit_code, len(done.stderr.splitlines())) == (1, 1), done.output
    assert said in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["plan", "production"], 2, "install git 2.31"),
        (["drift", "production"], 2, "install git 2.31"),
        (["adopt", "envs/production", "--branch", "adopted"], 2, "install git 2.31"),
        (["sandbox", "up"], 1, "install git 2.31"),
        (["sandbox", "lifecycle"], 1, "install git 2.31"),
        (["adopt", "envs/production", "--from-state"], 1, "install Terraform"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_program_that_is_not_on_path(
    root: Path, words: list[str], code: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.chdir(root)
    done = CliRunner().invoke(app, words, prog_name="envclone")
    lines = [line for line in done.stderr.splitlines() if not line.startswith("This runs here")]
    assert (done.exit_code, len(lines)) == (code, 1), done.output
    assert said in lines[0]


def test_act_that_is_not_installed(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^The sandbox needs act, which is not installed: .*envclone\[sandbox\]"):
        check_needs(tmp_path)


def serve(**settings: str) -> tuple[int, list[str]]:
    named = {f"ENVCLONE_{name}": value for name, value in {"WEBHOOK_SECRET": "hush-hush", **settings}.items()}
    argv = [sys.executable, "-m", "bot.cli.app", "serve", "--web-only"]
    done = subprocess.run(
        argv, env={"PATH": os.environ["PATH"], **named}, capture_output=True, text=True, timeout=120, check=False
    )
    return done.returncode, done.stderr.splitlines()


def test_a_directory_for_data_that_can_not_be_made() -> None:
    assert serve(DATA_DIR="/dev/null/data") == (
        2,
        [
            "ENVCLONE_DATA_DIR: /dev/null/data can't be used: Not a directory. Set it to a directory that this user may write."
        ],
    )


def test_a_port_that_another_program_listens_on(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        code, (line,) = serve(PORT=port, DATA_DIR=str(tmp_path))
    assert code == 1
    assert "Another program does. Set ENVCLONE_PORT to a free port, or to 0 for any." in line
