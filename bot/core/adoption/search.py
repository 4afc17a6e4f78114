"""Identity found by search, where there is no second environment to tell it: names, accounts, networks, hosts and buckets of production.

What a clone has in their place can't be known, but for the name; `template check` asks for it.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from bot.core.adoption.literals import Item, LiteralAt
from bot.core.adoption.parameters import ACCOUNT, HOST, NAME, AdoptedParameter, added, is_network
from bot.core.cloud_facts import CloudFacts
from bot.core.parity.directories.likeness import is_environment
from bot.core.parity.identity import host_of

_NAMED = re.compile(
    r"(.*_)?(bucket|domain|domain_name|host|hostname|account|account_id|project|project_id|subscription_id|tenant_id|url|zone_id|email)"
)
_RECORD = re.compile(r"resource \S+_(?:record|record_set|recordset|zone) ")
"""A block that makes a name of the DNS, by its key; what `data` looks up, an environment may share."""
_HOSTS = re.compile(r"(.*_)?(domain|domain_name|host|hostname|url|email)")


def identity_found(
    items: Sequence[Item], words: Sequence[str], about: dict[str, str], cloud: CloudFacts
) -> list[AdoptedParameter]:
    """Return production's identity as parameters; `words` are what production is called, in any spelling."""
    found: list[AdoptedParameter] = []
    literals = [literal for item in items for literal in item.literals]
    hosts = [literal for item in items if _RECORD.match(f"{item.key} ") for literal in item.literals]
    of_others = others_entries(literals, words)
    texts = [
        each
        for each in literals
        if each.kind in ("text", "list")
        and each.name not in ("source", "version", "description")
        and not any((each.path, each.inside[:depth]) in of_others for depth in range(1, len(each.inside) + 1))
    ]
    for name, text, literal in [
        *_names(texts, words),
        *_accounts(texts, cloud),
        *_others(texts, words),
        *_hosts([each for each in hosts if each in texts], words),
    ]:
        if not any(each.theirs == text for each in found):
            where = f"`{literal.name}` in {literal.path}."
            said = {NAME: "The environment's name.", ACCOUNT: f"The account, {where}"}.get(name)
            said = said or about.get(literal.name, where)
            added(found, name, AdoptedParameter(name, "text", text, None, said, is_identity=True))
    return found


def others_entries(literals: Iterable[LiteralAt], words: Sequence[str]) -> Mapping[tuple[str, tuple[str, ...]], int]:
    """Return the entries of other environments in maps that have one of production's, each as file and keys, with its first line."""
    lines: dict[tuple[str, tuple[str, ...]], int] = {}
    for each in literals:
        # A value is an entry itself, if its map has a name.
        keys = (*each.inside, each.name) if each.is_value and each.inside else each.inside
        for depth in range(1, len(keys) + 1):
            lines.setdefault((each.path, keys[:depth]), each.line)
    of_production = {(path, keys[:-1]) for path, keys in lines if keys[-1].lower() in words}
    return {
        (path, keys): line
        for (path, keys), line in lines.items()
        if (path, keys[:-1]) in of_production and keys[-1].lower() not in words and is_environment(keys[-1])
    }


def _names(texts: Sequence[LiteralAt], words: Sequence[str]) -> Iterator[tuple[str, str, LiteralAt]]:
    counted: Counter[str] = Counter()
    first: dict[str, LiteralAt] = {}
    for each in texts:
        for part in re.split(r"[^A-Za-z0-9]+", each.text):
            if part.lower() in words:
                counted[part] += 1
                first.setdefault(part, each)
    yield from ((NAME, word, first[word]) for word, _ in counted.most_common())


def _accounts(texts: Sequence[LiteralAt], cloud: CloudFacts) -> Iterator[tuple[str, str, LiteralAt]]:
    pattern = re.compile(rf"(?<![A-Za-z0-9])(?:{cloud.own_accounts.account})(?![A-Za-z0-9])")
    found = [(match[0], each) for each in texts for match in pattern.finditer(each.text)]
    counted = Counter(text for text, _ in found)
    yield from (
        (ACCOUNT, text, next(each for other, each in found if other == text)) for text, _ in counted.most_common()
    )


def _hosts(texts: Sequence[LiteralAt], words: Sequence[str]) -> Iterator[tuple[str, str, LiteralAt]]:
    """Yield the hosts that names of the DNS are; with the environment's name in it, it follows from that."""
    for each in texts:
        parts = {part.lower() for part in re.split(r"[^A-Za-z0-9]+", each.text)}
        if each.name == NAME and each.is_value and host_of(each.text) == each.text.lower() and not parts & set(words):
            yield HOST, each.text, each


def _others(texts: Sequence[LiteralAt], words: Sequence[str]) -> Iterator[tuple[str, str, LiteralAt]]:
    for each in texts:
        parts = {part.lower() for part in re.split(r"[^A-Za-z0-9]+", each.text)}
        if not each.is_value or each.kind == "list" or parts & set(words):
            continue
        named = _NAMED.fullmatch(each.name) is not None and "$" not in each.text and len(each.text) > 2
        is_host = _HOSTS.fullmatch(each.name) is None or host_of(each.text) is not None
        if (named and is_host) or ("cidr" in each.name and is_network(each.text)):
            yield each.name, each.text, each
