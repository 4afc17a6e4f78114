"""What commands of workflows have in common: their options, and how a job of Actions is spoken to. What a run acts on is in `run_context`."""

import json
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from bot.cli.commenting import where_to_comment
from bot.cli.masked import process_secrets
from bot.control_characters import without_controls
from bot.core.requests.rerun import attempt_page
from bot.names import EnvironmentName

ACTIONS = "github-actions[bot]"

Root = Annotated[Path, typer.Option("--root", metavar="PATH", help="The checkout.", file_okay=False, exists=True)]
StoreOption = Annotated[
    str,
    typer.Option(
        "--store",
        metavar="ADDRESS",
        help="Where reviews and ledgers are kept: an address (s3://BUCKET/PREFIX) or a directory; by default, the account's bucket.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print data instead of text; the log goes to standard error.")]


def say_how_in_a_comment(line: str, root: Path, name: EnvironmentName) -> None:
    """Tell a person at a terminal which comment has the same done by the workflows, reviewed, with their credentials and not with theirs."""
    if not os.environ.get("GITHUB_ACTIONS"):
        where = where_to_comment(root, name)
        typer.echo(
            f"This runs here, with this machine's credentials. For GitHub to run it, comment `{line}` {where}.",
            err=True,
        )


def proposed_page(environ: Mapping[str, str]) -> str:
    """Return the page of the pull request that this job of Actions is about; nothing where it is about none."""
    path = environ.get("GITHUB_EVENT_PATH") if environ.get("GITHUB_ACTIONS") else None
    try:
        return str(json.loads(Path(path).read_text("utf-8"))["pull_request"]["html_url"]) if path else ""
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def actor(environ: Mapping[str, str]) -> str:
    """Return who started this run of Actions, or who started it again; nothing outside of one."""
    return environ.get("GITHUB_TRIGGERING_ACTOR") or environ.get("GITHUB_ACTOR") or ""


def in_one_line(text: str) -> str:
    """Return a text as the value of a workflow command: whatever a pull request wrote into it begins no other command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def run_url(environ: Mapping[str, str]) -> str:
    """Return the page of the run of Actions that this is, or nothing."""
    parts = [environ.get(f"GITHUB_{name}") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")]
    return f"{parts[0]}/{parts[1]}/actions/runs/{parts[2]}" if all(parts) else ""


def attempt_url(environ: Mapping[str, str]) -> str:
    """Return the page of this attempt of the run of Actions, or nothing."""
    page = run_url(environ)
    return attempt_page(page, int(environ.get("GITHUB_RUN_ATTEMPT") or 1)) if page else ""


def write_summary(text: str) -> None:
    """Add to the summary of this step of Actions, if it is one."""
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(without_controls(process_secrets().hide(text)))


@contextmanager
def stoppable() -> Iterator[None]:
    """Let a runner's SIGTERM end the run as Ctrl-C does: running steps finish, the lease is given back."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
