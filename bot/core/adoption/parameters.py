"""As few parameters as explain all places at which two environments differ, each with a type, a description and where clones get it from."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Network

from bot.core.adoption.literals import LiteralAt, LiteralKind, PairedLiterals
from bot.core.parity.directories.likeness import Likeness, is_identity_name
from bot.core.parity.directories.secrecy import is_named_secret
from bot.core.parity.identity import host_of
from bot.model.pipeline import Json

NAME, ACCOUNT = "name", "account_id"
STATE_ARGUMENTS = ("key", "prefix")
"""Of a backend: whose state it is."""
HOST = "host"
"""What a parameter is called that is the host of a DNS record, whose own name is `name`."""
_SHORTEST = 3
_FREE = tuple(IPv4Network("10.0.0.0/8").subnets(new_prefix=10))[::-1]
_LARGEST = 10
"""The shortest prefix of a network that may be allocated: no larger one fits into a free pool, and none is one environment's own."""


@dataclass(frozen=True, slots=True)
class AdoptedParameter:
    """A parameter with both environments' values as written; `theirs` is production's, `ours` None where there is no second one.

    `is_identity` is what no two may share. `derive` is what a clone has, where the other environment's value doesn't say it.
    """

    name: str
    kind: LiteralKind
    theirs: str
    ours: str | None
    description: str
    is_identity: bool
    derive: str = ""

    @property
    def value(self) -> Json:
        """Return production's value."""
        return _value(self.kind, self.theirs)

    @property
    def other(self) -> Json:
        """Return the other environment's value."""
        return None if self.ours is None else _value(self.kind, self.ours)

    @property
    def calls(self) -> str | None:
        """Return the host that production's value says to call; None if it says none."""
        return host_of(self.theirs) if self.kind == "text" and "://" in self.theirs else None

    @property
    def calls_the_same(self) -> bool:
        """Say whether the other environment's value says to call the same host, elsewhere there."""
        return self.calls is not None and self.ours is not None and host_of(self.ours) == self.calls

    @property
    def filled(self) -> str:
        """Return what replaces it in a template."""
        return f"{{{{ {self.name} }}}}" if self.kind == "text" else f"{{{{ {self.name} | json }}}}"


@dataclass(slots=True)
class Parameters:
    """The parameters found so far. `about` are descriptions by variable; `environment` is a word of each side's own name."""

    likeness: Likeness
    about: Mapping[str, str]
    found: list[AdoptedParameter] = field(default_factory=list)

    def add_all(self, pairs: Sequence[PairedLiterals]) -> None:
        """Find the parameters for what differs: names of the sides first, then short texts before those that contain them."""
        different = [each for each in pairs if each.theirs.text != each.ours.text and not is_secret_at(each.theirs)]
        for pair in different:
            for name, theirs, ours in self._own_words(pair):
                self._add(name, replace(pair.theirs, kind="text", text=theirs), ours, is_identity=True)
        for pair in sorted(different, key=lambda each: (len(each.theirs.text), each.theirs.start)):
            if self.fixed(pair.theirs) is not None:
                continue
            if self.explained(pair.theirs, pair.ours.text) is None and may_be_filled(pair.theirs):
                alike = self.likeness.are_alike(pair.ours.text, pair.theirs.text)
                is_own = (
                    alike or is_identity_name(pair.theirs.name) or self._is_own_host(pair.theirs.text, pair.ours.text)
                )
                is_identity = pair.theirs.kind in ("text", "list") and is_own
                is_host = pair.theirs.name == NAME and host_of(pair.theirs.text) is not None
                called = HOST if is_host else pair.theirs.name
                self._add(called, pair.theirs, pair.ours.text, is_identity=is_identity)

    def explained(self, literal: LiteralAt, ours: str) -> str | None:
        """Return a literal with parameters in it, if their values make both texts; None if they don't."""
        for each in self.found:
            if _is(each, literal, ours):
                return each.filled
        if literal.kind not in ("text", "list"):
            return None
        filled, other = self._substituted(literal.text)
        return filled if other == ours else None

    def fixed(self, literal: LiteralAt) -> str | None:
        """Return what fills the place of a state, which every clone needs its own of, whatever the other environment has."""
        known = self.likeness.cloud.backends.values()
        places = {argument for facts in known for argument in (*facts.place, *facts.of_account)}
        of_states = (each for each in self.found if each.derive and literal.name in {*STATE_ARGUMENTS, *places})
        return next((each.filled for each in of_states if each.theirs == literal.text), None)

    def searched(self, text: str) -> str:
        """Return a text that only production has, with the parameters in place of its identity."""
        return self._substituted(text)[0]

    def _substituted(self, text: str) -> tuple[str, str]:
        known = {
            each.theirs: each
            for each in self.found
            if each.kind == "text" and each.is_identity and len(each.theirs) >= _SHORTEST
        }
        if not known:
            return text, text
        words = "|".join(re.escape(word) for word in sorted(known, key=len, reverse=True))
        pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])")
        return pattern.sub(lambda m: known[m[0]].filled, text), pattern.sub(lambda m: known[m[0]].ours or m[0], text)

    def _is_own_host(self, theirs: str, ours: str) -> bool:
        """Say whether the other environment's host has its own name in it, as in `https://api.staging.acme.example`."""
        host = host_of(ours)
        return host is not None and host != host_of(theirs) and derived(host, self.likeness.ours) != host

    def _own_words(self, pair: PairedLiterals) -> Iterable[tuple[str, str, str]]:
        """Yield the words by which a text of production's becomes the other's, where they are names or accounts of the two sides."""
        if pair.theirs.kind not in ("text", "list"):
            return
        theirs, ours = (re.split(r"([^A-Za-z0-9]+)", each.text) for each in (pair.theirs, pair.ours))
        different = [(a, b) for a, b in zip(theirs, ours, strict=False) if a != b] if len(theirs) == len(ours) else []
        account = re.compile(self.likeness.cloud.own_accounts.account)
        for a, b in dict.fromkeys(different):
            if a.lower() in self.likeness.theirs and b.lower() in self.likeness.ours:
                yield NAME, a, b
            elif account.fullmatch(a) and account.fullmatch(b):
                yield ACCOUNT, a, b

    def _add(self, name: str, literal: LiteralAt, ours: str, *, is_identity: bool) -> None:
        if any(_is(each, literal, ours) and each.is_identity == is_identity for each in self.found):
            return
        where = f"`{literal.name}` in {literal.path}."
        is_own_word = name in (NAME, ACCOUNT) and (literal.text.lower() in self.likeness.theirs or name == ACCOUNT)
        words = {NAME: "The environment's name.", ACCOUNT: f"The account, {where}"}[name] if is_own_word else where
        said = None if is_own_word else self.about.get(literal.name)
        added(self.found, name, AdoptedParameter(name, literal.kind, literal.text, ours, said or words, is_identity))


def added(found: list[AdoptedParameter], name: str, parameter: AdoptedParameter) -> None:
    """Add a parameter under its name, or under that with a number."""
    taken = {each.name for each in found}
    slug = _slug(name)
    free = next(each for each in (slug, *(f"{slug}_{n}" for n in range(2, 1000))) if each not in taken)
    found.append(replace(parameter, name=free))


def _is(known: AdoptedParameter, literal: LiteralAt, ours: str) -> bool:
    """Say whether a parameter stands for a literal: the same number at arguments of two names may become two different ones."""
    same = (known.kind, known.theirs, known.ours) == (literal.kind, literal.text, ours)
    return same and (known.is_identity or _slug(literal.name) in (known.name, known.name.rstrip("_0123456789")))


def declared(parameter: AdoptedParameter, words: tuple[str, ...]) -> dict[str, Json]:
    """Return a parameter as a template declares it; `words` are the other environment's own names."""
    said: dict[str, Json] = {"type": _type(parameter), "description": parameter.description}
    if parameter.kind == "number":
        said["integer"] = isinstance(parameter.value, int)
    if parameter.calls is not None and not parameter.calls_the_same:
        said["outbound"] = True
    if parameter.is_identity:
        said["identity"] = True
        if parameter.derive:
            said["derive"] = parameter.derive
        elif said["type"] == "cidr":
            network = IPv4Network(parameter.theirs)
            taken = [network, IPv4Network(parameter.ours or parameter.theirs)]
            pool = next(each for each in _FREE if not any(each.overlaps(other) for other in taken))
            said["allocate"] = {"pool": str(pool), "prefix": network.prefixlen}
        elif parameter.ours is None:
            # Found by search: `name_2` is another spelling of the name.
            said |= {"derive": "{environment}"} if re.fullmatch(rf"{NAME}(_\d+)?", parameter.name) else {}
        elif parameter.kind == "text" and "{" not in parameter.ours:
            said["derive"] = derived(parameter.ours, words)
    return said


def is_secret_at(literal: LiteralAt) -> bool:
    """Say whether a literal is a secret in clear, which is no parameter's value to keep."""
    return literal.kind == "text" and is_named_secret(literal.name)


def may_be_filled(literal: LiteralAt) -> bool:
    """Say whether a literal, filled in again, is written as it is: without escapes, and numbers in their plain form."""
    if literal.kind == "number":
        return (
            json.dumps(json.loads(literal.text)) == literal.text
            if re.fullmatch(r"\d+(\.\d+)?", literal.text)
            else False
        )
    return not re.search(r"[\\\n]|\$\$\{|%%\{", literal.text)


def derived(ours: str, words: tuple[str, ...]) -> str:
    """Return a text with `{environment}` in the place of an environment's own words."""
    pattern = re.compile(
        "|".join(rf"(?<![A-Za-z0-9]){re.escape(word)}(?![A-Za-z0-9])" for word in words), re.IGNORECASE
    )
    return pattern.sub("{environment}", ours) if words else ours


def _type(parameter: AdoptedParameter) -> str:
    if parameter.kind == "text":
        both = all(is_network(text) for text in (parameter.theirs, parameter.ours or parameter.theirs))
        return "cidr" if both and parameter.is_identity else "string"
    return parameter.kind


def is_network(text: str) -> bool:
    """Say whether a text is a network that may be allocated."""
    try:
        return "/" in text and _LARGEST <= IPv4Network(text).prefixlen <= 30
    except ValueError:
        return False


def _value(kind: LiteralKind, text: str) -> Json:
    return text if kind == "text" else json.loads(text)


def _slug(name: str) -> str:
    slug = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()).strip("_")
    return slug[:50] if slug[:1].isalpha() else f"value_{slug}"[:50]
