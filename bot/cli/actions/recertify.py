"""`envclone recertify`: what the parity workflow runs after each merge."""

import os
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.actions.account_store import account_store
from bot.cli.actions.actions_job import named_repository
from bot.cli.actions.options import AsJson
from bot.cli.console import edge, say
from bot.clients.git.checkout import own_checkout
from bot.clients.objects.store import ObjectStore
from bot.core.requests.accounts import named_account
from bot.errors import UserError
from bot.model.environment import Manifest
from bot.runs.plan.recertify import recertify as recertify_all


def recertify(
    account: Annotated[
        str,
        typer.Option(
            "--account", metavar="ACCOUNT", envvar="ACCOUNT", help="Only the clones in this account; by default, all."
        ),
    ] = "",
    root: Annotated[
        Path,
        typer.Option(
            "--root", metavar="PATH", help="The checkout of the default branch.", file_okay=False, exists=True
        ),
    ] = Path(),
    as_json: AsJson = False,
) -> None:
    """Report on each clone's latest commit whether its parity certificate still holds."""
    with edge():
        on = named_repository(os.environ)
        if on is None:
            raise UserError("Set GITHUB_TOKEN and GITHUB_REPOSITORY: the results are posted as checks.")
        checkout = own_checkout(root)
        policy = checkout.policy()

        def store(manifest: Manifest) -> ObjectStore | None:
            found = named_account(manifest, policy)
            if isinstance(found, str) or account not in ("", found.id, found.name):
                return None
            return account_store(found.account)

        found = recertify_all(checkout, on, store, on.github.now())
        lines = [
            f"{each.certificate.environment}: {'; '.join(each.lapsed) if each.lapsed else 'holds'}" for each in found
        ]
        say(
            "\n".join(lines) or "No clone has a certificate.",
            lambda: [
                {
                    "environment": str(each.certificate.environment),
                    "holds": not each.lapsed,
                    "because": list(each.lapsed),
                    "commits": list(each.commits),
                }
                for each in found
            ],
            as_json,
        )
