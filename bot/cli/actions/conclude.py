"""`envclone conclude`: the last job of the plan workflow, whose success is the one required check."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from bot.cli.actions.options import AsJson, in_one_line
from bot.cli.console import DOES_NOT_HOLD, NOT_CHECKED, edge, say, stop
from bot.core.plans.required_check import Needs, required_check
from bot.names import RepositoryName


def conclude_pull_request(
    needs: Annotated[
        str, typer.Option("--needs", metavar="JSON", envvar="NEEDS", help="How the other jobs ended: toJSON(needs).")
    ],
    as_json: AsJson = False,
) -> None:
    """Pass only if every environment that the pull request changes was verified and planned."""
    with edge():
        try:
            ended = Needs.model_validate_json(needs)
        except ValidationError:
            stop("NEEDS lacks the results of the jobs `targets` and `plan`.", NOT_CHECKED)
        event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text("utf-8"))
        head, repository = event["pull_request"]["head"], RepositoryName(os.environ["GITHUB_REPOSITORY"])
        is_fork = (head.get("repo") or {}).get("full_name") != repository
        conclusion = required_check(ended, ended.completed, is_fork=is_fork)
        text = conclusion.reason if conclusion.passes else f"::error::{in_one_line(conclusion.reason)}"
        say(text, lambda: asdict(conclusion), as_json)
        if not conclusion.passes:
            raise typer.Exit(DOES_NOT_HOLD)
