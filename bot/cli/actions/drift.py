"""`envclone drift ENV`: what the drift workflow runs for each live environment, with the read-only role."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.actions.account_store import known_account, store_of
from bot.cli.actions.actions_job import on_github
from bot.cli.actions.options import AsJson, StoreOption, run_url, say_how_in_a_comment, write_summary
from bot.cli.actions.run_context import terraform_of
from bot.cli.commenting import Post, post_comment
from bot.cli.console import DOES_NOT_HOLD, NOT_CHECKED, WrongUsage, edge, environment_name, say
from bot.cli.options import Environment
from bot.clients.git.checkout import Checkout
from bot.clients.git.commits import commit_of
from bot.clients.hcl_referee import gate_rules
from bot.core.messages import drift_issue
from bot.core.plans.drift import Drift
from bot.core.rendering.assemble import read_manifest
from bot.errors import UserError
from bot.runs.clock_check import check_clock
from bot.runs.drift.causes import report_causes
from bot.runs.drift.drift import DriftContext, DriftRequest, find_drift
from bot.runs.drift.issue import DriftReport, forget_drift, report_check, report_drift
from bot.runs.drift.wave import with_wave


def drift(  # noqa: PLR0913, PLR0917 (one parameter for each option)
    environment: Environment = "",
    root: Annotated[
        Path,
        typer.Option("--root", metavar="PATH", help="A checkout of the default branch.", file_okay=False, exists=True),
    ] = Path(),
    store: StoreOption = "",
    forget: Annotated[
        bool,
        typer.Option(
            "--forget",
            help="Only update the issues about several environments, and about those that are gone (in Actions).",
        ),
    ] = False,
    post: Post = False,
    as_json: AsJson = False,
) -> None:
    """Look for what changed outside the code."""
    with edge():
        if forget:
            _forget(Checkout(root, Checkout(root).policy_at("HEAD").roots), as_json)
            return
        if not environment:
            raise WrongUsage("Say which environment: `envclone drift NAME`. `envclone list` shows all environments.")
        name = environment_name(environment)
        if post:
            post_comment(f"/plan {name}", root, name, as_json=as_json)
            return
        say_how_in_a_comment(f"/plan {name}", root, name)
        policy = Checkout(root).policy_at("HEAD")
        Checkout(root, policy.roots).bring_out(name)
        opened = store_of(store, root, name, policy)
        # By a wrong one, an environment that is being applied would be looked at.
        check_clock(opened)
        context = DriftContext(
            store=opened,
            terraform=terraform_of(policy, known_account(root, name, policy)),
            rules=gate_rules(policy),
            now=lambda: datetime.now(UTC),
            log=lambda line: typer.echo(line, err=True),
        )
        found, on = find_drift(DriftRequest(name, root.resolve(), commit_of(root)), context), on_github(os.environ)
        if on is not None:
            found = with_wave(found, on.github, on.repository, policy.bot)
        say(drift_issue.text(found), lambda: _data(found), as_json)
        write_summary(drift_issue.summary(found))
        code = _told(found, Checkout(root, policy.roots), as_json)
        if code:
            raise typer.Exit(code)


def _told(found: Drift, checkout: Checkout, as_json: bool) -> int:
    """Keep the issue, where there is a GitHub to keep it on; return the exit code."""
    on = on_github(os.environ)
    if on is not None:
        where = checkout.roots.environment(found.environment)
        owner = read_manifest(checkout.environment(found.environment), where).owner
        to = DriftReport(on.github, on.repository, owner, run_url(os.environ))
        said = report_drift(found, to)
        for line in filter(None, (said, report_check(found, said, to))):
            typer.echo(line, err=as_json)
    if found.unchecked:
        return NOT_CHECKED
    return DOES_NOT_HOLD if found.drifted and on is None else 0


def _data(found: Drift) -> dict[str, object]:
    """Return what was found, for machines: no values of attributes, which may be secret."""
    steps = [
        {
            "step": step.name,
            "kind": step.kind,
            "state": step.state,
            "changes": [{"address": change.address, "how": change.how} for change in step.changes],
            "text": step.text,
        }
        for step in found.steps
    ]
    return {"environment": found.environment, "commit": found.commit, "because": found.because, "steps": steps}


def _forget(checkout: Checkout, as_json: bool) -> None:
    on = on_github(os.environ)
    if on is None:
        raise UserError("`--forget` works only in a GitHub Actions workflow.")
    closed = forget_drift(on.github, on.repository, checkout.environments())
    causes = report_causes(on.github, on.repository)
    text = ", ".join([*(f"closed #{number}" for number in closed), *causes]) or "Nothing to close."
    say(text, lambda: {"closed": list(closed), "causes": list(causes)}, as_json)
