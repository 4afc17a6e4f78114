"""The grammar of commands, driven by the table: what a line means, and the line that means a command.

Law 1: `parse(format_command(command)) == command`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.commands.model import Command
from bot.commands.table import BY_VERB, Option, Slot, Spec, spec_of
from bot.commands.words import Unbalanced, quoted, words
from bot.errors import InvalidInput
from bot.names import ParameterName, shown
from bot.suggest import closest

LONGEST_LINE = 4_000


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
        return Mistake(f"This line is longer than {LONGEST_LINE:,} characters.") if _spec(line[:60]) else None
    try:
        tokens = words(line[1:])
    except Unbalanced as error:
        return Mistake(str(error)) if _spec(line) else None
    return parse_words(tokens)


def parse_words(tokens: Sequence[str]) -> Command | Mistake | None:
    """Return what the words of a command, without the slash, mean; see `parse`."""
    if not tokens:
        return None
    verb, *rest = tokens
    spec = BY_VERB.get(verb)
    if spec is not None:
        return _Reader(spec, rest).command()
    near = closest(verb, BY_VERB, cutoff=0.7) if len(verb) < 20 else None
    if near is None:
        return None
    message = f"There is no command {shown('/' + verb)}. Did you mean `/{near}`?"
    return Mistake(message, _corrected([near, *rest]) or BY_VERB[near].example)


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


class _Reader:
    """Reads the words behind a verb against its row of the table, from left to right."""

    def __init__(self, spec: Spec, tokens: Sequence[str]) -> None:
        self.spec, self.tokens = spec, tokens
        self.fields: dict[str, Any] = {option.field: {} for option in spec.options if option.is_map}
        self.position = 0

    def command(self) -> Command | Mistake:
        try:
            plain = self._take_options()
            if isinstance(plain, Mistake):
                return plain
            wrong = self._take_slots(plain) or self._missing_option()
            return wrong or self.spec.model(**self.fields)
        except InvalidInput as error:
            return Mistake(str(error))

    def _take_options(self) -> list[str] | Mistake:
        plain: list[str] = []
        tokens = list(self.tokens)
        while tokens:
            token = tokens.pop(0)
            if token.startswith(("—", "–")):
                token = f"--{token[1:]}"
            if not token.startswith("--"):
                plain.append(token)
                continue
            flag, equals, value = token[2:].partition("=")
            option = next((option for option in self.spec.options if option.flag == flag), None)
            if option is None:
                return self._unknown_option(token, flag)
            if option.metavar is None:
                if equals:
                    return Mistake(f"`--{flag}` stands alone, without a value.")
                self._put(option, True)
            elif not equals and not tokens:
                return Mistake(f"`--{flag}` needs a value, for example `--{flag} {option.metavar}`.")
            else:
                wrong = self._take_value(option, value if equals else tokens.pop(0))
                if wrong:
                    return wrong
        return plain

    def _take_value(self, option: Option, text: str) -> Mistake | None:
        if not option.is_map:
            self._put(option, option.read(text))
            return None
        key, equals, value = text.partition("=")
        if not equals:
            return Mistake(f"`--{option.flag}` takes `{option.metavar}`, not {shown(text)}.")
        name = ParameterName(key)
        if name in self.fields[option.field]:
            return Mistake(f"`--{option.flag} {key}=…` stands here twice: keep one.")
        self.fields[option.field][name] = option.read(value)
        return None

    def _put(self, option: Option, value: object) -> None:
        if option.field in self.fields:
            raise InvalidInput(f"`--{option.flag}` stands here twice: keep one.")
        self.fields[option.field] = value

    def _missing_option(self) -> Mistake | None:
        for option in self.spec.options:
            if option.required and option.field not in self.fields:
                return Mistake(f"`{option.usage}` is missing: {option.about}. For example:", self.spec.example)
        return None

    def _take_map(self, slot: Slot, plain: list[str]) -> Mistake | None:
        if not plain:
            return self._usage(plain)
        found: dict[ParameterName, object] = {}
        while plain:
            text = plain.pop(0)
            key, equals, value = text.partition("=")
            if not equals:
                return Mistake(
                    f"`/{self.spec.verb}` takes `key=value`, not {shown(text)}. For example:", self.spec.example
                )
            name = ParameterName(key)
            if name in found:
                return Mistake(f"`{key}=…` stands here twice: keep one.")
            found[name] = slot.read(value)
        self.fields[slot.field] = found
        return None

    def _take_slots(self, plain: list[str]) -> Mistake | None:
        for slot in self.spec.slots:
            if slot.is_map:
                return self._take_map(slot, plain)
            if slot.keyword is not None:
                if plain and plain[0].lower() == slot.keyword and len(plain) > 1:
                    plain.pop(0)
                elif slot.optional and not plain:
                    continue
                else:
                    return self._usage(plain, with_keyword=slot.keyword)
            if not plain:
                if slot.optional:
                    continue
                return self._usage(plain)
            wrong = self._take_slot(slot, plain.pop(0))
            if wrong:
                return wrong
        return self._usage(plain) if plain else None

    def _take_slot(self, slot: Slot, text: str) -> Mistake | None:
        try:
            self.fields[slot.field] = slot.read(text)
        except InvalidInput as error:
            repaired = re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")
            return Mistake(str(error), _corrected(self._with(text, repaired)) if repaired != text else None)
        return None

    def _usage(self, rest: Sequence[str], with_keyword: str | None = None) -> Mistake:
        what = f"I don't understand {shown(' '.join(rest))} here" if rest else "Something is missing"
        message = f"{what}. Write `{self.spec.usage}`, for example:"
        if rest and with_keyword and rest[0] in self.tokens and with_keyword not in self.tokens:
            at = list(self.tokens).index(rest[0])
            instead = _corrected([self.spec.verb, *self.tokens[:at], with_keyword, *self.tokens[at:]])
            if instead:
                return Mistake(f"The word `{with_keyword}` is missing. Did you mean:", instead)
        return Mistake(message, self.spec.example)

    def _unknown_option(self, token: str, flag: str) -> Mistake:
        near = closest(flag, (option.flag for option in self.spec.options))
        if near is None:
            known = ", ".join(f"`--{option.flag}`" for option in self.spec.options)
            return Mistake(
                f"`/{self.spec.verb}` has no option {shown(token)}" + (f"; it has {known}." if known else ".")
            )
        message = f"`/{self.spec.verb}` has no option {shown(token)}. Did you mean `--{near}`?"
        return Mistake(message, _corrected(self._with(token, token.replace(flag, near, 1))))

    def _with(self, token: str, other: str) -> list[str]:
        return [self.spec.verb, *(other if t == token else t for t in self.tokens)]


def _corrected(tokens: Sequence[str]) -> str | None:
    """Return the line of these words if it is right now; half a correction helps nobody."""
    command = parse_words(tokens)
    return None if command is None or isinstance(command, Mistake) else format_command(command)
