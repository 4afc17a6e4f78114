"""`envclone targets`: the first job of the workflows that plan, apply and look for drift, without credentials."""

import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.actions.actions_job import proposed_commit, schedule_of
from bot.cli.actions.options import in_one_line, write_summary
from bot.cli.console import DOES_NOT_HOLD, NOT_CHECKED, edge, stop
from bot.cli.masked import mask_streams
from bot.core.messages.modules import held
from bot.core.plans.schedule import times_come
from bot.core.requests.matrix import Phase
from bot.runs.plan.matrix import Span, find_targets

_DONE: dict[Phase, str] = {"plan": "planned", "queue": "merged", "apply": "applied", "drift": "checked"}
MOST, LONGEST = 20, 1000
"""Complaints that are handed on, the last ones: the first lines are places, the last says what to do; and characters of each."""


def targets(
    base: Annotated[
        str,
        typer.Option("--base", metavar="COMMIT", envvar="BASE", help="Commit before the change; its policy applies."),
    ],
    head: Annotated[str, typer.Option("--head", metavar="COMMIT", envvar="HEAD", help="Commit of the change.")],
    phase: Annotated[
        Phase,
        typer.Option(
            "--for",
            metavar="PHASE",
            help="plan, queue, apply or drift; `queue` checks what a merge queue would merge, `drift` covers every environment, "
            "changed or not.",
        ),
    ] = "plan",
    environment: Annotated[
        str,
        typer.Option(
            "--environment", metavar="NAME", envvar="ENVIRONMENT", help="Only this environment, changed or not."
        ),
    ] = "",
    root: Annotated[
        Path, typer.Option("--root", metavar="PATH", help="The checkout.", file_okay=False, exists=True)
    ] = Path(),
) -> None:
    """Print which environments a change touches, as a workflow's matrix; fail if any of them can't be determined."""
    mask_streams()
    with edge():
        found = find_targets(root, Span(base, head, proposed_commit(os.environ)), phase, environment or None)
        for complaint in found.complaints:
            typer.echo(f"::error::{in_one_line(complaint)}" if "GITHUB_ACTIONS" in os.environ else complaint, err=True)
        _hand_on(found.complaints)
        code = NOT_CHECKED if found.is_unreadable else DOES_NOT_HOLD
        if found.complaints and phase != "drift":
            stop(f"Nothing is {_DONE[phase]}: see above.", code)
        matrices = found.matrices_in_turn(_turn()) if phase == "drift" else found.matrices()
        for matrix in matrices:
            typer.echo(json.dumps(matrix))
        if (now := sum(len(matrix["include"]) for matrix in matrices)) < len(found.targets):
            said = (
                f"{now:,} of {len(found.targets):,} environments are checked by this run, the others by the next ones."
            )
            typer.echo(f"::notice::{said}" if "GITHUB_ACTIONS" in os.environ else said, err=True)
        if found.held:
            typer.echo(held.summary(found.held), err=True)
            write_summary(held.summary(found.held))
        output = os.environ.get("GITHUB_OUTPUT")
        if output:
            with Path(output).open("a", encoding="utf-8") as file:
                for number, matrix in enumerate(matrices, start=1):
                    file.write(f"matrix{f'_{number}' if number > 1 else ''}={json.dumps(matrix)}\n")
                file.write(f"any={'true' if found.targets else 'false'}\n")
                file.write(f"environments={json.dumps([target.environment for target in found.targets])}\n")
                file.write(f"accounts={json.dumps(found.accounts())}\n")
        if found.complaints:
            # One environment that can't be read must not hide the drift of the others.
            stop("Some environments can't be checked: see above.", code)


def _turn() -> int:
    """Return whose turn it is in the run of Actions: by its schedule, else by the number that each run of a workflow has."""
    scheduled = times_come(schedule_of(os.environ), datetime.now(UTC))
    return scheduled if scheduled is not None else int(os.environ.get("GITHUB_RUN_NUMBER") or 0)


def _hand_on(complaints: Sequence[str]) -> None:
    """Leave the complaints to the job that concludes: its check is what people look at."""
    if (output := os.environ.get("GITHUB_OUTPUT")) and complaints:
        with Path(output).open("a", encoding="utf-8") as file:
            file.write(f"complaints={json.dumps([line[:LONGEST] for line in complaints[-MOST:]])}\n")
