"""The sentences of comments on the command line: read by the same grammar, and put right in the same way."""

from collections.abc import Sequence
from typing import TypeVar

from bot.cli.terminal import refusal
from bot.commands.grammar import Mistake, format_command, parse_words
from bot.commands.model import Command
from bot.core.draft import Refused
from bot.errors import UserError

C = TypeVar("C", bound=Command)


def sentence(kind: type[C], verb: str, words: Sequence[str]) -> C:
    """Return the command that the words behind a verb are. Raises `UserError` with the line to type."""
    command = parse_words([verb, *words])
    if isinstance(command, Mistake):
        raise UserError(refusal(command.message, command.instead))
    assert isinstance(command, kind)
    return command


def refused(refused: Refused) -> UserError:
    """Return a refusal as the error that says it, with the line to type."""
    return UserError(refusal(refused.reason, format_command(refused.instead) if refused.instead else None))
