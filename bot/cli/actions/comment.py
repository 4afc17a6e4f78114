"""`envclone comment`: what the workflow `compare` runs last, with a token that writes to GitHub and beside nobody's code."""

import json
import os
from pathlib import Path
from typing import Annotated, Final

import typer

from bot.cli.actions.options import ACTIONS, AsJson
from bot.cli.console import NOT_CHECKED, edge, say, stop
from bot.clients.github import GitHub, Token
from bot.core.parity.output.directory_markdown import comment_marker
from bot.names import RepositoryName

LARGEST: Final = 1024 * 1024
"""Bytes that are read of a report, which the comment then shortens: the job that wrote it read code of the pull request."""


def comment(
    report: Annotated[Path, typer.Argument(metavar="PATH", help="What `envclone parity --format markdown` printed.")],
    directory: Annotated[str, typer.Option("--of", metavar="PATH", help="The directory that was compared.")],
    against: Annotated[str, typer.Option("--against", metavar="PATH", help="What it was compared with.")],
    as_json: AsJson = False,
) -> None:
    """Post the report of `envclone parity` on two directories as one comment on the pull request, edited each time."""
    with edge():
        text = _read(report)
        if not text:
            stop(f"{report} contains no report: the log of the job `compare` says why.", NOT_CHECKED)
        pull = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text("utf-8")).get("pull_request")
        if pull is None:
            stop(
                "This run doesn't belong to a pull request. Call the workflow `compare` on `pull_request`.", NOT_CHECKED
            )
        github = GitHub(Token(os.environ["GITHUB_TOKEN"], ACTIONS), api_url=os.environ["GITHUB_API_URL"])
        repository = RepositoryName(os.environ["GITHUB_REPOSITORY"])
        marker = comment_marker(directory, against)
        # No text that another job left may pass for a marker of ours.
        url = github.upsert_comment(repository, int(pull["number"]), marker, text.replace("<!--", "&lt;!--"))
        say(url, lambda: {"url": url}, as_json)


def _read(report: Path) -> str:
    if report.is_symlink() or not report.is_file():
        return ""
    with report.open("rb") as file:
        return file.read(LARGEST).decode("utf-8", errors="replace").strip()
