"""`envclone sandbox say` and `merge`: what a person does on the sandbox's GitHub, from another terminal than the one it runs in."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.called import called
from bot.cli.console import WrongUsage, edge, say, width

if TYPE_CHECKING:
    from bot.sandbox.visit import Answered

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def post(
    text: Annotated[str, typer.Argument(metavar="COMMENT", help="The comment, such as `/help`.")],
    login: Annotated[str, typer.Option("--as", metavar="LOGIN", help="Who comments.")] = "ana",
    number: Annotated[
        int | None,
        typer.Option("--on", metavar="NUMBER", help="The issue or pull request; by default the issue that `up` opens."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Comment as one of its people, and print the reply."""
    with edge():
        from bot.sandbox.visit import Visitor, found, place  # noqa: PLC0415 (help needs none of this)

        if not text.strip():
            raise WrongUsage("The comment is empty. Write one, such as `envclone sandbox say /help`.")
        card = found(place(os.environ))
        if not as_json:
            typer.echo(f"{login} comments on #{number or card.issue} …")
        visitor = Visitor(card, login)
        answered = visitor.say(text, number or card.issue)
        lines = [answered.comment]
        if answered.end is None:
            lines.append(
                f"The bot finds no command in it, so it says nothing. `{called()} sandbox say /help` lists the commands."
            )
        else:
            lines += ["", _read(answered)]
        if answered.pull is not None:
            lines += ["", f"Look at {card.page}/pull/{answered.pull}"]
            if not visitor.is_over(answered.pull):
                lines.append(f"Merge it with: {called()} sandbox merge {answered.pull} --wait")
        data = {
            "comment": answered.comment,
            "end": answered.end,
            "reply": answered.reply,
            "pull_request": answered.pull,
        }
        say("\n".join(lines), lambda: data, as_json)


def _read(answered: "Answered") -> str:
    """Return the bot's reply as it stands on the page, or its reaction."""
    from bot.cli.terminal import plain  # noqa: PLC0415 (see above)

    if not answered.reply:
        return f"The bot has reacted: {answered.end}."
    return plain(answered.reply, width(), as_posted=True)


def merge(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="The pull request.")],
    login: Annotated[str, typer.Option("--as", metavar="LOGIN", help="Who merges.")] = "max",
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the required check.")] = False,
    as_json: Json = False,
) -> None:
    """Merge a pull request there, or say why not."""
    with edge():
        from bot.sandbox.visit import Visitor, found, place  # noqa: PLC0415

        card = found(place(os.environ))
        commit = Visitor(card, login).merge(number, wait=wait)
        text = f"{login} merged #{number} as {commit[:7]}. Actions apply it now: {card.page}/actions"
        say(text, lambda: {"number": number, "commit": commit}, as_json)
