"""`envclone drift ENV`: what the drift workflow runs for each live environment, with the read-only role."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.actions.options import (
    StoreOption,
    known_account,
    on_github,
    run_url,
    store_of,
    terraform_of,
    write_summary,
)
from bot.cli.console import DOES_NOT_HOLD, NOT_CHECKED, edge
from bot.clients.git.checkout import Checkout
from bot.clients.git.commits import commit_of
from bot.clients.hcl_referee import gate_rules
from bot.core.messages import drift_issue
from bot.core.plans.drift import Drift
from bot.core.rendering.assemble import read_manifest
from bot.errors import UserError
from bot.model.environment import directory
from bot.names import EnvironmentName
from bot.runs.drift.drift import DriftContext, DriftRequest, find_drift
from bot.runs.drift.issue import DriftReport, forget_drift, report_drift


def drift(
    environment: Annotated[str, typer.Argument(help="The environment's name.")] = "",
    root: Annotated[
        Path, typer.Option("--root", help="A checkout of the default branch.", file_okay=False, exists=True)
    ] = Path(),
    store: StoreOption = "",
    forget: Annotated[
        bool, typer.Option("--forget", help="Only close the issues of environments that are gone (in Actions).")
    ] = False,
) -> None:
    """Look for what changed outside the code. Exits with 0 (nothing, or an issue says what), 1 (drift) or 2 (not checked)."""
    with edge():
        if forget:
            _forget(root)
            return
        name = EnvironmentName(environment)
        policy = Checkout(root).policy_at("HEAD")
        context = DriftContext(
            store=store_of(store, root, name, policy),
            terraform=terraform_of(policy, known_account(root, name, policy)),
            rules=gate_rules(policy),
            now=lambda: datetime.now(UTC),
            log=lambda line: typer.echo(line, err=True),
        )
        found = find_drift(DriftRequest(name, root.resolve(), commit_of(root)), context)
        typer.echo(drift_issue.text(found))
        write_summary(drift_issue.summary(found))
        code = _told(found, root)
        if code:
            raise typer.Exit(code)


def _told(found: Drift, root: Path) -> int:
    """Keep the issue, where there is a GitHub to keep it on; return the exit code."""
    on = on_github(os.environ)
    if on is not None:
        owner = read_manifest(Checkout(root).environment(found.environment), directory(found.environment)).owner
        typer.echo(report_drift(found, DriftReport(on.github, on.repository, owner, run_url(os.environ))))
    if found.unchecked:
        return NOT_CHECKED
    return DOES_NOT_HOLD if found.drifted and on is None else 0


def _forget(root: Path) -> None:
    on = on_github(os.environ)
    if on is None:
        raise UserError("`--forget` works only in a GitHub Actions workflow.")
    closed = forget_drift(on.github, on.repository, Checkout(root).environments())
    typer.echo(", ".join(f"closed #{number}" for number in closed) or "Nothing to close.")
