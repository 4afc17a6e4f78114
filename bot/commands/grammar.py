"""The grammar of commands, driven by the table: what a line means, and the line that means a command.

Law 1: `parse(format_command(command)) == command`.

A line that can't be parsed is corrected where possible: the parser says what is wrong and proposes other words (`Wrong`), and
the first proposal that parses as a command is the corrected line. If none does, the first one that can itself be corrected is
used, so that a line with two mistakes gets one reply with both corrected.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.commands.meant import Correction, Wrong
from bot.commands.model import Command, CommandVerb, Help
from bot.commands.parser import Reader
from bot.commands.spec import Slot, Spec
from bot.commands.specs import BY_VERB, spec_of
from bot.commands.tokens import Unbalanced, quoted, words
from bot.commands.typography import listed, opened, without_courtesy
from bot.commands.verbs import OTHERS, SYNONYMS
from bot.errors import InvalidInput
from bot.model.suggest import closest
from bot.names import shown

LONGEST_LINE = 4_000
MOST_MISTAKES = 5
"""Mistakes in one line that are corrected. With more than this it is more likely a sentence than a command."""
MOST_WORDS = 100
"""Words of a line that is corrected: each proposal reads all of them again."""

_HELP = (["help"], ["--help"], ["-h"], ["?"])

MOST_CERTAIN = 3
"""Words behind a verb from which on a line that can't be read may as well be a sentence."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """A line that is meant as a command but isn't one, and the corrected line when it is clear.

    Unless it `is_certain`, it is meant for us only if one of its `words` is the name of an environment.
    """

    message: str
    instead: str | None = None
    is_certain: bool = True
    words: tuple[str, ...] = ()
    without_line: str = ""
    """What to say in place of `message` when the corrected line turns out to be none."""

    def alone(self) -> "Mistake":
        """Return it without its line to paste, which a message that ends in a colon would promise."""
        said = self.without_line or self.message
        return replace(self, message=f"{said.removesuffix(':')}." if said.endswith(":") else said, instead=None)


def parse(line: str) -> Command | Mistake | None:
    """Return the command that `line` (with its slash) is, a mistake to explain, or None: not meant as a command at all.

    Behind a line break stand options that somebody wrote below the command: they are read, and the one line is offered.
    """
    found = opened(line)
    if found is None:
        return None
    text, is_strict = found
    if not text.strip():
        return Help() if line.strip().lower().startswith("/envclone") else None
    if len(line) > LONGEST_LINE:
        return (
            Mistake(f"This command is longer than {LONGEST_LINE:,} characters. Shorten it.")
            if _spec(text[:60])
            else None
        )
    try:
        tokens = words(text)
    except Unbalanced as error:
        return Mistake(str(error)) if _spec(text) and not is_strict else None
    read = parse_words(tokens)
    if is_strict and isinstance(read, Mistake):
        is_addressed = "@" in line[: line.find(tokens[0])]
        return replace(read, is_certain=False) if is_addressed and len(tokens) <= MOST_CERTAIN else None
    if "\n" in line and read is not None and not isinstance(read, Mistake):
        return Mistake(
            "Write the command on one line, or end each line but the last with a backslash:", format_command(read)
        )
    return read


def parse_words(tokens: Sequence[str]) -> Command | Mistake | None:
    """Return what the words of a command, without the slash, mean; see `parse`."""
    return _read(tokens, MOST_MISTAKES)


def format_command(command: Command) -> str:
    """Return the one line that `parse` reads as `command`."""
    spec = spec_of(command)
    parts = [f"/{spec.verb}"]
    for slot in spec.slots:
        value = getattr(command, slot.field)
        if slot.label:
            parts += _labelled(slot, value)
        elif slot.is_map:
            parts += [quoted(f"{key}={item}") for key, item in value.items()]
        elif slot.is_list:
            parts += [quoted(slot.write(item)) for item in value]
        elif value is not None:
            when = getattr(command, slot.when) if slot.when else None
            text = f"{slot.write(value)}@{when}" if when else slot.write(value)
            parts += [slot.keyword, text] if slot.keyword else [text]
    for option in spec.options:
        value = getattr(command, option.field)
        if option.is_map:
            parts += [part for key, item in value.items() for part in (f"--{option.flag}", quoted(f"{key}={item}"))]
        elif option.metavar is None:
            parts += [f"--{option.flag}"] if value else []
        elif value is not None:
            parts += [f"--{option.flag}", quoted(option.write(value))]
    return " ".join(parts)


def _labelled(slot: Slot, value: object) -> list[str]:
    if slot.is_flag:
        return [str(slot.label)] if value else []
    return [f"{slot.label}={slot.write(value)}"] if value is not None else []


def _spec(text: str) -> Spec | None:
    first = text.split(maxsplit=1)[:1]
    return BY_VERB.get(first[0].lower()) if first else None


def _read(tokens: Sequence[str], patience: int) -> Command | Mistake | None:
    if not tokens:
        return None
    verb, *rest = tokens
    spec = BY_VERB.get(verb.lower().rstrip(".,:;!?"))
    if spec is None:
        return _misspelt(verb, rest, patience)
    if spec.is_shared and not rest:
        return None
    if any(slot.is_list for slot in spec.slots):
        rest = listed(without_courtesy(rest))  # any word could be one of a list's
    try:
        return Reader(spec, rest).command()
    except Wrong as wrong:
        if [word.lower() for word in rest] in _HELP and spec.model is not Help:
            return Help(CommandVerb(spec.verb))
        other = next((word for word in rest if word[:1] == "/" and word[1:].lower() in BY_VERB), None)
        if other is not None:
            several = f"That line also contains {shown(other)}. Post one command per comment."
            return _corrected(Wrong(several), spec, rest, 0)
        return _without_courtesy(spec, rest) or _corrected(wrong, spec, rest, patience)
    except InvalidInput as error:
        return _without_courtesy(spec, rest) or Mistake(str(error))


def _without_courtesy(spec: Spec, rest: Sequence[str]) -> Command | None:
    kept = without_courtesy(rest)
    if kept == rest:
        return None
    try:
        return Reader(spec, kept).command()
    except (Wrong, InvalidInput):
        return None


def _misspelt(verb: str, rest: Sequence[str], patience: int) -> Command | Mistake | None:
    """Return the mistake of a word that is none of the commands, if it is probably meant to be one."""
    said = verb.lower()
    meant = SYNONYMS.get(said)
    if meant is not None:
        spec = BY_VERB[meant]
        message = f"Unknown command {shown('/' + verb)}. Write `{spec.usage}`, for example `{spec.example}`."
        return Mistake(message, is_certain=False, words=tuple(rest))
    near = closest(said, BY_VERB, cutoff=0.7) if len(verb) < 20 and said not in OTHERS else None
    if near is None or (not rest and len(near) == len(said) and sorted(near) != sorted(said)):
        return None
    message = f"Unknown command {shown('/' + verb)}. Did you mean `/{near}`?"
    spec = BY_VERB[near]
    return _corrected(Wrong(message, Correction([near, *without_courtesy(rest)])), spec, rest, patience)


def _corrected(wrong: Wrong, spec: Spec, rest: Sequence[str], patience: int) -> Mistake:
    """Return the mistake with a line that parses; half a correction is no help."""
    # A verb that other bots have, too, has their options, too.
    is_certain = not spec.is_shared and (
        len(rest) < MOST_CERTAIN or any(word.startswith("--") or "=" in word for word in rest)
    )
    unsaid = Mistake(wrong.message, is_certain=is_certain, words=tuple(rest))
    if patience == 0 or len(rest) > MOST_WORDS:
        return unsaid
    unsaid = replace(unsaid, without_line=wrong.message)
    keywords = {slot.keyword for slot in spec.slots if slot.keyword}  # a name like these is a word too many
    read = [(proposal, _read(proposal.words, 0)) for proposal in wrong.proposals]
    for proposal, found in read:
        if found is not None and not isinstance(found, Mistake) and getattr(found, "name", None) not in keywords:
            return replace(unsaid, message=proposal.message or wrong.message, instead=format_command(found))
    for proposal, _ in read:
        again = _read(proposal.words, patience - 1)
        if isinstance(again, Mistake) and again.instead is not None:
            return replace(unsaid, message=proposal.message or wrong.message, instead=again.instead)
    return unsaid
