"""Nothing that a workflow's command prints holds a token or a key of its process."""

import base64
import os
import subprocess
import sys

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
        timeout=60,
        check=False,
    )
    assert said.stdout == "the token is ***\n"
    assert "RuntimeError: a surprise with *** in it" in said.stderr
    assert TOKEN not in said.stderr
    assert base64.b64encode(TOKEN.encode()).decode()[:20] not in said.stderr
