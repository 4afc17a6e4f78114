"""Read the words behind a verb against its row of the table; where that fails, propose the words that may have been meant."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.commands.model import Command
from bot.commands.moments import moment
from bot.commands.spec import Option, Slot, Spec
from bot.errors import InvalidInput
from bot.model.suggest import closest
from bot.names import ParameterName, shown

_CONNECTIVES = frozenset(
    {"to", "into", "named", "called", "name", "is", "=", "=>", "->", "by", "with", "until", "till", "a", "the"}
)
"""Words that people put between others where the grammar wants its own, or none."""
_FILLERS = _CONNECTIVES | {"all", "environments", "environment"}
_NO = frozenset({"no", "false", "off", "0"})


@dataclass(frozen=True, slots=True)
class Correction:
    """Other words, and what to say with them instead of the general message."""

    words: Sequence[str]
    message: str | None = None


class Wrong(Exception):
    """What is wrong with the words, and others that may have been meant, likeliest first."""

    def __init__(self, message: str, *proposals: Correction) -> None:
        super().__init__(message)
        self.message, self.proposals = message, proposals


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Where pairs of a name and a value are put: what was found so far, what belongs there, and what comes before each."""

    found: dict[ParameterName, object]
    what: str
    prefix: str


class Reader:
    """Reads the words behind a verb against its row of the table, from left to right."""

    def __init__(self, spec: Spec, tokens: Sequence[str]) -> None:
        self.spec, self.tokens = spec, list(tokens)
        self.fields: dict[str, Any] = {option.field: {} for option in spec.options if option.is_map}
        self.map_slot = next((slot for slot in spec.slots if slot.is_map), None)
        self.map_option = next((option for option in spec.options if option.is_map), None)

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
                    raise self._unknown_option(at - 1)
                plain.append(at - 1)
                continue
            flag, equals, value = token[2:].partition("=")
            flag = flag.lower()
            option = next((option for option in self.spec.options if option.flag == flag), None)
            if option is None:
                raise self._unknown_option(at - 1)
            if option.metavar is None:
                if equals:
                    said = [] if value.lower() in _NO else [f"--{flag}"]
                    raise Wrong(f"`--{flag}` takes no value.", self._with(at - 1, said))
                self._put(option, True)
                continue
            if not equals and at == len(self.tokens):
                raise Wrong(f"`--{flag}` needs a value, for example `--{flag} {option.metavar}`.")
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
            raise Wrong(str(error), *self._nearest(option, text, at, prefix)) from error

    def _take_pair(self, part: Option | Slot, into: _Pairs, text: str, at: int) -> None:
        found, prefix = into.found, into.prefix
        key, equals, value = text.partition("=")
        if not equals:
            proposals = self._paired(part, text, at, prefix)
            raise Wrong(f"{into.what}, not {shown(text)}. For example `{self.spec.example}`.", *proposals)
        try:
            name = ParameterName(key)
        except InvalidInput as error:
            raise Wrong(str(error), self._with(at, [f"{prefix}{_underscored(key)}={value}"])) from error
        if name in found:
            flag = f"--{part.flag} " if isinstance(part, Option) else ""
            raise Wrong(f"`{flag}{key}=…` is given twice. Keep one.")
        found[name] = part.read(value)

    def _paired(self, part: Option | Slot, text: str, at: int, prefix: str) -> Iterator[Correction]:
        """Yield what a pair without its `=` was probably meant to be."""
        after, before = self.tokens[at + 1 : at + 3], self.tokens[at - 1 : at]
        yield from self._list(at)
        if ":" in text:
            yield self._with(at, [f"{prefix}{text.replace(':', '=', 1)}"])
        if after[:1] == ["="] and len(after) == 2:
            yield self._with(at, [f"{prefix}{text}={after[1]}"], 3)
        elif after and "=" not in after[0]:
            yield self._with(at, [f"{prefix}{text}={after[0]}"], 2)
        elif after and after[0].startswith("="):
            yield self._with(at, [f"{prefix}{text}{after[0]}"], 2)
        if before and before[0].endswith("="):
            yield self._with(at - 1, [f"{before[0]}{text}"], 2)
        if isinstance(part, Slot):
            yield from (self._with(i, []) for i in range(at) if self.tokens[i].lower() in _CONNECTIVES)

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
                    raise self._unexpected(plain, slot.keyword)
                if len(plain) == 1:
                    raise self._missing()
                plain.pop(0)
            if plain:
                self._take_slot(slot, plain.pop(0))
            elif not slot.optional:
                raise self._missing()
        if plain:
            raise self._unexpected(plain)
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
            raise self._missing()
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
            without = [self._with(at, [])] if text.lower() in _CONNECTIVES else []
            raise Wrong(str(error), *without, *self._nearest(slot, text, at, prefix)) from error
        return None

    def _take_dated(self, slot: Slot, when: str, at: int) -> None:
        text, _, said = self.tokens[at].partition("@")
        try:
            self.fields[when] = moment(said)
            self.fields[slot.field] = slot.read(text)
        except InvalidInput as error:
            near = slot.nearest(text)
            proposals = [self._with(at, [f"{near}@{said}"])] if near and near != text else []
            raise Wrong(str(error), *proposals) from error

    def _nearest(self, part: Slot | Option, text: str, at: int, prefix: str) -> Iterator[Correction]:
        """Yield what a value was probably meant to be, alone or together with the next word (`14 days`)."""
        after = self.tokens[at + 1] if at + 1 < len(self.tokens) else ""
        keywords = {slot.keyword for slot in self.spec.slots}
        if (
            after
            and not after.startswith("--")
            and after.lower() not in keywords
            and (both := part.nearest(f"{text} {after}"))
        ):
            yield self._with(at, [f"{prefix}{both}"], 2)
        if (near := part.nearest(text)) and near != text:
            yield self._with(at, [f"{prefix}{near}"])

    def _missing(self) -> Wrong:
        form = f"Its form is `{self.spec.usage}`, for example `{self.spec.example}`."
        return Wrong(f"This command is incomplete. {form}", *self._apart())

    def _unexpected(self, plain: Sequence[int], keyword: str | None = None) -> Wrong:
        at, text = plain[0], self.tokens[plain[0]]
        message = (
            f"I don't understand {shown(' '.join(self.tokens[i] for i in plain))} here. The command's form is "
            f"`{self.spec.usage}`, for example `{self.spec.example}`."
        )
        proposals = [*self._apart(), *self._list(at), *self._joined(plain, keyword)]
        key, equals, value = text.partition("=")
        if equals and self.map_option:
            pair = [f"--{self.map_option.flag}", f"{_underscored(key)}={value}"]
            said = f"Give a parameter's value with `--{self.map_option.flag}`. Did you mean:"
            proposals.append(self._with(at, pair, message=said))
        flag = closest(text, (option.flag for option in self.spec.options), cutoff=0.8)
        if flag is not None:
            proposals.append(
                self._with(at, [f"--{flag}"], message=f"The option `--{flag}` starts with two dashes. Did you mean:")
            )
        if keyword is not None:
            there = self._with(at, [keyword], message=f"Expected `{keyword}`, not {shown(text)}. Did you mean:")
            before = self._with(at, [keyword, text], message=f"`{keyword}` is missing. Did you mean:")
            is_meant = text.lower() in _CONNECTIVES or closest(text, [keyword]) is not None
            # A different word where a keyword is missing altogether may just as well be a name, so don't guess.
            proposals += [there, before] if is_meant else [there] if keyword in self.tokens else [before]
        # Only words that say nothing may be left out.
        if all(self.tokens[i].lower() in _FILLERS for i in plain):
            rest = [token for i, token in enumerate(self.tokens) if i not in plain]
            proposals.append(Correction([self.spec.verb, *rest]))
        return Wrong(message, *proposals)

    def _apart(self) -> Iterator[Correction]:
        """Yield the words in the order of the grammar, when commas part them or another order is said by `from` and `as`."""
        words = [word.rstrip(",;") if "=" not in word else word for word in self.tokens]
        if self.map_option and words != self.tokens and not any("=" in word for word in self.tokens):
            yield Correction([self.spec.verb, *filter(None, words)])
        said = [word.lower() for word in words]
        if self.spec.verb == "clone" and said.count("from") == 1:
            at = said.index("from")
            if at + 1 < len(words):
                rest = words[:at] + words[at + 2 :]
                named = rest if said[at + 2 : at + 3] == ["as"] or "as" in said[:at] else ["as", *rest]
                yield Correction([self.spec.verb, words[at + 1], *named])

    def _list(self, at: int) -> Iterator[Correction]:
        """Yield the value of a list in one word, where blanks stand behind its commas."""
        before = self.tokens[at - 1] if at else ""
        if "=" in before and (before.endswith((",", ";")) or self.tokens[at].startswith(",")):
            joined = f"{before.rstrip(',;')},{self.tokens[at].lstrip(',')}"
            yield self._with(at - 1, [joined], 2)

    def _joined(self, plain: Sequence[int], keyword: str | None) -> Iterator[Correction]:
        """Yield a name in one word that was written in two, where the next keyword stands behind them."""
        at = plain[0]
        has_next = keyword is not None and keyword in (self.tokens[i].lower() for i in plain[1:2])
        if has_next and self.tokens[at - 2 : at - 1] == ["as"]:
            yield self._with(at - 1, [f"{self.tokens[at - 1]}-{self.tokens[at]}"], 2)

    def _unknown_option(self, at: int) -> Wrong:
        token = self.tokens[at]
        flag, equals, value = token.lstrip("-").partition("=")
        flags = [option.flag for option in self.spec.options]
        near = closest(flag, flags)
        message = f"`/{self.spec.verb}` has no option {shown(token)}"
        message += (
            f". Its options are {', '.join(f'`--{known}`' for known in flags)}." if flags and near is None else "."
        )
        after, span = ([value], 1) if equals else (self.tokens[at + 1 : at + 2], 2)
        proposals: list[Correction] = []
        for slot in self.spec.slots:
            if flag in {slot.field, slot.keyword} and after:
                proposals.append(self._with(at, [*([slot.keyword] if slot.keyword else []), *after], span))
        if near is not None:
            message = f"`/{self.spec.verb}` has no option {shown(token)}. Did you mean `--{near}`?"
            proposals.append(self._with(at, [f"--{near}{'=' if equals else ''}{value}"]))
        if (self.map_option or self.map_slot) and after and not after[0].startswith("--"):
            pair = f"{_underscored(flag)}={after[0]}"
            proposals.append(self._with(at, [f"--{self.map_option.flag}", pair] if self.map_option else [pair], span))
        return Wrong(message, *proposals)

    def _with(self, at: int, others: Sequence[str], count: int = 1, message: str | None = None) -> Correction:
        """Propose the words with `others` in the place of `count` of them."""
        return Correction([self.spec.verb, *self.tokens[:at], *others, *self.tokens[at + count :]], message)


def _underscored(text: str) -> str:
    return re.sub("[^a-z0-9]+", "_", text.lower()).strip("_")
