"""Commands as in comments, on the command line: parsed by the same grammar and corrected in the same way."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

from bot.cli.console import WrongUsage
from bot.cli.terminal import refusal
from bot.commands.grammar import Mistake, format_command, parse, parse_words
from bot.commands.model import Command
from bot.core.requests.refusal import Refused, accepted
from bot.errors import Unverifiable, UserError

C = TypeVar("C", bound=Command)


def sentence(kind: type[C], verb: str, words: Sequence[str], attempt: Callable[[C], object]) -> C:
    """Return the command that the words behind a verb are. Raises `WrongUsage` with the line to type.

    `attempt` is what would be made of a corrected command: only one that it does not refuse is shown.
    """
    command = parse_words([verb, *words])
    if isinstance(command, Mistake):
        meant = parse(command.instead) if command.instead else None
        try:
            better = accepted(meant, attempt) if isinstance(meant, kind) else None
        except Unverifiable:  # a commit, say, that this checkout does not have
            better = None
        mistake = replace(command, instead=format_command(better)) if better else command.alone()
        raise WrongUsage(refusal(mistake.message, mistake.instead))
    if not isinstance(command, kind):  # the grammar takes `clone help` for `help clone`
        raise WrongUsage(f"`envclone {verb} --help` explains the command.")
    return command


def refused(refused: Refused) -> UserError:
    """Return a refusal as the error that says it, with the line to type."""
    return UserError(refusal(refused.reason, format_command(refused.instead) if refused.instead else None))
