"""`envclone recertify`: what the parity workflow runs after each merge."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.actions.options import ACTIONS, AsJson
from bot.cli.actions.run_context import account_store
from bot.cli.console import edge, say
from bot.clients.git.checkout import own_checkout
from bot.clients.github import GitHub, Token
from bot.clients.objects.store import ObjectStore
from bot.core.requests.accounts import named_account
from bot.errors import UserError
from bot.model.environment import Manifest
from bot.names import RepositoryName
from bot.runs.plan.recertify import recertify as recertify_all
from bot.runs.reviewed_commit import OnGitHub


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
        on = on_github(os.environ)
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


def on_github(environ: Mapping[str, str]) -> OnGitHub | None:
    """Return the repository that the environment variables of Actions name, if they do."""
    token, repository = environ.get("GITHUB_TOKEN"), environ.get("GITHUB_REPOSITORY")
    if not token or not repository:
        return None
    api_url = environ.get("GITHUB_API_URL", "https://api.github.com")
    return OnGitHub(GitHub(Token(token, ACTIONS), api_url=api_url), RepositoryName(repository))
