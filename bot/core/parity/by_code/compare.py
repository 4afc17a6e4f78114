"""Compare a clone with production by code: every attribute of every block, with the parameters that cause each difference.

Properties. Causes are computed: the clone is rendered and evaluated once more with one parameter as production has it, and
what then changes is caused by that parameter. A difference is explained only if it vanishes when all parameters are put
back; what is left is the template's revision when the two have different ones, and a hand edit otherwise. Where a
hand edit stands on top of what a parameter does, it is a hand edit.

Design. `snapshot` makes one mapping of (address, attribute) to value out of an environment; everything here compares such
mappings. Only `*.j2` files differ between renderings, and stacks are evaluated once for each content.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.hcl.attributes import Attribute
from bot.core.hcl.values import Unknown, written
from bot.core.parity.aspects import AspectFacts, aspect_of, is_secret
from bot.core.parity.by_code.causes import Renderings, attributed, same
from bot.core.parity.by_code.evaluated import (
    CODE,
    CONTENT,
    AttributeKey,
    EvaluatedEnvironment,
    InputReference,
    first_difference,
    line_at,
    snapshot,
)
from bot.core.parity.contract import Contract, breaches
from bot.core.parity.identity import Identity, identity
from bot.core.parity.report import Cause, Difference, Parity
from bot.core.parity.waivers import Waivers
from bot.core.rendering.assemble import TemplateAt, read_hooks, read_manifest
from bot.core.tree import Tree
from bot.model.environment import HOOKS, MANIFEST, Manifest

LONGEST = 300
"""Characters of a value that are shown: a table's cell cuts at 80, the page and JSON show more; 300 hold a short policy."""
HIDDEN = "***"
LAYOUT = "comments and layout, which mean nothing to Terraform"


@dataclass(frozen=True, slots=True)
class CodeSide:
    """An environment: its manifest and its files."""

    manifest: Manifest
    files: Tree


def read_side(files: Tree, where: str) -> CodeSide:
    """Return the environment in the directory `where`. Raises `Unreadable`, also for hooks, which are compared too."""
    read_hooks(files, where)
    return CodeSide(read_manifest(files, where), files)


@dataclass(frozen=True, slots=True)
class CodeComparison:
    """The comparison, with what further checks need: both sides' values, and who is who, with production's own names."""

    parity: Parity
    production: EvaluatedEnvironment
    clone: EvaluatedEnvironment
    identity: Identity


def evaluated_side(side: CodeSide) -> EvaluatedEnvironment:
    """Return all values of an environment, for many comparisons with it. Raises `InvalidInput`."""
    return snapshot(_input(side))


def compare(
    production: CodeSide,
    clone: CodeSide,
    template: TemplateAt,
    now: datetime,
    *,
    evaluated: EvaluatedEnvironment | None = None,
) -> CodeComparison:
    """Return how `clone`, rendered from `template` at its own revision, differs from `production`. Raises `InvalidInput`.

    `evaluated` holds production's values where they are known already.
    """
    return _Comparer(production, clone, template, now, theirs=evaluated or evaluated_side(production)).compared()


class _Comparer:
    def __init__(
        self,
        production: CodeSide,
        clone: CodeSide,
        template: TemplateAt,
        now: datetime,
        *,
        theirs: EvaluatedEnvironment,
    ) -> None:
        self.production, self.clone, self.template, self.now = production, clone, template, now
        self.declared = template.declaration.parameters
        self.identity = identity(self.declared, production.manifest, clone.manifest, template.cloud)
        self.renderings = Renderings(production.manifest, clone.manifest, template, self.identity)
        self.theirs = theirs
        self.ours = snapshot(_input(clone), self.renderings.rename)
        self.keys = self._different()

    def compared(self) -> CodeComparison:
        told = attributed(self.renderings, self.keys, self.theirs, self.ours)
        ours, theirs = self.clone.manifest, self.production.manifest
        revisions_differ = (ours.template, ours.revision) != (theirs.template, theirs.revision)
        found: list[tuple[AttributeKey, Difference]] = []
        for key in self.keys:
            is_edited = key in told.edited
            is_back = key in told.vanishing and not is_edited
            is_revision = not is_back and not is_edited and revisions_differ
            by = told.causes.get(key, ()) if is_back or is_revision else ()
            found.append((key, self._difference(key, by, is_revision)))
        kept = list(self._without_echoes(found))
        equal = self._equal()
        set_apart = self._set_apart()
        attributes = {key for key in self.theirs.leaves.keys() | self.ours.leaves.keys() if _is_attribute(key)}
        both = sum(key[0] not in self._one_sided for key in attributes) - sum(
            count for rule, count in set_apart.items() if rule != LAYOUT
        )
        parity = Parity(
            environment=ours.name,
            against=theirs.name,
            depth="code",
            compared=both + sum(each.kind != "changed" for each in kept),
            differences=sorted(kept, key=_order),
            breaches=breaches(Contract(self.template, theirs, ours), kept, equal),
            set_apart=set_apart,
        )
        return CodeComparison(parity, self.theirs, self.ours, self.identity.with_names(self._names()))

    # What differs.

    def _different(self) -> Sequence[AttributeKey]:
        theirs, ours = self.theirs.leaves, self.ours.leaves
        self._one_sided = {a for a, at in theirs.keys() ^ ours.keys() if at == ""}
        found = []
        for key in theirs.keys() | ours.keys():
            address, attribute = key
            if attribute not in ("", CODE) and address in self._one_sided:
                continue  # the whole is missing or extra
            if not same(theirs.get(key), ours.get(key)):
                found.append(key)
        return sorted(found)

    def _equal(self) -> Mapping[AttributeKey, str]:
        return {
            key: str(leaf.value)
            for key, leaf in self.ours.leaves.items()
            if _is_attribute(key)
            and isinstance(leaf.value, str)
            and leaf.value
            and key in self.theirs.leaves
            and same(self.theirs.leaves[key], leaf)
        }

    def _set_apart(self) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        for key, leaf in self.ours.leaves.items():
            other = self.theirs.leaves.get(key)
            if isinstance(leaf.value, Unknown) and other is not None and same(other, leaf) and _is_attribute(key):
                rule = min(leaf.value.rules, default="known only to Terraform")
                counts[rule] = counts.get(rule, 0) + 1
        seen = {leaf.file for key in self.keys if (leaf := self._leaf(key)).file == HOOKS or key[1] == CODE}
        for path in self.theirs.read & self.ours.read - {MANIFEST} - seen:
            if self.production.files.get(path) != self.clone.files.get(path) and not path.endswith(".json"):
                counts[LAYOUT] = counts.get(LAYOUT, 0) + 1
        return dict(sorted(counts.items()))

    def _names(self) -> Iterator[tuple[str, str]]:
        """Yield production's names with what the template makes of them for the clone, whatever the clone has there now."""
        for key, leaf in self.renderings.ideal.leaves.items():
            other, own = self.theirs.leaves.get(key), leaf.value
            if other is None or not isinstance(own, str) or not isinstance(other.value, str) or not _is_attribute(key):
                continue
            if own != other.value and self.identity.mapped(own) == other.value:
                yield other.value, own

    # How it is said.

    def _difference(self, key: AttributeKey, causes: tuple[Cause, ...], is_revision: bool) -> Difference:
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
        facts = AspectFacts(
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
            aspect=aspect_of(facts, self.template.declaration.aspects, self.template.cloud),
            causes=causes,
            waiver=Waivers(self.clone.manifest.waivers, self.now).naming(address, shown_attribute),
            file=place.file,
            line=self._line(key, place),
            is_revision=is_revision,
        )

    def _is_identity(self, theirs: Attribute | None, ours: Attribute | None) -> bool:
        if theirs is None or ours is None or type(theirs.value) is not type(ours.value):
            return False
        return self.identity.mapped(_text(ours)) == _text(theirs)

    def _shown(self, key: AttributeKey, theirs: Attribute | None, ours: Attribute | None) -> tuple[str, str]:
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

    def _is_secret(self, address: str, attribute: str, leaf: Attribute | None) -> bool:
        if leaf is not None and isinstance(leaf.value, bool):
            return False
        sensitive = self.theirs.sensitive | self.ours.sensitive
        return is_secret(attribute) or (leaf is not None and bool(leaf.reads & sensitive))

    def _line(self, key: AttributeKey, place: Attribute) -> int:
        address, attribute = key
        if attribute in (CODE, CONTENT) and place.file == address:
            one, other = (side.files.get(address) for side in (self.production, self.clone))
            return first_difference(one.data, other.data) if one and other else 1
        files = self.clone.files if place.file in self.clone.files else self.production.files
        theirs, ours = self.theirs.leaves.get(key), self.ours.leaves.get(key)
        if attribute == CODE and theirs and ours:
            return ours.line + _parting(*self._sources(theirs, ours))[0]
        return line_at(files, key, place)

    def _sources(self, theirs: Attribute, ours: Attribute) -> tuple[list[str], list[str]]:
        """Return the lines of both files from the block on."""
        sides = (self.production.files, theirs), (self.clone.files, ours)
        one, other = (
            files[leaf.file].data.decode("utf-8", "replace").splitlines()[leaf.line - 1 :] for files, leaf in sides
        )
        return one, other

    # What is said twice.

    def _without_echoes(self, found: Sequence[tuple[AttributeKey, Difference]]) -> Iterator[Difference]:
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

    def _leaf(self, key: AttributeKey) -> Attribute:
        return self.ours.leaves[key] if key in self.ours.leaves else self.theirs.leaves[key]

    def _block(self, address: str) -> str:
        return self.ours.blocks.get(address) or self.theirs.blocks.get(address) or address


def _input(side: CodeSide) -> InputReference:
    manifest = side.manifest
    return InputReference(side.files, manifest.parameters, manifest.purpose, manifest.stacks)


def _is_attribute(key: AttributeKey) -> bool:
    return key[1] not in ("", CODE)


def _text(leaf: Attribute) -> str:
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


def _order(each: Difference) -> tuple[int, bool, str, str]:
    kinds = {"missing": 0, "extra": 1, "changed": 2}
    return kinds[each.kind], not each.is_unexplained, each.address, each.attribute
