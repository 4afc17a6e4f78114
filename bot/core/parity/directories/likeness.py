"""What two sides have as their own names: the words by which one text becomes the other without saying anything new.

Two texts that are the same once each side's words, accounts, addresses, regions and made-up ids are taken out differ only in
name, account or address. Without a template nothing declares what is identity, so it is recognised by the words of the directories
and by inputs that are named for it.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from bot.core.cloud_facts import CloudFacts
from bot.core.hcl.attributes import Attribute
from bot.core.hcl.values import Unknown, leaves
from bot.core.parity.directories.evaluation import Input
from bot.core.parity.identity import networks_in

_SYNONYMS = (
    ("production", "prod", "prd", "live"),
    ("preproduction", "preprod", "pre-prod"),
    ("staging", "stage", "stg", "stag"),
    ("development", "develop", "dev"),
    ("testing", "test", "tst"),
    ("acceptance", "acc", "uat"),
    ("sandbox", "sbx"),
    ("nonproduction", "nonprod", "non-prod", "non-production"),
)
_ENVIRONMENTS = frozenset({each for group in _SYNONYMS for each in group} | {"qa", "demo", "preview", "perf", "dr"})
_OF_THE_TOOL = frozenset(("terraform", "tofu", "opentofu", "infra", "infrastructure", "iac", "tf", "stacks", "src"))
"""What directories of code are called that say nothing of an environment; `terraform.tfstate` is no name of one."""
_IDENTITY = re.compile(
    r"(.*_)?(env|environment|stage|name|prefix|suffix|namespace|account|project|domain|host|hostname|url|uri|bucket|region|location|"
    r"cidrs?|cidr_blocks?|subnets|ids?|tenant|profile|workspace|key|email)"
)
_PROGRAMS = re.compile(r"(.*_)?(env|environment)")
"""Named for the environment if it is a text; a map of this name holds the variables of a program."""
_REPEATED = re.compile("\1(?:[-_./]?\1)+")
_OWN_LABEL = re.compile(r"(?<![A-Za-z0-9-])\x01\.(?=[A-Za-z0-9-]+\.[A-Za-z])")
"""A label of a host that says no more than whose it is: production's host often has none in that place."""
_SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Likeness:
    """The own words of both sides, longest first."""

    ours: tuple[str, ...]
    theirs: tuple[str, ...]
    cloud: CloudFacts

    def differ_by_name(self, ours: Attribute | None, theirs: Attribute | None) -> bool:
        """Say whether two values, both texts, differ only in name, account or address."""
        texts = [_text(leaf) for leaf in (ours, theirs)]
        return texts[0] is not None and texts[1] is not None and self.are_alike(texts[0], texts[1])

    def are_alike(self, ours: str, theirs: str) -> bool:
        """Say whether two texts are the same but for the words of their sides."""
        return self._neutral(ours, self.ours) == self._neutral(theirs, self.theirs)

    def neutral_address(self, address: str, is_ours: bool) -> str:
        """Return an address without the words of its side (`web_staging`)."""
        return _without(address, self.ours if is_ours else self.theirs)

    def _neutral(self, text: str, words: tuple[str, ...]) -> str:
        text = _OWN_LABEL.sub("", _REPEATED.sub("\1", _without(text, words)))
        for _, written, _ in networks_in(text):
            text = text.replace(written, "\2")
        text = self.cloud.names.made_up.sub("\3", text)
        text = _bounded(f"(?:{self.cloud.own_accounts.account})").sub("\4", text)
        return _bounded(f"(?:{self.cloud.own_accounts.region})[a-z]?").sub("\5", text)


def likeness(
    our_label: str,
    their_label: str,
    inputs: Iterable[tuple[Mapping[str, Input], Mapping[str, Input]]],
    cloud: CloudFacts,
) -> Likeness:
    """Return the words of two sides: those of their labels, and what inputs named for it say on both."""
    ours, theirs = _words(our_label), _words(their_label)
    ours, theirs = _own(ours - theirs, theirs), _own(theirs - ours, ours)
    for mine, other in inputs:
        for name in mine.keys() & other.keys():
            word = name.rpartition(":")[2].removeprefix("local.")
            if not is_identity_name(word):
                continue
            for (path, a), (_, b) in zip(leaves(mine[name].value, ""), leaves(other[name].value, ""), strict=False):
                if _PROGRAMS.fullmatch(word) and path and not is_identity_name(path.rpartition(".")[2].lower()):
                    continue
                if isinstance(a, str) and isinstance(b, str) and a != b and min(len(a), len(b)) >= _SHORTEST:
                    ours.add(a)
                    theirs.add(b)
    return Likeness(_longest_first(ours), _longest_first(theirs), cloud)


def environment_words(label: str) -> tuple[str, ...]:
    """Return the last words of a path that are kinds of environments, with what people write for the same; all of them if none is."""
    words = _words(label.rpartition("/")[2])
    found = {synonym for group in _SYNONYMS if words & set(group) for synonym in group} - ({"live"} - words)
    return _longest_first(found or words)


def production_words(label: str, name: str) -> tuple[str, ...]:
    """Return what production is called in its code: what its directory says or, where that is called after no environment, its name as well."""
    words = _words(label.rpartition("/")[2])
    if any(words & set(group) for group in _SYNONYMS):
        return environment_words(label)
    return _longest_first({*(words - _OF_THE_TOOL), *environment_words(name)})


def is_environment(word: str) -> bool:
    """Say whether a word is what people call an environment, as `qa`, `staging` and `prod-eu` are."""
    return not _words(word).isdisjoint(_ENVIRONMENTS)


def is_identity_name(name: str) -> bool:
    """Say whether an argument of this name says who an environment is: a name, an account, an address."""
    return _IDENTITY.fullmatch(name) is not None


def _text(leaf: Attribute | None) -> str | None:
    """Return a text, or the expression that stands for one; None for any other value."""
    if leaf is None:
        return None
    return leaf.value.text if isinstance(leaf.value, Unknown) else leaf.value if isinstance(leaf.value, str) else None


def _words(label: str) -> set[str]:
    parts = {part for segment in label.split("/") for part in (segment, *re.split(r"[-_.@ ()]", segment))}
    return {part.lower() for part in parts if len(part) >= _SHORTEST}


def _own(words: set[str], others: set[str]) -> set[str]:
    """Return a side's words with what people write for the same, but for what the other side is called."""
    more = {synonym for group in _SYNONYMS if words & set(group) for synonym in group}
    return words | (more - others)


def _longest_first(words: set[str]) -> tuple[str, ...]:
    return tuple(sorted(words, key=lambda word: (-len(word), word)))


def _without(text: str, words: tuple[str, ...]) -> str:
    return _any_of(words).sub("\1", text) if words else text


@lru_cache(maxsize=64)
def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    listed = "|".join(map(re.escape, words))
    return re.compile(rf"(?<![A-Za-z])(?:{listed})(?![A-Za-z])", re.IGNORECASE)


@lru_cache(maxsize=64)
def _bounded(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![A-Za-z0-9]){pattern}(?![A-Za-z0-9])")
