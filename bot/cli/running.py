"""A sandbox that runs while a command does: what it needs, and how it ends."""

import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.errors import UserError

Source = Annotated[
    Path,
    typer.Option(
        "--from", metavar="PATH", help="The checkout to seed the monorepo from.", file_okay=False, exists=True
    ),
]
NoServer = Annotated[
    bool, typer.Option("--no-server", help="Let the workflow `handle` carry out the commands, and run no service.")
]


def terraform_or_stop() -> None:
    """Raise `UserError` that says how to get Terraform, if there is none."""
    from bot.sandbox.terraform_config import terraform  # noqa: PLC0415

    terraform()


@contextmanager
def running_from(source: Path, *, server: bool = True) -> Iterator[Any]:
    """Run a sandbox whose monorepo is seeded from a checkout; of one that failed the logs are kept. Raises `UserError`."""
    from bot.sandbox.needs import check_needs  # noqa: PLC0415

    check_needs()  # moto and act are an extra, so that a service in production needn't install them
    from bot.sandbox.kept import keep_logs  # noqa: PLC0415
    from bot.sandbox.sandbox import running  # noqa: PLC0415

    for end in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # both end it in order, also where a shell started it with SIGINT ignored
        signal.signal(end, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="envclone-") as scratch:
        try:
            with running(Path(scratch), source.resolve(), server=server) as box:
                yield box
        except UserError as error:
            kept = keep_logs(Path(scratch))
            said = str(error).replace(scratch, str(kept))
            raise UserError(f"{said}\nThe logs are kept in {kept}.") from error


def wait_for_interrupt() -> None:
    """Return when somebody presses Ctrl-C."""
    try:
        while True:
            time.sleep(1)
    except KeyboardInterrupt:
        typer.echo("Stopping …", err=True)
