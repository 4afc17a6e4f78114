"""A misspelt command of the command line gets one answer with the corrected line, as it does in a comment."""

import itertools
import shlex

from bot.cli.terminal import typed
from bot.commands.grammar import Mistake, format_command, parse_words
from bot.commands.model import Command
from bot.commands.specs import BY_VERB
from bot.model.suggest import closest
from bot.names import shown


def unknown(args: list[str], known: list[str]) -> str:
    """Return what to say of a command that is not one of the `known`, with the line that was meant, if it can be told."""
    verb, *rest = args
    in_comments = [name for name in BY_VERB if name not in known]
    if verb.removeprefix("/") in in_comments:
        verb = verb.removeprefix("/")
        return (
            f"{shown(f'/{verb}')} works only in GitHub comments, so that it is reviewed and kept. "
            f"Comment this on an issue or a pull request:\n\n    {_meant(parse_words([verb, *_parted(rest)[0]])) or BY_VERB[verb].usage}"
        )
    near = closest(verb.removeprefix("/"), known, cutoff=0.6)
    if near is None:
        return f"Unknown command {shown(verb)}. `envclone --help` lists all commands."
    said, ours = _parted(rest)
    instead = _meant(parse_words([near, *said])) if near in BY_VERB else None
    line = typed(instead) if instead else shlex.join(["envclone", near, *said])
    return f"Unknown command {shown(verb)}. Did you mean `{near}`?\n\n    {' '.join([line, *map(shlex.quote, ours)])}"


def _meant(read: Command | Mistake | None) -> str | None:
    """Return the line that was meant, as in a comment, if it can be told."""
    if isinstance(read, Mistake):
        return read.instead
    return format_command(read) if read is not None else None


def _parted(rest: list[str]) -> tuple[list[str], list[str]]:
    """Return the words of the sentence, and the options that only the command line has."""
    said, ours, words = [], [], iter(rest)
    for word in words:
        if word == "--json" or word.startswith("--root="):
            ours.append(word)
        elif word == "--root":
            ours += [word, *itertools.islice(words, 1)]
        else:
            said.append(word)
    return said, ours
