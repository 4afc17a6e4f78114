"""Compare a clone with production by code: every attribute of every block, with the parameters that cause each difference.

Properties. Causes are computed: the clone is rendered and evaluated once more with one parameter as production has it, and
what then changes is caused by that parameter. A difference is explained only if it vanishes when all parameters are put
back; what is left is the template's revision when the two have different ones, and a hand edit otherwise. Where a
hand edit stands on top of what a parameter does, it is a hand edit.

Design. `snapshot` makes one mapping of (address, attribute) to value out of an environment; everything here compares such
mappings. Only `*.j2` files differ between renderings, and stacks are evaluated once for each content.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from bot.core.assemble import TemplateAt
from bot.core.parity.aspects import Facts, aspect_of, is_secret
from bot.core.parity.contract import breaches
from bot.core.parity.identity import Identity, identity
from bot.core.parity.module import Leaf
from bot.core.parity.report import Cause, Difference, Parity
from bot.core.parity.snapshot import CODE, CONTENT, Input, Key, Snapshot, first_difference, line_at, renaming, snapshot
from bot.core.parity.value import Unknown, written
from bot.core.parity.waivers import waiver_for
from bot.core.render import ENDING, NOT_RENDERED, Parameters, render
from bot.core.resolve import Origin, origin
from bot.core.tree import File, Tree
from bot.environment import HOOKS, MANIFEST, Manifest
from bot.names import ParameterName, PurposeName

LONGEST = 300
"""Characters of a value that are shown."""
HIDDEN = "***"
PURPOSE = ParameterName("purpose")
LAYOUT = "comments and layout, which mean nothing to Terraform"


@dataclass(frozen=True, slots=True)
class Side:
    """An environment: its manifest and its files."""

    manifest: Manifest
    files: Tree


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison, with what further checks need: both sides' values, and who is who, with production's own names."""

    parity: Parity
    production: Snapshot
    clone: Snapshot
    identity: Identity


def compare(production: Side, clone: Side, template: TemplateAt, now: datetime) -> Comparison:
    """Return how `clone`, rendered from `template` at its own revision, differs from `production`. Raises `InvalidInput`."""
    return _Comparer(production, clone, template, now).compared()


class _Comparer:
    def __init__(self, production: Side, clone: Side, template: TemplateAt, now: datetime) -> None:
        self.production, self.clone, self.template, self.now = production, clone, template, now
        self.declared = template.declaration.parameters
        self.identity = identity(self.declared, production.manifest, clone.manifest)
        self.rename = renaming(self.identity.mapped)
        self.theirs = snapshot(self._input(production))
        self.ours = snapshot(self._input(clone), self.rename)
        self.ideal_files: Tree | None = None
        self.keys = self._different()

    def compared(self) -> Comparison:
        causes, vanishing, edited = self._attributed()
        found: list[tuple[Key, Difference]] = []
        for key in self.keys:
            is_edited = key in edited
            is_back = key in vanishing and not is_edited
            is_revision = not is_back and not is_edited and self._revisions_differ
            by = causes.get(key, ()) if is_back or is_revision else ()
            found.append((key, self._difference(key, by, is_revision)))
        kept = list(self._without_echoes(found))
        equal = self._equal()
        set_apart = self._set_apart()
        attributes = {key for key in self.theirs.leaves.keys() | self.ours.leaves.keys() if _is_attribute(key)}
        both = sum(key[0] not in self._one_sided for key in attributes) - sum(
            count for rule, count in set_apart.items() if rule != LAYOUT
        )
        manifests = self.production.manifest, self.clone.manifest
        parity = Parity(
            environment=self.clone.manifest.name,
            against=self.production.manifest.name,
            depth="code",
            compared=both + sum(each.kind != "changed" for each in kept),
            differences=sorted(kept, key=_order),
            breaches=breaches(self.template.declaration, manifests, kept, equal),
            set_apart=set_apart,
        )
        return Comparison(parity, self.theirs, self.ours, self.identity.with_names(self._names()))

    # What differs.

    def _different(self) -> Sequence[Key]:
        theirs, ours = self.theirs.leaves, self.ours.leaves
        self._one_sided = {a for a, at in theirs.keys() ^ ours.keys() if at == ""}
        found = []
        for key in theirs.keys() | ours.keys():
            address, attribute = key
            if attribute not in ("", CODE) and address in self._one_sided:
                continue  # the whole is missing or extra
            if not _same(theirs.get(key), ours.get(key)):
                found.append(key)
        return sorted(found)

    def _equal(self) -> Mapping[Key, str]:
        return {
            key: str(leaf.value)
            for key, leaf in self.ours.leaves.items()
            if _is_attribute(key)
            and isinstance(leaf.value, str)
            and leaf.value
            and key in self.theirs.leaves
            and _same(self.theirs.leaves[key], leaf)
        }

    def _set_apart(self) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        for key, leaf in self.ours.leaves.items():
            other = self.theirs.leaves.get(key)
            if isinstance(leaf.value, Unknown) and other is not None and _same(other, leaf) and _is_attribute(key):
                rule = min(leaf.value.rules, default="known to Terraform alone")
                counts[rule] = counts.get(rule, 0) + 1
        seen = {leaf.file for key in self.keys if (leaf := self._leaf(key)).file == HOOKS or key[1] == CODE}
        for path in self.theirs.read & self.ours.read - {MANIFEST} - seen:
            if self.production.files.get(path) != self.clone.files.get(path) and not path.endswith(".json"):
                counts[LAYOUT] = counts.get(LAYOUT, 0) + 1
        return dict(sorted(counts.items()))

    # Who causes it.

    @property
    def _revisions_differ(self) -> bool:
        ours, theirs = self.clone.manifest, self.production.manifest
        return (ours.template, ours.revision) != (theirs.template, theirs.revision)

    def _attributed(self) -> tuple[Mapping[Key, tuple[Cause, ...]], set[Key], set[Key]]:
        """Return the causes of each key, the keys whose difference vanishes with all put back, and those edited by hand."""
        wanted, values = self.clone.manifest.parameters, self.production.manifest.parameters
        ideal = self.ideal = self._evaluated(wanted, self.clone.manifest.purpose)
        edited = {key for key in self.keys if not _same(ideal.leaves.get(key), self.ours.leaves.get(key))}
        changed = [n for n, value in wanted.items() if n in values and values[n] != value and n in self.declared]
        everything: Mapping[ParameterName, object] = dict.fromkeys(changed)
        back = self._put_back(everything, purpose=True)
        vanishing = {key for key in self.keys if _same(back.leaves.get(key), self.theirs.leaves.get(key))}
        causes: dict[Key, list[Cause]] = {}
        for name in changed:
            self._credit(causes, edited, (ideal, self._put_back({name: None})), self._cause(name))
        if self.production.manifest.purpose != self.clone.manifest.purpose:
            cause = Cause(PURPOSE, Origin.PURPOSE)
            self._credit(causes, edited, (ideal, self._put_back({}, purpose=True)), cause)
        for key in self.keys:
            if key in vanishing and key not in edited and key not in causes:
                causes[key] = self._together(key, changed)
        return {key: tuple(found) for key, found in causes.items()}, vanishing, edited

    def _credit(
        self, causes: dict[Key, list[Cause]], edited: set[Key], between: tuple[Snapshot, Snapshot], cause: Cause
    ) -> None:
        before, after = between
        for key in self.keys:
            changes = key not in edited and not _same(before.leaves.get(key), after.leaves.get(key))
            if changes and cause.parameter not in {known.parameter for known in causes.get(key, ())}:
                causes.setdefault(key, []).append(cause)

    def _together(self, key: Key, changed: Sequence[ParameterName]) -> list[Cause]:
        """Return a smallest set of parameters that only together make a difference vanish (`a && b`)."""
        needed = list(changed)
        for name in changed:
            without = [other for other in needed if other != name]
            if _same(self._put_back(dict.fromkeys(without), purpose=True).leaves.get(key), self.theirs.leaves.get(key)):
                needed = without
        return [self._cause(name) for name in needed]

    def _cause(self, name: ParameterName) -> Cause:
        manifests = self.clone.manifest, self.production.manifest
        return Cause(name, origin(self.template.declaration, *manifests, name))

    def _put_back(self, names: Mapping[ParameterName, object], purpose: bool = False) -> Snapshot:
        theirs, ours = self.production.manifest, self.clone.manifest
        values = {**ours.parameters, **{name: theirs.parameters[name] for name in names}}
        return self._evaluated(values, theirs.purpose if purpose else ours.purpose)

    def _evaluated(self, values: Parameters, purpose: PurposeName) -> Snapshot:
        key = json.dumps([values, purpose], sort_keys=True)
        return _ideal(_Ideal(self.template.revision, self.identity, key, self, values, purpose))

    def evaluated_afresh(self, values: Parameters, purpose: PurposeName) -> Snapshot:
        """Return the values of an environment as the template renders it with these values."""
        if self.ideal_files is None:
            self.ideal_files = self._rendered(self.clone.manifest.parameters, self.template.files)
        dynamic = {path: file for path, file in self.template.files.items() if path.endswith(ENDING)}
        files = {**self.ideal_files, **self._rendered(values, dynamic)}
        return snapshot(Input(files, values, purpose, self.template.declaration.stacks), self.rename)

    def _rendered(self, values: Parameters, files: Tree) -> dict[str, File]:
        return render({p: f for p, f in files.items() if p not in NOT_RENDERED}, self.declared, values)

    def _input(self, side: Side) -> Input:
        manifest = side.manifest
        return Input(side.files, manifest.parameters, manifest.purpose, manifest.stacks)

    def _names(self) -> Iterator[tuple[str, str]]:
        """Yield production's names with what the template makes of them for the clone, whatever the clone has there now."""
        for key, leaf in self.ideal.leaves.items():
            other, own = self.theirs.leaves.get(key), leaf.value
            if other is None or not isinstance(own, str) or not isinstance(other.value, str) or not _is_attribute(key):
                continue
            if own != other.value and self.identity.mapped(own) == other.value:
                yield other.value, own

    # How it is said.

    def _difference(self, key: Key, causes: tuple[Cause, ...], is_revision: bool) -> Difference:
        address, attribute = key
        theirs, ours = self.theirs.leaves.get(key), self.ours.leaves.get(key)
        kind = "changed"
        if attribute == "" or (attribute == CODE and (theirs is None or ours is None)):
            kind = "missing" if ours is None else "extra"
        shown_attribute = "" if kind != "changed" else attribute
        texts = self._shown(key, theirs, ours)
        place = ours or theirs
        assert place is not None
        parameters = [self.declared[cause.parameter] for cause in causes if cause.parameter in self.declared]
        facts = Facts(
            kind,
            address,
            shown_attribute,
            is_identity=self._is_identity(theirs, ours),
            is_outbound=any(parameter.outbound for parameter in parameters),
            is_caused_by_identity=bool(parameters) and all(parameter.identity for parameter in parameters),
        )
        return Difference(
            kind=kind,  # type: ignore[arg-type]
            address=address,
            attribute=shown_attribute,
            production=texts[0],
            clone=texts[1],
            aspect=aspect_of(facts, self.template.declaration.aspects),
            causes=causes,
            waiver=waiver_for(self.clone.manifest.waivers, address, shown_attribute, self.now),
            file=place.file,
            line=self._line(key, place),
            is_revision=is_revision,
        )

    def _is_identity(self, theirs: Leaf | None, ours: Leaf | None) -> bool:
        if theirs is None or ours is None or type(theirs.value) is not type(ours.value):
            return False
        return self.identity.mapped(_text(ours)) == _text(theirs)

    def _shown(self, key: Key, theirs: Leaf | None, ours: Leaf | None) -> tuple[str, str]:
        address, attribute = key
        if attribute == "" or theirs is None or ours is None:
            absent = "" if attribute in ("", CODE) else "(not set)"
            texts = [
                absent if leaf is None else "present" if attribute in ("", CODE) else _text(leaf)
                for leaf in (theirs, ours)
            ]
        elif attribute == CODE:
            texts = list(_parting(*self._sources(theirs, ours))[1:])
        else:
            texts = [_text(theirs), _text(ours)]
        if attribute not in ("", CODE) and self._is_secret(address, attribute, theirs or ours):
            texts = [text if text == "(not set)" else HIDDEN for text in texts]
        return _cut(texts[0]), _cut(texts[1])

    def _is_secret(self, address: str, attribute: str, leaf: Leaf | None) -> bool:
        if leaf is not None and isinstance(leaf.value, bool):
            return False
        sensitive = self.theirs.sensitive | self.ours.sensitive
        return is_secret(attribute) or (leaf is not None and bool(leaf.reads & sensitive))

    def _line(self, key: Key, place: Leaf) -> int:
        address, attribute = key
        if attribute in (CODE, CONTENT) and place.file == address:
            one, other = (side.files.get(address) for side in (self.production, self.clone))
            return first_difference(one.data, other.data) if one and other else 1
        files = self.clone.files if place.file in self.clone.files else self.production.files
        theirs, ours = self.theirs.leaves.get(key), self.ours.leaves.get(key)
        if attribute == CODE and theirs and ours:
            return ours.line + _parting(*self._sources(theirs, ours))[0]
        return line_at(files, key, place)

    def _sources(self, theirs: Leaf, ours: Leaf) -> tuple[list[str], list[str]]:
        """Return the lines of both files from the block on."""
        sides = (self.production.files, theirs), (self.clone.files, ours)
        one, other = (
            files[leaf.file].data.decode("utf-8", "replace").splitlines()[leaf.line - 1 :] for files, leaf in sides
        )
        return one, other

    # What is said twice.

    def _without_echoes(self, found: Sequence[tuple[Key, Difference]]) -> Iterator[Difference]:
        """Leave out what another difference shows already: a variable where its effect is seen, code where its values are."""
        blocks: dict[str, list[Difference]] = {}
        read: set[str] = set()
        for key, each in found:
            if key[1] != CODE and "/var." not in key[0]:
                blocks.setdefault(self._block(key[0]), []).append(each)
                for leaf in (self.theirs.leaves.get(key), self.ours.leaves.get(key)):
                    read |= leaf.reads if leaf else frozenset()
        for (address, attribute), each in found:
            stack, _, variable = address.partition("/var.")
            if attribute == CODE:
                shown = blocks.get(address, [])
                is_echo = any(not other.is_explained for other in shown) or (each.is_explained and bool(shown))
            else:
                is_echo = bool(variable) and each.is_explained and f"{stack}/{variable}" in read
            if not is_echo:
                yield each

    def _leaf(self, key: Key) -> Leaf:
        return self.ours.leaves[key] if key in self.ours.leaves else self.theirs.leaves[key]

    def _block(self, address: str) -> str:
        return self.ours.blocks.get(address) or self.theirs.blocks.get(address) or address


@dataclass(frozen=True)
class _Ideal:
    """What decides an ideal snapshot: template, identity, values and purpose. The rest is how to make one."""

    revision: str
    identity: Identity
    key: str
    comparer: "_Comparer" = field(compare=False)
    values: Parameters = field(compare=False)
    purpose: PurposeName = field(compare=False)


@lru_cache(maxsize=128)
def _ideal(job: _Ideal) -> Snapshot:
    """Return a snapshot, remembered: a clone is compared when it is drafted, when it is proposed and when it is checked."""
    return job.comparer.evaluated_afresh(job.values, job.purpose)


def forget() -> None:
    """Forget what was evaluated before; for measurements."""
    _ideal.cache_clear()


def _is_attribute(key: Key) -> bool:
    return key[1] not in ("", CODE)


def _same(one: Leaf | None, other: Leaf | None) -> bool:
    if one is None or other is None:
        return one is other
    a, b = one.value, other.value
    if isinstance(a, Unknown) and isinstance(b, Unknown):
        return a.text == b.text
    return isinstance(a, bool) == isinstance(b, bool) and type(a) is not Unknown and a == b


def _text(leaf: Leaf) -> str:
    return leaf.value if isinstance(leaf.value, str) else written(leaf.value)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _parting(one: Sequence[str], other: Sequence[str]) -> tuple[int, str, str]:
    """Return the first lines in which two blocks' codes differ, and how far down the second one's is."""
    theirs, ours = (list(_meaningful(lines)) for lines in (one, other))
    for (_, a), (at, b) in zip(theirs, ours, strict=False):
        if a != b:
            return at, a, b
    shorter = min(len(theirs), len(ours))
    rest = (theirs[shorter:] or [(0, "")])[0], (ours[shorter:] or [(0, "")])[0]
    return rest[1][0], rest[0][1], rest[1][1]


def _meaningful(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    for at, line in enumerate(lines):
        code = " ".join(line.split())
        if code and not code.startswith(("#", "//")):
            yield at, code


def _order(each: Difference) -> tuple[int, int, str, str]:
    kinds = {"missing": 0, "extra": 1, "changed": 2}
    return (0 if each.is_unexplained else 1, kinds[each.kind], each.address, each.attribute)
