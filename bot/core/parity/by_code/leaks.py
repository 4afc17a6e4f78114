"""The leak check by code: is anything of production's identity in a clone? What is found fails the check unless waived by line.

Two searches. *Texts*: every rendered file, line by line. *Values*: every attribute and hook input as it evaluates, so that what
is put together from variables and locals is found too; there also names made from production's, lookups by its name, remote
state, and providers that don't assert the clone's account.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache

from bot.core.hcl.address_patterns import key_of, of_stack
from bot.core.hcl.attributes import Attribute, AttributeKey
from bot.core.hcl.local_modules import is_outside
from bot.core.hcl.syntax.tokens import MARK, NotHcl, tokens
from bot.core.hcl.values import Unknown
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import CodeComparison
from bot.core.parity.by_code.evaluated import EvaluatedEnvironment, line_at
from bot.core.parity.by_code.stack_values import CODE
from bot.core.parity.identity import Identity
from bot.core.parity.leaks import Leak, SearchedText, grown, search, searcher
from bot.core.parity.waivers import Waivers
from bot.core.tree import Tree
from bot.model.environment import MANIFEST, Manifest
from bot.model.pipeline import texts

_PROSE = re.compile(
    r"(^|/)(README|CHANGELOG|LICENSE|NOTICE|CONTRIBUTING)(\.[a-z]+)?$|\.(md|markdown|rst|adoc)$", re.IGNORECASE
)
_FREE_TEXT = re.compile(r"(^|\.)(description|comment|error_message)$|(^|\.)(default_)?tags\b")


def leaks(
    comparison: CodeComparison, side: CodeSide, now: datetime, *, others: frozenset[str] = frozenset()
) -> Sequence[Leak]:
    """Return every leak of a clone, waived ones too, in the order of files and lines.

    `others` are the accounts that the policy lets aliased providers be restricted to.
    """
    files, identity, waivers = side.files, comparison.identity, Waivers(side.manifest.waivers, now)
    found = [
        *search(_lines(files, comparison.clone.read, identity), identity),
        *_in_values(comparison.clone, side, identity),
        *_providers(comparison.clone, identity, others),
    ]
    lines: dict[tuple[str, int], list[Leak]] = {}
    for leak in sorted(found, key=lambda leak: -len(leak.found)):
        known = lines.setdefault((leak.place, leak.line), [])
        if not any(leak.found in other.found for other in known):  # a line is told of once, not once for each search
            known.append(leak)
    return [
        replace(leak, waiver=waivers.naming(path, str(line)))
        for (path, line), told in sorted(lines.items())
        for leak in told
    ]


def _lines(files: Tree, read: Collection[str], identity: Identity) -> Iterator[SearchedText]:
    production = searcher(identity)
    for path, file in sorted(files.items()):
        if path == MANIFEST:
            continue  # it names its source and template, and its parameters are proved where they are rendered
        if is_outside(path) and path not in read:
            continue  # what lies beside a module's code may speak of any environment
        if _PROSE.search(path):
            continue  # whom people are told about in a README is nobody's identity
        whole = file.data.decode("utf-8", "replace")
        if not production.may_be_in(whole):
            continue  # then it is not in the file without its comments either, which takes longer to make
        text = _code(path, whole)
        if production.may_be_in(text):
            for number, line in enumerate(text.split("\n"), start=1):
                yield SearchedText(path, number, line)


def _code(path: str, text: str) -> str:
    """Return what a file says to a program: Terraform's code without its comments, and everything else whole."""
    if not path.endswith((".tf", ".tofu", ".tfvars", ".hcl")):
        return text
    try:
        return _without_comments(text)
    except NotHcl:
        return text


def _in_values(snapshot: EvaluatedEnvironment, side: CodeSide, identity: Identity) -> Iterator[Leak]:
    production = searcher(identity)
    shared = sorted(_shared(side.manifest, identity), key=lambda text: -len(text))
    named = _made_of(identity.production)
    for key, leaf in snapshot.leaves.items():
        if key[1] in ("", CODE) or leaf.file == MANIFEST:
            continue
        text = leaf.value.text if isinstance(leaf.value, Unknown) else leaf.value
        if not isinstance(text, str):
            continue
        told = [*production.found(text), *_lookups(key, leaf, text, identity)]
        if isinstance(leaf.value, str) and identity.production in text and not _FREE_TEXT.search(key[1]):
            left = production.without_own(text)
            for value in shared:
                left = left.replace(value, "\0")
            if match := named.search(left):
                told.append(
                    (_word(left, match), "derived from production's name", f"derive it from `{identity.clone}`")
                )
        line = line_at(side.files, key, leaf) if told else 0
        for found, what, instead in told:
            yield Leak(leaf.file, line, found, f"{what}, in `{key_of(*key)}`", instead)


def _lookups(key: AttributeKey, leaf: Attribute, text: str, identity: Identity) -> Iterator[tuple[str, str, str]]:
    kind = of_stack(key.address)[1]
    is_lookup = kind.startswith("data.") or ".data." in kind
    is_hook_input = key.address.startswith("hook/") and key.attribute.startswith("with.")
    if text == identity.production and (is_lookup or is_hook_input):
        what = "production's name, by which it is looked up" if is_lookup else "production's name, given to a hook"
        yield text, what, f"use `{identity.clone}`"
    if "data.terraform_remote_state." in key.address and isinstance(leaf.value, Unknown):
        yield (
            text,
            "a remote state whose location can't be determined",
            "use an input of the stack, or write the location as plain text",
        )


def _providers(snapshot: EvaluatedEnvironment, identity: Identity, others: frozenset[str]) -> Iterator[Leak]:
    """Yield each provider of the cloud that asserts no account that it may, and each stack that has resources and no provider.

    That is the clone's own; an aliased one may be restricted to one of `others`.
    """
    if not identity.account:
        return
    cloud = identity.cloud
    provider = f"provider.{cloud.provider.rpartition('/')[2]}"
    accounts: dict[str, dict[str, Attribute]] = {}
    stacks: dict[str, Attribute] = {}
    for (address, attribute), leaf in snapshot.leaves.items():
        stack, rest = of_stack(address)
        if rest == provider or rest.startswith(f"{provider}."):
            found = accounts.setdefault(address, {})
            if attribute == "" or attribute.startswith(cloud.account_guard):
                found[attribute] = leaf
        elif attribute == "" and re.search(rf"(^|\.){cloud.prefix}", rest):
            stacks.setdefault(stack, leaf)
    instead = f'set `{cloud.account_guard} = ["{identity.account}"]`'
    for address, found in accounts.items():
        place = next(iter(found.values()), None)
        asserted = [leaf.value for attribute, leaf in found.items() if attribute]
        is_aliased = of_stack(address)[1] != provider
        allowed = {identity.account, *(others if is_aliased else ())}
        if place is not None and not (len(asserted) == 1 and asserted[0] in allowed):
            policy = ", or have the account added to `also` of the clone's account in the policy" if is_aliased else ""
            what = "a provider that doesn't restrict itself to the clone's account"
            yield Leak(place.file, place.line, address, what, f"{instead}{policy}")
    for stack, leaf in stacks.items():
        if not any(address.startswith(f"{stack}/") for address in accounts):
            yield Leak(leaf.file, leaf.line, f"{stack}/{provider}", "missing, so no account is enforced", instead)


def _shared(manifest: Manifest, identity: Identity) -> Iterator[str]:
    """Yield the clone's declared values that hold production's name and are no mark: an image's path, say."""
    marks = {mark.text for mark in identity.marks}
    for value in texts([*manifest.parameters.values()]):
        if identity.production in value and value not in marks and value != identity.production:
            yield value


@lru_cache(maxsize=64)
def _made_of(name: str) -> re.Pattern[str]:
    """Return what finds a name that begins with production's, or a path through it."""
    return re.compile(rf"(?<![A-Za-z0-9_.-]){re.escape(name)}(?=[-/_:.][A-Za-z0-9*])|/{re.escape(name)}/")


def _word(text: str, match: re.Match[str]) -> str:
    return grown(text, match, r"[\w./:*@+-]*")


@lru_cache(maxsize=64)
def _without_comments(text: str) -> str:
    """Return code without its comments, every line where it was. Raises `NotHcl`."""
    plain, at = text.removeprefix(MARK), 0
    kept: list[str] = []
    for token in tokens(text):
        # Between words there is nothing but blanks and comments.
        kept += ["\n" * plain.count("\n", at, token.at) or " " * (token.at > at), token.text]
        at = token.at + len(token.text)
    return "".join(kept)
