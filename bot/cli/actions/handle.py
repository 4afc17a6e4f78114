"""`envclone handle`: what the service does for one event, once, inside a workflow's job: no server, no database, no webhook."""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.actions.options import AsJson, write_summary
from bot.cli.console import DOES_NOT_HOLD, edge, say, stop
from bot.clients.own_memory import keep_memory_private
from bot.clients.transient import Transient
from bot.errors import Unverifiable
from bot.events import Event, Ignored, LookBack, Ping
from bot.names import RepositoryName
from bot.payloads import parse

if TYPE_CHECKING:  # most events of a repository ask for nothing, and need nothing of the service
    from bot.jobs.at_once import CarriedOut

LOOKED_BACK = timedelta(days=1)
"""Scheduled workflows start late, and not at all for hours when GitHub is busy."""

_SAME = {"pull_request_target": "pull_request"}
"""What Actions call otherwise than webhooks do."""


def handle(
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH",
            envvar="GITHUB_EVENT_PATH",
            show_default=False,
            help="The event's payload, as GitHub Actions provides it.",
            dir_okay=False,
            exists=True,
        ),
    ],
    event: Annotated[
        str, typer.Option("--event", metavar="NAME", envvar="GITHUB_EVENT_NAME", help="The event's name.")
    ],
    repository: Annotated[
        str, typer.Option("--repository", metavar="OWNER/NAME", envvar="GITHUB_REPOSITORY", help="The repository.")
    ],
    as_json: AsJson = False,
) -> None:
    """Do what the service does for one event; on a schedule, look for comments that were missed."""
    with edge(), tempfile.TemporaryDirectory(prefix="envclone-") as scratch:
        os.umask(0o077)
        keep_memory_private()
        heard = _event(_SAME.get(event, event), path.read_bytes(), RepositoryName(repository))
        try:
            done = [] if isinstance(heard, Ignored | Ping) else _carried_out(heard, Path(scratch))
        except Transient as error:
            raise Unverifiable(str(error)) from error
        because = heard.reason if isinstance(heard, Ignored) else "the event asks for nothing"
        lines = told(done, because)
        say("\n".join(lines), lambda: list(map(asdict, done)), as_json)
        write_summary("".join(f"- {line}\n" for line in lines))
        if any(each.outcome == "failed" for each in done):
            stop("Something failed: the log above says what, under its reference.", DOES_NOT_HOLD)


def told(done: Sequence["CarriedOut"], because: str) -> list[str]:
    """Return how each job ended; with no job, why there was none."""
    lines = [f"{each.job}: {each.outcome}{f' (reference {each.reference})' * bool(each.reference)}" for each in done]
    return lines or [f"Nothing to do: {because}."]


def _event(name: str, body: bytes, repository: RepositoryName) -> Event:
    if name in ("schedule", "workflow_dispatch"):
        now = datetime.now(UTC)
        return LookBack(repository=repository, since=now - LOOKED_BACK, at=int(now.timestamp()))
    return parse(name, body)


def _carried_out(event: Event, scratch: Path) -> "list[CarriedOut]":
    from bot.cli.actions.one_event import carried_out  # noqa: PLC0415 (see above)

    return list(carried_out(event, scratch))
