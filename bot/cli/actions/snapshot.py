"""`envclone snapshot ENV`: what a plan of a clone is compared with, taken with the environment's own read-only role."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.actions.account_store import account_store
from bot.cli.actions.options import AsJson
from bot.cli.actions.run_context import terraform_of
from bot.cli.console import edge, environment_name, say
from bot.cli.options import Environment
from bot.clients.git.checkout import own_checkout
from bot.clients.hcl_referee import gate_rules
from bot.core.parity.by_plan.snapshot import write_snapshot
from bot.core.rendering.assemble import read_manifest
from bot.core.requests.accounts import account_of
from bot.errors import UserError
from bot.runs.plan.source_snapshot import SnapshotContext, take_snapshot


def snapshot(
    environment: Environment,
    output: Annotated[
        Path,
        typer.Option("--output", metavar="PATH", help="The file to write; only this user can read it.", dir_okay=False),
    ],
    root: Annotated[
        Path,
        typer.Option(
            "--root", metavar="PATH", help="The checkout of the default branch.", file_okay=False, exists=True
        ),
    ] = Path(),
    as_json: AsJson = False,
) -> None:
    """Write the state of an environment, secrets redacted, for `envclone plan --production`. It holds names and addresses, so it must not leave the job."""
    with edge():
        name, checkout = environment_name(environment), own_checkout(root)
        policy = checkout.policy()
        files = checkout.environment(name)
        if not files:
            raise UserError(f"There is no {checkout.roots.environment(name)} in {root}.")
        checkout.bring_out(name)
        account = account_of(read_manifest(files, checkout.roots.environment(name)), policy)
        by = SnapshotContext(
            checkout=checkout,
            rules=gate_rules(policy),
            terraform=terraform_of(policy, account),
            store=account_store(account),
            holds_states=not account.store,
            now=lambda: datetime.now(UTC),
            log=partial(typer.echo, err=as_json),
        )
        taken = take_snapshot(name, by)
        output.touch(mode=0o600)
        output.chmod(0o600)  # it may have been there
        output.write_bytes(write_snapshot(taken))
        held = sum(len(stack.resources) for stack in taken.stacks.values() if stack)
        say(
            f"{name} at {taken.commit[:12]}: {held} resources.",
            lambda: {"environment": name, "commit": taken.commit, "resources": held},
            as_json,
        )
