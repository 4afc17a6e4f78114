"""`envclone post`: what the plan workflow runs after the plans, with a token that writes to GitHub and no cloud credentials."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from bot.cli.actions.options import ACTIONS, AsJson, attempt_url, in_one_line
from bot.cli.console import DOES_NOT_HOLD, NOT_CHECKED, edge, say, stop
from bot.cli.masked import mask_streams
from bot.clients.github import GitHub, Token
from bot.core.plans.required_check import Needs
from bot.names import RepositoryName
from bot.runs.plan.posting import ProposedPlan
from bot.runs.plan.posting import post as post_reports


def post(
    reports: Annotated[
        Path, typer.Argument(metavar="PATH", help="The directory of the plan jobs' artifacts.", file_okay=False)
    ],
    needs: Annotated[
        str, typer.Option("--needs", metavar="JSON", envvar="NEEDS", help="How the other jobs ended: toJSON(needs).")
    ],
    as_json: AsJson = False,
) -> None:
    """Post the plan jobs' reports as comments and checks."""
    mask_streams()
    with edge():
        try:
            expected = Needs.model_validate_json(needs).expected
        except ValidationError:
            expected = None
        if expected is None:
            stop("NEEDS lacks the environments that were to be planned.", NOT_CHECKED)
        pull = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text("utf-8"))["pull_request"]
        at = ProposedPlan(
            github=GitHub(Token(os.environ["GITHUB_TOKEN"], ACTIONS), api_url=os.environ["GITHUB_API_URL"]),
            repository=RepositoryName(os.environ["GITHUB_REPOSITORY"]),
            number=int(pull["number"]),
            commit=str(pull["head"]["sha"]),
            run_url=attempt_url(os.environ),
        )
        posted = post_reports(reports, expected, at)
        if output := os.environ.get("GITHUB_OUTPUT"):
            with Path(output).open("a", encoding="utf-8") as file:
                file.write(f"completed={json.dumps(posted.completed)}\n")
        if as_json:
            say("", lambda: asdict(posted), as_json)
        for line in posted.complaints:
            typer.echo(f"::error::{in_one_line(line)}", err=True)
        if posted.complaints:
            raise typer.Exit(DOES_NOT_HOLD)
