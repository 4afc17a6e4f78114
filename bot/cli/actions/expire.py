"""`envclone expire`: what the service does when the time of clones comes, once, for where there is no service."""

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.actions.options import AsJson, write_summary
from bot.cli.console import DOES_NOT_HOLD, edge, say, stop
from bot.clients.own_memory import keep_memory_private
from bot.clients.transient import Transient
from bot.errors import Unverifiable
from bot.names import RepositoryName


def expire(
    repository: Annotated[
        str, typer.Option("--repository", metavar="OWNER/NAME", envvar="GITHUB_REPOSITORY", help="The repository.")
    ],
    as_json: AsJson = False,
) -> None:
    """Warn owners, propose to destroy what has expired, merge that if the policy says so, and continue rollouts."""
    with edge(), tempfile.TemporaryDirectory(prefix="envclone-") as scratch:
        keep_memory_private()
        from bot.cli.actions.due import all_due  # noqa: PLC0415 (it loads all of the service, which help needs not)

        name = RepositoryName(repository)
        try:
            done = all_due(name, Path(scratch))
        except Transient as error:
            raise Unverifiable(str(error)) from error
        lines = [str(each) for each in done]
        say("\n".join(lines) or "Nothing is due.", lambda: [asdict(each) for each in done], as_json)
        write_summary("\n".join(f"- {line}" for line in lines) + "\n" if lines else "Nothing is due.\n")
        if any(each.failed for each in done):
            stop("Something failed: see above. The next run tries again.", DOES_NOT_HOLD)
