"""The grammar of commands, driven by the table: what a line means, and the line that means a command.

Law 1: `parse(format_command(command)) == command`.

A line that can't be parsed is corrected where possible: the parser says what is wrong and proposes other words (`Wrong`), and
the first proposal that parses as a command is the corrected line. If none does, the first one that can itself be corrected is
used, so that a line with two mistakes gets one reply with both corrected.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.commands.model import Command
from bot.commands.parser import Correction, Reader, Wrong, example_of
from bot.commands.specs import BY_VERB, Spec, spec_of
from bot.commands.tokens import Unbalanced, quoted, words
from bot.errors import InvalidInput
from bot.model.suggest import closest
from bot.names import shown

LONGEST_LINE = 4_000
MOST_MISTAKES = 5
"""Mistakes in one line that are corrected. With more than this it is more likely a sentence than a command."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A line that is meant as a command but isn't one, and the corrected line when it can be told."""

    message: str
    instead: str | None = None


def parse(line: str) -> Command | Mistake | None:
    """Return the command that `line` (with its slash) is, a mistake to explain, or None: not meant as a command at all."""
    if not line.startswith("/") or line[1:2].isspace():
        return None
    if len(line) > LONGEST_LINE:
        return (
            Mistake(f"This command is longer than {LONGEST_LINE:,} characters. Shorten it.")
            if _spec(line[:60])
            else None
        )
    try:
        tokens = words(line[1:])
    except Unbalanced as error:
        return Mistake(str(error)) if _spec(line) else None
    return parse_words(tokens)


def parse_words(tokens: Sequence[str]) -> Command | Mistake | None:
    """Return what the words of a command, without the slash, mean; see `parse`."""
    return _read(tokens, MOST_MISTAKES)


def format_command(command: Command) -> str:
    """Return the one line that `parse` reads as `command`."""
    spec = spec_of(command)
    parts = [f"/{spec.verb}"]
    for slot in spec.slots:
        value = getattr(command, slot.field)
        if slot.is_map:
            parts += [quoted(f"{key}={item}") for key, item in value.items()]
        elif value is not None:
            parts += [slot.keyword, slot.write(value)] if slot.keyword else [slot.write(value)]
    for option in spec.options:
        value = getattr(command, option.field)
        if option.is_map:
            parts += [part for key, item in value.items() for part in (f"--{option.flag}", quoted(f"{key}={item}"))]
        elif option.metavar is None:
            parts += [f"--{option.flag}"] if value else []
        elif value is not None:
            parts += [f"--{option.flag}", quoted(option.write(value))]
    return " ".join(parts)


def _spec(line: str) -> Spec | None:
    return BY_VERB.get(line[1:].split(maxsplit=1)[0]) if line[1:].split() else None


def _read(tokens: Sequence[str], patience: int) -> Command | Mistake | None:
    if not tokens:
        return None
    verb, *rest = tokens
    spec = BY_VERB.get(verb)
    if spec is not None:
        try:
            return Reader(spec, rest).command()
        except Wrong as wrong:
            return _corrected(wrong, patience)
        except InvalidInput as error:
            return Mistake(str(error))
    near = closest(verb, BY_VERB, cutoff=0.7) if len(verb) < 20 else None
    if near is None:
        return None
    message = f"Unknown command {shown('/' + verb)}. Did you mean `/{near}`?"
    return _corrected(Wrong(message, Correction([near, *rest]), otherwise=example_of(BY_VERB[near])), patience)


def _corrected(wrong: Wrong, patience: int) -> Mistake:
    """Return the mistake with a line that parses; half a correction is no help."""
    otherwise = format_command(wrong.otherwise) if wrong.otherwise else None
    if patience == 0:
        return Mistake(wrong.message, otherwise)
    read = [(proposal, _read(proposal.words, 0)) for proposal in wrong.proposals]
    for proposal, found in read:
        if found is not None and not isinstance(found, Mistake):
            return Mistake(proposal.message or wrong.message, format_command(found))
    for proposal, _ in read:
        again = _read(proposal.words, patience - 1)
        if isinstance(again, Mistake) and again.instead is not None:
            return Mistake(proposal.message or wrong.message, again.instead)
    return Mistake(wrong.message, otherwise)
