"""What may have been meant by words that a row of the table does not accept: the message, and other words, likeliest first."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from bot.commands.arguments import underscored
from bot.commands.spec import Option, Slot, Spec
from bot.model import duration
from bot.model.suggest import closest
from bot.names import shown

CONNECTIVES = frozenset(
    {
        "to",
        "into",
        "named",
        "called",
        "name",
        "is",
        "=",
        "=>",
        "->",
        "\u2192",
        "by",
        "with",
        "until",
        "till",
        "a",
        "the",
    }
)
"""Words that people put between others where the grammar wants its own, or none."""
_BETWEEN_PAIRS = frozenset({"with", "and", "set", "using", "&", "+"})
_BEFORE_NAMES = frozenset({"of", "for", "on", "in", "the", "to", "from"})
_ARTICLES = frozenset({"the", "a", "an", "environment", "env"})
_PARTING = re.compile("[,;\u3001\uff0c\uff1b]")
_FILLERS = CONNECTIVES | {"all", "environments", "environment"}


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


class Meant:
    """The words of a command, and what they may have meant instead."""

    def __init__(self, spec: Spec, tokens: Sequence[str]) -> None:
        """Keep `tokens` itself: the reader corrects dashes in it on its way."""
        self.spec, self.tokens = spec, tokens
        self.map_slot = next((slot for slot in spec.slots if slot.is_map), None)
        self.map_option = next((option for option in spec.options if option.is_map), None)

    def missing(self) -> Wrong:
        form = f"Its form is `{self.spec.usage}`, for example `{self.spec.example}`."
        return Wrong(f"This command is incomplete. {form}", *self._apart())

    def unexpected(self, plain: Sequence[int], keyword: str | None = None) -> Wrong:
        at, text = plain[0], self.tokens[plain[0]]
        message = (
            f"I don't understand {shown(' '.join(self.tokens[i] for i in plain))} here. The command's form is "
            f"`{self.spec.usage}`, for example `{self.spec.example}`."
        )
        proposals = [*self._apart(), *self._list(at), *self._lasting(at), *self._joined(plain, keyword)]
        proposals += [*self._lasting(at - 2), *self._reason(at), *self._set_by(at), *self._labelled(at)]
        proposals += self._of_purpose(at)
        if at == 1 and self.tokens[0].lower() in _BEFORE_NAMES:
            proposals.append(self.instead(0, []))
        if (told := [token for token in self.tokens if token.lower() not in _ARTICLES]) != self.tokens:
            proposals.append(Correction([self.spec.verb, *told]))
        flags = [option.flag for option in self.spec.options]
        if (both := "-".join(self.tokens[at : at + 2]).lower()) in flags:
            proposals.append(self.instead(at, [f"--{both}"], 2))
        flag = closest(text, flags, cutoff=0.8)
        if flag is not None:
            proposals.append(
                self.instead(at, [f"--{flag}"], message=f"The option `--{flag}` starts with two dashes. Did you mean:")
            )
        if keyword is not None:
            there = self.instead(at, [keyword], message=f"Expected `{keyword}`, not {shown(text)}. Did you mean:")
            before = self.instead(at, [keyword, text], message=f"`{keyword}` is missing. Did you mean:")
            is_meant = text.lower() in CONNECTIVES or closest(text, [keyword]) is not None
            # A different word where a keyword is missing altogether may just as well be a name, so don't guess.
            proposals += [there, before] if is_meant else [there] if keyword in self.tokens else [before]
        # Only words that say nothing may be left out.
        empty = _FILLERS.union(*(slot.default for slot in self.spec.slots))
        if all(self.tokens[i].lower() in empty for i in plain):
            rest = [token for i, token in enumerate(self.tokens) if i not in plain]
            proposals.append(Correction([self.spec.verb, *rest]))
        return Wrong(message, *proposals)

    def unknown_option(self, at: int) -> Wrong:
        token = self.tokens[at]
        flag, equals, value = token.lstrip("-").partition("=")
        flags = [option.flag for option in self.spec.options]
        near = closest(flag, flags)
        message = f"`/{self.spec.verb}` has no option {shown(token)}"
        message += (
            f". Its options are {', '.join(f'`--{known}`' for known in flags)}."
            if flags and near is None
            else f". Its form is `{self.spec.usage}`."
        )
        after, span = ([value], 1) if equals else (self.tokens[at + 1 : at + 2], 2)
        proposals: list[Correction] = []
        if (both := "-".join([flag, *self.tokens[at + 1 : at + 2]]).lower()) in flags:
            proposals.append(self.instead(at, [f"--{both}"], 2))
        for slot in self.spec.slots:
            if flag in {slot.field, slot.keyword} and after:
                proposals.append(self.instead(at, [*([slot.keyword] if slot.keyword else []), *after], span))
        if near is not None:
            message = f"`/{self.spec.verb}` has no option {shown(token)}. Did you mean `--{near}`?"
            proposals.append(self.instead(at, [f"--{near}{'=' if equals else ''}{value}"]))
        if (self.map_option or self.map_slot) and after and not after[0].startswith("--"):
            pair = f"{underscored(flag)}={after[0]}"
            proposals.append(self.instead(at, [f"--{self.map_option.flag}", pair] if self.map_option else [pair], span))
        return Wrong(message, *proposals)

    def nearest(self, part: Slot | Option, text: str, at: int, prefix: str) -> Iterator[Correction]:
        """Yield what a value was probably meant to be, alone or together with the next word (`14 days`)."""
        after = self.tokens[at + 1] if at + 1 < len(self.tokens) else ""
        keywords = {slot.keyword for slot in self.spec.slots}
        is_more = bool(after) and not after.startswith("--") and after.lower() not in keywords
        if (
            "=" not in text
            and len(parted := list(filter(None, _PARTING.split(text)))) > 1
            and parted[1].lower() in keywords
        ):
            yield self.instead(at, parted)
        yield from self._lasting(at - 1)
        yield from self._moved(at)
        yield from self._by_default(part, text, at)
        yield from self._reason(at - 1)
        if is_more and (both := part.nearest(f"{text} {after}")):
            yield self.instead(at, [f"{prefix}{both}"], 2)
        if (near := part.nearest(text)) and near != text:
            yield self.instead(at, [f"{prefix}{near}"])

    def is_one_of_several(self, part: Slot | Option, at: int) -> bool:
        """Say whether a comma and another name stand behind the name of an environment."""
        after = "".join(self.tokens[at + 1 : at + 2]).lower().strip(":,")
        ours = {*(slot.keyword for slot in self.spec.slots), *(option.flag for option in self.spec.options)}
        is_name = part.field in {"name", "source"} and _PARTING.fullmatch(self.tokens[at][-1])
        return bool(is_name) and after[:1].isalpha() and "=" not in after and after not in ours

    def paired(self, part: Option | Slot, text: str, at: int, prefix: str) -> Iterator[Correction]:
        """Yield what a pair without its `=` was probably meant to be."""
        after, before = self.tokens[at + 1 : at + 3], self.tokens[at - 1 : at]
        yield from self._list(at)
        if text.lower() in _BETWEEN_PAIRS:
            yield self.instead(at, [])
        if ":" in text:
            yield self.instead(at, [f"{prefix}{text.replace(':', '=', 1)}"])
        if len(after) == 2 and after[0].lower() in CONNECTIVES and "=" not in after[1]:
            yield self.instead(at, [f"{prefix}{text}={after[1]}"], 3)
        elif after and "=" not in after[0]:
            yield self.instead(at, [f"{prefix}{text}={after[0]}"], 2)
        elif after and after[0].startswith("="):
            yield self.instead(at, [f"{prefix}{text}{after[0]}"], 2)
        if before and before[0].endswith("="):
            yield self.instead(at - 1, [f"{before[0]}{text}"], 2)
        if isinstance(part, Slot):
            yield from (self.instead(i, []) for i in range(at) if self.tokens[i].lower() in CONNECTIVES)

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
        if "=" in self.tokens[at] and self.map_option and before.endswith((",", ";")):
            yield self.instead(at - 1, [before.rstrip(",;"), f"--{self.map_option.flag}", self.tokens[at]], 2)
        elif "=" in before and (before.endswith((",", ";")) or self.tokens[at].startswith(",")):
            joined = f"{before.rstrip(',;')},{self.tokens[at].lstrip(',')}"
            yield self.instead(at - 1, [joined], 2)

    def _joined(self, plain: Sequence[int], keyword: str | None) -> Iterator[Correction]:
        """Yield a name in one word that was written in two, where the next keyword stands behind them."""
        at = plain[0]
        has_next = keyword is not None and keyword in (self.tokens[i].lower() for i in plain[1:2])
        if has_next and self.tokens[at - 2 : at - 1] == ["as"]:
            yield self.instead(at - 1, [f"{self.tokens[at - 1]}-{self.tokens[at]}"], 2)

    def _set_by(self, at: int) -> Iterator[Correction]:
        """Yield a parameter's value, with or without a word like `with` before it, behind its option."""
        if self.map_option is None:
            return
        said = f"Give a parameter's value with `--{self.map_option.flag}`. Did you mean:"
        where = at + (self.tokens[at].lower() in _BETWEEN_PAIRS)
        key, equals, value = "".join(self.tokens[where : where + 1]).partition("=")
        if equals and key.lower() in {option.flag for option in self.spec.options if option.metavar}:
            yield self.instead(at, [f"--{key.lower()}", value], where + 1 - at)
        slot = next((each for each in self.spec.slots if each.keyword and each.field == key.lower()), None)
        if equals and slot is not None:
            yield self.instead(at, [str(slot.keyword), value], where + 1 - at)
        if equals and key:
            pair = [f"--{self.map_option.flag}", f"{underscored(key)}={value}"]
            yield self.instead(at, pair, where + 1 - at, message=said)

    def _by_default(self, part: Slot | Option, text: str, at: int) -> Iterator[Correction]:
        """Yield the words without those that say what is done anyway: `to latest`."""
        if isinstance(part, Slot) and text.lower() in part.default:
            count = 1 + (part.keyword is not None)
            yield self.instead(at + 1 - count, [], count)

    def _reason(self, at: int) -> Iterator[Correction]:
        """Yield the sentence behind `because` in one word, with its two dashes."""
        option = next((each for each in self.spec.options if each.metavar == "reason"), None)
        if option is None or "".join(self.tokens[at : at + 1]).lstrip("-").lower() != option.flag:
            return
        end = next((i for i in range(at + 1, len(self.tokens)) if self.tokens[i].startswith("--")), len(self.tokens))
        if end > at + 1:
            yield self.instead(at, [f"--{option.flag}", " ".join(self.tokens[at + 1 : end])], end - at)

    def _labelled(self, at: int) -> Iterator[Correction]:
        """Yield `label=value` where a colon or a blank stands between, and the flag that is called otherwise."""
        text, after = self.tokens[at].rstrip(":=").lower(), [word for word in self.tokens[at + 1 :] if word != "="]
        for slot in (each for each in self.spec.slots if each.label):
            if slot.field == "owner" and text.startswith("@"):
                yield self.instead(at, [f"{slot.label}={text[1:]}"])
            elif slot.is_flag and text in {"my", "me", "own"}:
                yield self.instead(at, [str(slot.label)])
            elif not slot.is_flag and text == slot.label and after:
                yield Correction([self.spec.verb, *self.tokens[:at], f"{text}={after[0]}", *after[1:]])

    def _of_purpose(self, at: int) -> Iterator[Correction]:
        """Yield the last words as the purpose that is looked for: `list clones for qa`."""
        slot = next((each for each in self.spec.slots if each.label and each.field == "purpose"), None)
        said = [word for word in self.tokens[at:] if word.lower() not in _FILLERS | _BEFORE_NAMES | {"clones"}]
        if slot is not None and said and not any("=" in word for word in said):
            yield Correction([self.spec.verb, *self.tokens[:at], f"{slot.label}={'-'.join(said)}"])

    def _lasting(self, at: int) -> Iterator[Correction]:
        """Yield `for 3 days` as the option that says how long."""
        option = next((each for each in self.spec.options if each.metavar == "duration"), None)
        if option is None or at < 0 or self.tokens[at : at + 1] != ["for"]:
            return
        for count in (2, 1):
            said = self.tokens[at + 1 : at + 1 + count]
            is_number = said and (said[0][:1].isdigit() or (count == 2 and said[0].lower() in duration.NUMBERS))
            if len(said) == count and is_number and (near := option.nearest(" ".join(said))):
                yield self.instead(at, [f"--{option.flag}", near], count + 1)

    def _moved(self, at: int) -> Iterator[Correction]:
        """Yield the words with the name first, where a value or a duration stands in its place."""
        if at or not ("=" in self.tokens[0] or self.tokens[0][:1].isdigit()) or len(self.spec.slots) < 2:
            return
        rest = [word for word in self.tokens[1:] if word.lower() not in _BEFORE_NAMES]
        if rest and "=" not in rest[-1]:
            yield Correction([self.spec.verb, rest[-1], self.tokens[0], *rest[:-1]])

    def instead(self, at: int, others: Sequence[str], count: int = 1, message: str | None = None) -> Correction:
        """Propose the words with `others` in the place of `count` of them."""
        return Correction([self.spec.verb, *self.tokens[:at], *others, *self.tokens[at + count :]], message)
