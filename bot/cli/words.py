"""A misspelt command of the command line gets one answer with the corrected line, as it does in a comment."""

import itertools
import shlex
import textwrap
from pathlib import Path

from bot.cli.commenting import post_comment, where_to_comment
from bot.cli.terminal import typed
from bot.commands.grammar import Mistake, format_command, parse_words
from bot.commands.model import Command
from bot.commands.spec import Option, Slot
from bot.commands.specs import BY_VERB
from bot.model.suggest import closest
from bot.names import EnvironmentName, is_valid, shown

WIDTH = 78
"""Columns of a help text, as those of the other commands have."""


def unknown(args: list[str], known: list[str]) -> str:
    """Return what to say of a command that is not one of the `known`, with the line that was meant, if it is clear."""
    verb, *rest = args
    verb = verb.removeprefix("/")
    near = verb if verb in BY_VERB else closest(verb, [*known, *BY_VERB], cutoff=0.6)
    if near is None:
        return f"Unknown command {shown(args[0])}. `envclone --help` lists all commands."
    said, ours = _parted(rest)
    read = parse_words([near, *said]) if near in BY_VERB else None
    unknown_verb = "" if verb == near else f"Unknown command {shown(args[0])}. Did you mean "
    if near not in known:
        begin = f"{unknown_verb}`/{near}`? It" if unknown_verb else f"`/{near}`"
        begin = f"Nothing was posted. {begin}" if "--post" in ours else begin
        return f"{begin} works only in GitHub comments, so that it is reviewed and kept. {_in_a_comment(near, read, said, ours)}"
    instead = _meant(read)
    line = typed(instead) if instead else shlex.join(["envclone", near, *said])
    return f"{unknown_verb}`{near}`?\n\n    {' '.join([line, *map(shlex.quote, ours)])}"


def help_of_a_comment(args: list[str], known: list[str]) -> str | None:
    """Return the help of a command that works only in comments, if that was asked for."""
    spec = BY_VERB.get(args[0].removeprefix("/"))
    if spec is None or spec.verb in known or not {"-h", "--help"} & {*args[1:]}:
        return None
    parts: tuple[Slot | Option, ...] = (*spec.slots, *spec.options)
    wide = max(len(part.usage) for part in parts)
    rows = [
        textwrap.fill(
            f"{part.usage:{wide}}  {part.about}", WIDTH, initial_indent="  ", subsequent_indent=" " * (wide + 4)
        )
        for part in parts
    ]
    paragraphs = [
        f"Usage: {spec.usage.replace('/', 'envclone ', 1)} --post",
        textwrap.fill(spec.about, WIDTH, initial_indent="  ", subsequent_indent="  "),
        "\n".join(rows),
        textwrap.fill(
            "It works only in GitHub comments, so that it is reviewed and kept. `--post` posts the comment with your token (GH_TOKEN); without "
            "it, the command prints what to comment, and where. For example:",
            WIDTH,
        ),
        f"    {spec.example}",
    ]
    return "\n\n".join(paragraphs)


def _in_a_comment(verb: str, read: Command | Mistake | None, said: list[str], ours: list[str]) -> str:
    """Return the comment to post; if what was said is not a whole command, its form, about the environment that was named."""
    where = where_to_comment(_root(ours), said[0] if said else "")
    if (line := _meant(read)) is not None:
        return f"Comment this {where}:\n\n    {line}"
    form = BY_VERB[verb].usage
    if said and is_valid(EnvironmentName, said[0]):
        form = form.replace("<name>", said[0])
    return f"Write it in a comment {where} as\n\n    {form}"


def posted(args: list[str], known: list[str]) -> bool:
    """Post a command that works only in comments, if that was asked for and it is written as it should be; say whether it was."""
    verb = args[0].removeprefix("/")
    said, ours = _parted(args[1:])
    if "--post" not in ours or verb not in BY_VERB or verb in known:
        return False
    read = parse_words([verb, *said])
    if read is None or isinstance(read, Mistake):
        return False
    post_comment(format_command(read), _root(ours), said[0] if said else "", as_json="--json" in ours)
    return True


def _meant(read: Command | Mistake | None) -> str | None:
    """Return the line that was meant, as in a comment, if it is clear."""
    if isinstance(read, Mistake):
        return read.instead
    return format_command(read) if read is not None else None


def _parted(rest: list[str]) -> tuple[list[str], list[str]]:
    """Return the words of the sentence, and the options that only the command line has."""
    said, ours, words = [], [], iter(rest)
    for word in words:
        if word in ("--json", "--post") or word.startswith("--root="):
            ours.append(word)
        elif word == "--root":
            ours += [word, *itertools.islice(words, 1)]
        else:
            said.append(word)
    return said, ours


def _root(ours: list[str]) -> Path:
    """Return the checkout that the options name, or where the shell is."""
    joined = next((word.partition("=")[2] for word in ours if word.startswith("--root=")), "")
    apart = ours[ours.index("--root") + 1 :][:1] if "--root" in ours else []
    return Path(joined or (apart[0] if apart else "."))
