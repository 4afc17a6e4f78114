"""`envclone verify`: the proof that environments are what their templates render."""

from dataclasses import asdict
from pathlib import Path

import typer

from bot.cli.console import DOES_NOT_HOLD, NOT_CHECKED, edge, say
from bot.cli.local.options import AsJson, Names, Root
from bot.clients.git.checkout import own_checkout
from bot.clients.proved_before import ProvedBefore, users_cache
from bot.core.plural import counted
from bot.runs.plan.verify import Verified, verify_environments


def verify(
    names: Names = None,
    root: Root = Path(),
    as_json: AsJson = False,
) -> None:
    """Prove that environments are exactly what their template renders."""
    with edge():
        checkout = own_checkout(root)
        verified = verify_environments(checkout, names or (), ProvedBefore(users_cache(), checkout.roots))
        say(_verdict(verified), lambda: _as_data(verified), as_json)
        if not verified.holds:
            raise typer.Exit(NOT_CHECKED if verified.unreadable else DOES_NOT_HOLD)


def _verdict(verified: Verified) -> str:
    if not verified.holds:
        return "\n".join(map(str, (*verified.unreadable, *verified.findings)))
    count = len(verified.environments)
    return (
        f"{counted(count, 'environment matches its template', 'environments match what their templates render')}."
        if count > 1
        else "1 environment matches what its template renders."
    )


def _as_data(verified: Verified) -> dict[str, object]:
    found = {"findings": verified.findings, "unreadable": verified.unreadable}
    return {
        "holds": verified.holds,
        "environments": verified.environments,
        **{k: list(map(asdict, v)) for k, v in found.items()},
    }
