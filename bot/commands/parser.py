"""Read the words behind a verb against its row of the table, from left to right."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bot.commands.arguments import underscored
from bot.commands.meant import CONNECTIVES, Meant, Wrong
from bot.commands.model import Command
from bot.commands.moments import moment
from bot.commands.spec import Option, Slot, Spec
from bot.errors import InvalidInput
from bot.names import ParameterName, shown

_NO = frozenset({"no", "false", "off", "0"})


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Where pairs of a name and a value are put: what was found so far, what belongs there, and what comes before each."""

    found: dict[ParameterName, object]
    what: str
    prefix: str


class Reader:
    """One command being read: its words, and the fields found so far."""

    def __init__(self, spec: Spec, tokens: Sequence[str]) -> None:
        self.spec, self.tokens = spec, list(tokens)
        self.meant = Meant(spec, self.tokens)
        self.fields: dict[str, Any] = {option.field: {} for option in spec.options if option.is_map}

    def command(self) -> Command:
        """Return the command. Raises `Wrong`, `InvalidInput`."""
        plain = self._take_options()
        self._take_slots(plain)
        for option in self.spec.options:
            if option.required and option.field not in self.fields:
                raise Wrong(f"`{option.usage}` is missing: {option.about}. For example `{self.spec.example}`.")
        return self.spec.model(**self.fields)

    def _take_options(self) -> list[int]:
        """Read the options; return the positions of the other words."""
        plain: list[int] = []
        at = 0
        while at < len(self.tokens):
            if self.tokens[at].startswith(("—", "–")):
                self.tokens[at] = f"--{self.tokens[at][1:]}"
            token = self.tokens[at]
            at += 1
            if not token.startswith("--"):
                if re.match("-[A-Za-z]", token):
                    raise self.meant.unknown_option(at - 1)
                plain.append(at - 1)
                continue
            flag, equals, value = token[2:].partition("=")
            flag = flag.lower()
            option = next((option for option in self.spec.options if option.flag == flag), None)
            if option is None:
                raise self.meant.unknown_option(at - 1)
            if option.metavar is None:
                if equals:
                    said = [] if value.lower() in _NO else [f"--{flag}"]
                    raise Wrong(f"`--{flag}` takes no value.", self.meant.instead(at - 1, said))
                self._put(option, True)
                continue
            if not equals and at == len(self.tokens):
                raise Wrong(f"`--{flag}` needs a value: {option.about}.")
            where = at - 1 if equals else at
            at = where + 1
            self._take_value(
                option, value if equals else self.tokens[where], where, prefix=f"--{flag}=" if equals else ""
            )
        return plain

    def _take_value(self, option: Option, text: str, at: int, prefix: str) -> None:
        if option.is_map:
            found, what = self.fields[option.field], f"`--{option.flag}` takes `{option.metavar}`"
            self._take_pair(option, _Pairs(found, what, prefix), text, at)
            return
        try:
            self._put(option, option.read(text))
        except InvalidInput as error:
            raise Wrong(str(error), *self.meant.nearest(option, text, at, prefix)) from error

    def _take_pair(self, part: Option | Slot, into: _Pairs, text: str, at: int) -> None:
        found, prefix = into.found, into.prefix
        key, equals, value = text.partition("=")
        if not equals:
            proposals = self.meant.paired(part, text, at, prefix)
            raise Wrong(f"{into.what}, not {shown(text)}. For example `{self.spec.example}`.", *proposals)
        try:
            name = ParameterName(key)
        except InvalidInput as error:
            raise Wrong(str(error), self.meant.instead(at, [f"{prefix}{underscored(key)}={value}"])) from error
        if name in found:
            flag = f"--{part.flag} " if isinstance(part, Option) else ""
            raise Wrong(f"`{flag}{key}=…` is given twice. Keep one.")
        found[name] = part.read(value)

    def _put(self, option: Option, value: object) -> None:
        if option.field in self.fields:
            raise Wrong(f"`--{option.flag}` is given twice. Keep one.")
        self.fields[option.field] = value

    def _take_slots(self, plain: list[int]) -> None:
        for slot in (each for each in self.spec.slots if each.label):
            self._take_labelled(slot, plain)
        for slot in (each for each in self.spec.slots if not each.label):
            if slot.is_map or slot.is_list:
                return self._take_map(slot, plain) if slot.is_map else self._take_list(slot, plain)
            if slot.keyword is not None and plain:
                if self.tokens[plain[0]].lower() != slot.keyword:
                    raise self.meant.unexpected(plain, slot.keyword)
                if len(plain) == 1:
                    raise self.meant.missing()
                plain.pop(0)
            if plain:
                self._take_slot(slot, plain.pop(0))
            elif not slot.optional:
                raise self.meant.missing()
        if plain:
            raise self.meant.unexpected(plain)
        return None

    def _take_labelled(self, slot: Slot, plain: list[int]) -> None:
        said = f"{slot.label}{'' if slot.is_flag else '='}"
        for at in plain:
            text = self.tokens[at]
            if text.lower() == said if slot.is_flag else text.lower().startswith(said):
                plain.remove(at)
                if slot.is_flag:
                    self.fields[slot.field] = True
                    return
                self._take_slot(slot, at, prefix=said)
                return

    def _take_map(self, slot: Slot, plain: Sequence[int]) -> None:
        if not plain:
            raise self.meant.missing()
        found: dict[ParameterName, object] = {}
        pairs = _Pairs(found, f"`/{self.spec.verb}` takes `key=value`", "")
        for at in plain:
            self._take_pair(slot, pairs, self.tokens[at], at)
        self.fields[slot.field] = found

    def _take_list(self, slot: Slot, plain: Sequence[int]) -> None:
        found: list[object] = []
        for at in plain:
            self._take_slot(slot, at)
            found.append(self.fields[slot.field])
        self.fields[slot.field] = tuple(found)

    def _take_slot(self, slot: Slot, at: int, prefix: str = "") -> None:
        text = self.tokens[at][len(prefix) :]
        if slot.when is not None and "@" in text:
            return self._take_dated(slot, slot.when, at)
        try:
            self.fields[slot.field] = slot.read(text)
        except InvalidInput as error:
            if self.meant.is_one_of_several(slot, at):
                raise Wrong(f"Post one command for each environment, for example `{self.spec.example}`.") from error
            without = [self.meant.instead(at, [])] if text.lower() in CONNECTIVES | {"for"} else []
            raise Wrong(str(error), *without, *self.meant.nearest(slot, text, at, prefix)) from error
        return None

    def _take_dated(self, slot: Slot, when: str, at: int) -> None:
        text, _, said = self.tokens[at].partition("@")
        try:
            self.fields[when] = moment(said)
            self.fields[slot.field] = slot.read(text)
        except InvalidInput as error:
            near = slot.nearest(text)
            proposals = [self.meant.instead(at, [f"{near}@{said}"])] if near and near != text else []
            raise Wrong(str(error), *proposals) from error
