"""Nothing that a workflow's command prints holds a token or a key of its process."""

import base64
import io
import os
import re
import subprocess
import sys

import pytest

from bot.cli.masked import MaskedStream
from bot.core.ledger.redaction import Secrets
from tests.support.patience import PATIENCE

TOKEN = "ghs_0123456789abcdef"
PROGRAM = f"""
import sys
import typer
from bot.cli.masked import mask_streams

mask_streams()
typer.echo("the token is {TOKEN}")
print("coded: {base64.b64encode(b"x" + TOKEN.encode()).decode()}", file=sys.stderr)
raise RuntimeError("a surprise with {TOKEN} in it")
"""


def test_streams_and_tracebacks_hide_what_the_process_holds() -> None:
    said = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "GITHUB_TOKEN": TOKEN},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert said.stdout == "the token is ***\n"
    assert "RuntimeError: a surprise with *** in it" in said.stderr
    assert TOKEN not in said.stderr
    assert base64.b64encode(TOKEN.encode()).decode()[:20] not in said.stderr


@pytest.mark.parametrize(
    "text",
    [
        "::set-output name=matrix::{}",
        "\t ::stop-commands::x",
        "a\n::save-state name=x::y",
        "a\r\u00a0::add-matcher::x",
        "envs/x: ##[set-output name=matrix]{}",
        "::error file=x::y",
    ],
)
def test_a_runner_is_told_no_command_by_what_others_say(text: str) -> None:
    said = io.StringIO()
    MaskedStream(said, Secrets(), is_runners=True).write(text)
    # As the runner looks for commands: in lines, at their beginning or after `##[`.
    lines = [line.strip() for line in re.split("[\\r\\n]+", said.getvalue())]
    assert not any(line.startswith("::") or "##[" in line for line in lines)


def test_a_runner_is_told_our_own_commands() -> None:
    said = io.StringIO()
    for line in ("::error::a::b\n", "::notice::c\n", "::add-mask::d\n", "module::name ok\n"):
        MaskedStream(said, Secrets(), is_runners=True).write(line)
    assert said.getvalue() == "::error::a::b\n::notice::c\n::add-mask::d\nmodule::name ok\n"
