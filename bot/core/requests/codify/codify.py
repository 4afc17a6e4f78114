"""Make an environment's code say what a search for drift has found, and change nothing that exists.

A parameter that explains a change is set, as `/set` would. Anything else is written where the resource is in the environment's own
files: a hand edit, which is named and approved as every hand edit is, and in a clone waived as a difference from its source. What was
deleted outside is taken out of the code if nothing uses it. Each edit is tried on the evaluated code, and kept only if nothing but that
resource changes; what is left is named with the reason.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from bot.commands.model import Codify, Set
from bot.core.hcl.address_patterns import key_of, matches
from bot.core.hcl.attributes import AttributeKey
from bot.core.hcl.local_modules import is_outside
from bot.core.hcl.syntax.ast import Block
from bot.core.hcl.syntax.tokens import NAME, decoded, tokens
from bot.core.hcl.values import HclValue, join, leaves
from bot.core.markdown import code
from bot.core.parity.by_code.code_side import CodeSide, evaluated_side
from bot.core.parity.by_code.codified import codified, is_on_the_way, typed
from bot.core.parity.by_code.compare import compare
from bot.core.parity.by_code.evaluated import EvaluatedEnvironment
from bot.core.plans.drift_facts import DriftFact, DriftFacts
from bot.core.plural import counted
from bot.core.rendering.assemble import manifest_file
from bot.core.requests.change import Changed, ChangeSubject, Unchanged, draft_change
from bot.core.requests.codify.splice import CannotSplice, block_at, spliced, without
from bot.core.requests.preflight import refusals
from bot.core.requests.refusal import Refused
from bot.core.tree import HCL_CODE, File, Tree, is_code
from bot.errors import UserError
from bot.model.environment import MANIFEST, Manifest, Waiver
from bot.model.pipeline import Json

MOST_LEFT = 30
"""Things that are left and named; the rest is counted."""
REASON = "Changed outside the code, and kept with /codify."


@dataclass(frozen=True, slots=True)
class CodifySubject:
    """An environment as it is where it is changed; `files` are those of its directory."""

    change: ChangeSubject
    files: Tree


CodifyDraft: TypeAlias = Changed | Unchanged | Refused


def draft_codify(command: Codify, subject: CodifySubject, facts: DriftFacts, now: datetime) -> CodifyDraft:
    """Return the environment whose code says what is there, or why that can't be."""
    if not facts.changes:
        return Unchanged(
            f"No stack of {code(command.name)} had drifted when it was last checked, so nothing was changed."
        )
    try:
        asked = chosen(command, facts)
        manifest, files = _set(subject, facts, asked, now)
        codifying = Codifying(subject, manifest, files, asked)
        left = [said for fact in asked if (said := codifying.take(fact))]
        if not codifying.done:
            raise UserError(f"Nothing of it can be made part of the code:\n{listed_lines(left)}\n\n{_instead(command)}")
        left += [] if command.addresses else _beside(facts)
        return _checked(subject, manifest, codifying, left, now)
    except UserError as error:
        return Refused(str(error))


def _beside(facts: DriftFacts) -> Iterator[str]:
    """Yield what was found, too, and is no change of a resource that is known here."""
    for hook in facts.hooks:
        yield f"hook {code(hook)}: what its check found is not code; it runs again in the apply if the plan says so"
    if facts.left_out:
        yield f"{counted(facts.left_out, 'more change')} did not fit into the report: check for drift again after the apply"


def chosen(command: Codify, facts: DriftFacts) -> Sequence[DriftFact]:
    """Return what was asked for. Raises `UserError` for an address that has not drifted."""
    for address in command.addresses:
        if not any(_is_named(address, fact) for fact in facts.changes):
            known = "\n".join(f"- {code(f'{fact.step}/{fact.address}')}" for fact in facts.changes[:MOST_LEFT])
            raise UserError(f"Nothing called {code(address)} has drifted. These have:\n{known}")
    wanted = command.addresses or ("*",)
    return [fact for fact in facts.changes if any(_is_named(address, fact) for address in wanted)]


def _is_named(address: str, fact: DriftFact) -> bool:
    """Say whether an address is this change's, also as a comment's reader leaves `x["key"]` that is pasted without quotes around it."""
    called = f"{fact.step}/{fact.address}"
    return matches(address, called, "") or matches(address, called.replace('"', ""), "")


def _set(
    subject: CodifySubject, facts: DriftFacts, chosen: Sequence[DriftFact], now: datetime
) -> tuple[Manifest, Tree]:
    """Return the environment with the values of the parameters that explain what is there, as far as `/set` takes them."""
    steps = facts.model_copy(update={"changes": tuple(chosen)}).steps()
    change = subject.change
    values = codified(change.manifest, change.template, steps)
    if values:
        drafted = draft_change(Set(change.manifest.name, values), change, now)
        if isinstance(drafted, Changed):
            return drafted.manifest, drafted.files
    return change.manifest, subject.files


def _checked(
    subject: CodifySubject, manifest: Manifest, codifying: "Codifying", left: Sequence[str], now: datetime
) -> Changed:
    """Return the environment, with its new differences from its source waived. Raises `UserError` when it would not be planned."""
    change, modules = subject.change, subject.change.template.modules
    side, found = CodeSide(manifest, {**codifying.files, **modules}), None
    if change.source is not None:
        before = compare(change.source, CodeSide(change.manifest, {**subject.files, **modules}), change.template, now)
        known = {
            AttributeKey(each.address, each.attribute) for each in before.parity.differences if each.is_unexplained
        }
        found = compare(change.source, side, change.template, now)
        new = [each for each in found.parity.differences if each.is_unexplained]
        places = [place for each in new if (place := AttributeKey(each.address, each.attribute)) not in known]
        if places:
            manifest = manifest.model_copy(update={"waivers": (*manifest.waivers, *_waivers(subject, places))})
            side = CodeSide(manifest, side.files)
            found = compare(change.source, side, change.template, now)
    if refused := refusals(side, found, change.rules, now):
        raise UserError(f"With what is there, the pull request's check would fail: {refused[0]}")
    return Changed(
        manifest,
        {**codifying.files, MANIFEST: manifest_file(manifest, change.template.roots)},
        notes=tuple(_cut(left)),
        is_codified=True,
    )


def _waivers(subject: CodifySubject, places: Sequence[AttributeKey]) -> Iterator[Waiver]:
    manifest = subject.change.manifest
    assert manifest.expires_at is not None, "what has a source is a clone, and expires"
    for place in places:
        what = key_of(*place)[:500]
        yield Waiver(what=what, reason=REASON, owner=manifest.owner, expires_at=manifest.expires_at)


class Codifying:
    """Takes up one thing after the other, each on top of those before it."""

    def __init__(self, subject: CodifySubject, manifest: Manifest, files: Tree, chosen: Sequence[DriftFact]) -> None:
        self.manifest, self.files, self.modules = manifest, dict(files), subject.change.template.modules
        self.done = dict(files) != dict(subject.files)
        self.now = self._evaluated(self.files)
        self.there = {
            AttributeKey(f"{fact.step}/{fact.address}", path): typed(value)
            for fact in chosen
            for path, value in _changes(fact)
        }

    def take(self, fact: DriftFact) -> str:
        """Make the code say one thing that is there; return why not, empty if it does."""
        try:
            secret = [f"{code(name)} is secret" for name in fact.secret]
            if fact.how == "changed" and not (fact.there or fact.should or secret):
                raise CannotSplice("what differs is not known")
            if fact.how != "changed" or self._differing(fact):
                self._keep(fact, *self._attempt(fact))
            return f"{named_fact(fact)}: {', '.join(secret)}" if secret else ""
        except UserError as error:
            return f"{named_fact(fact)}: {error}"

    def _differing(self, fact: DriftFact) -> Sequence[str]:
        """Return the arguments that the code does not say yet: a parameter may have explained some."""
        key = f"{fact.step}/{fact.address}"
        return [
            name
            for name in dict.fromkeys([*fact.there, *fact.should])
            if any(not _says(self.now, AttributeKey(key, path), value) for path, value in _changes(fact, name))
        ]

    def _attempt(self, fact: DriftFact) -> tuple[str, bytes]:
        """Return the file that the thing is in, and what it becomes. Raises `UserError`."""
        place = self.now.leaves.get(AttributeKey(f"{fact.step}/{fact.address}", ""))
        if fact.how == "extra" or place is None:
            raise CannotSplice("it is not in the code")
        if is_outside(place.file):
            raise CannotSplice(f"it is in {code(place.file)}, which other environments use, too")
        block = block_at(place.file, self.files[place.file].data, place.line) if place.file.endswith(HCL_CODE) else None
        if block is None:
            raise CannotSplice(f"it is not a block of {code(place.file)} that can be edited")
        data = self.files[place.file].data
        if fact.how == "changed":
            names = self._differing(fact)
            there, should = ({name: each[name] for name in names if name in each} for each in (fact.there, fact.should))
            return place.file, spliced(place.file, data, block, there, should)
        if block.setting("count") or block.setting("for_each"):
            raise CannotSplice("its block makes it with `count` or `for_each`")
        if (user := self._user(place.file, block)) is not None:
            raise CannotSplice(f"{code(user)} still uses it")
        return place.file, without(place.file, data, block)

    def _user(self, path: str, own: Block) -> str | None:
        """Return the place in the module that refers to a resource outside of its own block; None when there is none."""
        folder = path.rpartition("/")[0]
        for other, file in self.files.items():
            if other.rpartition("/")[0] != folder or not is_code(other, self.files):
                continue
            if other.endswith(".json"):
                if ".".join(own.labels).encode() in file.data:
                    return f"{other}:1"
                continue
            words = tokens(decoded(other, file.data))
            for first, dot, second in zip(words, words[1:], words[2:], strict=False):
                is_own = other == path and own.begin <= first.at < own.end
                if (
                    [first.text, second.text] == list(own.labels)
                    and dot.kind == "."
                    and first.kind == NAME
                    and not is_own
                ):
                    return f"{other}:{first.line}"
        return None

    def _keep(self, fact: DriftFact, path: str, data: bytes) -> None:
        """Take the edit if it changes nothing else, and says what is there. Raises `CannotSplice`."""
        files = {**self.files, path: File(data, self.files[path].executable)}
        after, own = self._evaluated(files), f"{fact.step}/{fact.address}"
        block = self.now.blocks.get(own, own)
        for key in sorted(self.now.leaves.keys() | after.leaves.keys()):
            before, becomes = self.now.leaves.get(key), after.leaves.get(key)
            values = [each.value if each is not None else None for each in (before, becomes)]
            is_there = key in self.there and becomes is not None and typed(becomes.value) == self.there[key]
            if (
                key.address not in {own, block}
                and values[0] != values[1]
                and not is_on_the_way(key.address)
                and not is_there
            ):
                raise CannotSplice(f"{code(key_of(*key))} would change with it")
        for place, value in _changes(fact):
            # In which order blocks are in the state, the code does not tell; and what is empty is not written.
            is_told = "[" not in place.replace('["', "") and typed(value)
            if is_told and not _says(after, AttributeKey(own, place), value):
                raise CannotSplice(f"{code(place)} would not become what is there")
        self.files, self.now, self.done = files, after, True

    def _evaluated(self, files: Tree) -> EvaluatedEnvironment:
        return evaluated_side(CodeSide(self.manifest, {**files, **self.modules}))


def _changes(fact: DriftFact, name: str | None = None) -> Iterator[tuple[str, Json]]:
    """Yield what is there of a resource, or of one of its arguments, and differs, by the path that it has in evaluated code."""
    for each in dict.fromkeys([*fact.there, *fact.should]) if name is None else [name]:
        yield from _leaves(fact.there.get(each), fact.should.get(each), join("", each))


def _leaves(now: Json, said: Json, path: str) -> Iterator[tuple[str, Json]]:
    if now == said:
        return
    if isinstance(now, dict) and isinstance(said, dict):
        for key in dict.fromkeys([*now, *said]):
            yield from _leaves(now.get(key), said.get(key), join(path, key))
    elif isinstance(now, list) and isinstance(said, list) and len(now) == len(said):
        for position, (one, other) in enumerate(zip(now, said, strict=True)):
            yield from _leaves(one, other, f"{path}[{position}]")
    else:
        yield path, now


def _says(environment: EvaluatedEnvironment, key: AttributeKey, value: Json) -> bool:
    """Say whether evaluated code has a value, or the same JSON, which may be evaluated to what is in it."""
    leaf, there, (address, path) = environment.leaves.get(key), typed(value), key
    if leaf is not None and typed(leaf.value) == there:
        return True
    document = _document(there)
    if document is None:
        return False
    if leaf is not None:
        return _document(typed(leaf.value)) == document
    inside = {
        at: each.value
        for (of, at), each in environment.leaves.items()
        if of == address and at.startswith((f"{path}.", f"{path}["))
    }
    return inside == dict(leaves(document, path))


def _document(text: str | None) -> HclValue:
    """Return the JSON that a text is; None for any other text."""
    try:
        found: HclValue = json.loads(text) if text is not None and text.lstrip().startswith(("{", "[")) else None
    except (ValueError, RecursionError):
        return None
    return found


def named_fact(fact: DriftFact) -> str:
    return code(f"{fact.step}/{fact.address}")


def listed_lines(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in _cut(lines))


def _cut(lines: Sequence[str]) -> Sequence[str]:
    more = [f"… and {len(lines) - MOST_LEFT} more"] if len(lines) > MOST_LEFT else []
    return [*lines[:MOST_LEFT], *more]


def _instead(command: Codify) -> str:
    return f"Comment {code(f'/repair {command.name}')} to put back what was there, or change the template."
