"""`envclone sandbox`: try the product, or rehearse a template change, with no account anywhere."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from bot.cli.called import called
from bot.cli.console import edge
from bot.cli.plain_help import PlainCommand, PlainGroup
from bot.cli.running import NoServer, Source, running_from, wait_for_interrupt
from bot.cli.stories import adopt, demo, evolution, lifecycle
from bot.cli.visiting import merge, post

sandbox = typer.Typer(
    cls=PlainGroup,
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Run a local GitHub, AWS and Actions, with the service in front of them.",
)


@sandbox.command("up", cls=PlainCommand)
def up(source: Source = Path(), no_server: NoServer = False) -> None:
    """Start the sandbox, print how to reach it, and keep it running until Ctrl-C."""
    with edge(), running_from(source, server=not no_server) as box:
        from bot.sandbox import opening, visit  # noqa: PLC0415 (see `running_from`)

        command = opening.first_command(source)
        card = opening.opened(box, command)
        with visit.at_hand(card, visit.place(os.environ)):
            print("\n".join(_opening(box, card, command)), flush=True)
            if lacking := opening.unplanned(source):
                print(f"\n{lacking}", flush=True)
            wait_for_interrupt()


def _opening(box: Any, card: Any, command: str) -> Iterator[str]:
    """Yield what somebody reads who has just started a sandbox: where to look, and what to type next."""
    from bot.sandbox.opening import PEOPLE  # noqa: PLC0415

    yield f"Open {card.page}/issues/{card.issue} and comment there, or type in another terminal:"
    yield ""
    yield f'  {called()} sandbox say "{command}"'
    yield f"  {called()} sandbox merge 2 --wait"
    yield ""
    yield f"{'Person':<10}{'Role':<12}Token"
    yield from (f"{login:<10}{role:<12}{card.people[login]}" for login, role in PEOPLE.items())
    yield ""
    yield f"{'REST':<10}{box.github.url}/api/v3"
    yield f"{'git':<10}{card.page}.git"
    if box.service:
        yield f"{'service':<10}{box.service.url}"
    yield f"{'AWS':<10}{box.aws.endpoint}"
    yield f"{'files':<10}{box.root}"
    yield ""
    yield "Press Ctrl-C to stop it and remove everything."


for name, command in (
    ("say", post),
    ("merge", merge),
    ("demo", demo),
    ("lifecycle", lifecycle),
    ("evolution", evolution),
    ("adopt", adopt),
):
    sandbox.command(name, cls=PlainCommand)(command)
