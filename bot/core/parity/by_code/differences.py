"""How one difference between two environments' code is told: both texts, where it stands, of which aspect it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.hcl.attributes import Attribute, AttributeKey
from bot.core.hcl.values import written
from bot.core.parity.aspects import AspectFacts, aspect_of, is_secret
from bot.core.parity.by_code.code_side import Sides
from bot.core.parity.by_code.evaluated import CONTENT, first_difference, line_at
from bot.core.parity.by_code.stack_values import CODE
from bot.core.parity.identity import Identity
from bot.core.parity.report import Cause, Difference
from bot.core.parity.waivers import Waivers
from bot.core.rendering.assemble import TemplateAt

LONGEST = 300
"""Characters of a value that are shown: a table's cell cuts at 80, the page and JSON show more; 300 hold a short policy."""
HIDDEN = "***"


@dataclass(frozen=True, slots=True)
class Differences:
    """Tells the differences of two sides; `now` says which waivers still hold."""

    sides: Sides
    template: TemplateAt
    identity: Identity
    now: datetime

    def difference(self, key: AttributeKey, causes: tuple[Cause, ...], is_revision: bool) -> Difference:
        """Return the difference at `key` with its texts, place, aspect and causes."""
        theirs, ours = self.sides.theirs.leaves.get(key), self.sides.ours.leaves.get(key)
        kind = "changed"
        if key.attribute == "" or (key.attribute == CODE and (theirs is None or ours is None)):
            kind = "missing" if ours is None else "extra"
        shown_attribute = "" if kind != "changed" else key.attribute
        texts = self._shown(key, theirs, ours)
        place = ours or theirs
        assert place is not None
        parameters = [
            self.template.declaration.parameters[cause.parameter]
            for cause in causes
            if cause.parameter in self.template.declaration.parameters
        ]
        facts = AspectFacts(
            kind,
            key.address,
            shown_attribute,
            is_identity=self._is_identity(theirs, ours),
            is_outbound=any(parameter.outbound for parameter in parameters),
            is_caused_by_identity=bool(parameters) and all(parameter.identity for parameter in parameters),
        )
        return Difference(
            kind=kind,  # type: ignore[arg-type]
            address=key.address,
            attribute=shown_attribute,
            production=texts[0],
            clone=texts[1],
            aspect=aspect_of(facts, self.template.declaration.aspects, self.template.cloud),
            causes=causes,
            waiver=Waivers(self.sides.clone.manifest.waivers, self.now).naming(key.address, shown_attribute),
            file=place.file,
            line=self._line(key, place),
            is_revision=is_revision,
        )

    def _is_identity(self, theirs: Attribute | None, ours: Attribute | None) -> bool:
        if theirs is None or ours is None or type(theirs.value) is not type(ours.value):
            return False
        return self.identity.mapped(_text(ours)) == _text(theirs)

    def _shown(self, key: AttributeKey, theirs: Attribute | None, ours: Attribute | None) -> tuple[str, str]:
        attribute = key.attribute
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
        if attribute not in ("", CODE) and self._is_secret(attribute, theirs or ours):
            texts = [text if text == "(not set)" else HIDDEN for text in texts]
        return _cut(texts[0]), _cut(texts[1])

    def _is_secret(self, attribute: str, leaf: Attribute | None) -> bool:
        if leaf is not None and isinstance(leaf.value, bool):
            return False
        sensitive = self.sides.theirs.sensitive | self.sides.ours.sensitive
        return is_secret(attribute) or (leaf is not None and bool(leaf.reads & sensitive))

    def _line(self, key: AttributeKey, place: Attribute) -> int:
        if key.attribute in (CODE, CONTENT) and place.file == key.address:
            one, other = (side.files.get(key.address) for side in (self.sides.production, self.sides.clone))
            return first_difference(one.data, other.data) if one and other else 1
        files = self.sides.clone.files if place.file in self.sides.clone.files else self.sides.production.files
        theirs, ours = self.sides.theirs.leaves.get(key), self.sides.ours.leaves.get(key)
        if key.attribute == CODE and theirs and ours:
            return ours.line + _parting(*self._sources(theirs, ours))[0]
        return line_at(files, key, place)

    def _sources(self, theirs: Attribute, ours: Attribute) -> tuple[list[str], list[str]]:
        """Return the lines of both files from the block on."""
        sides = (self.sides.production.files, theirs), (self.sides.clone.files, ours)
        one, other = (
            files[leaf.file].data.decode("utf-8", "replace").splitlines()[leaf.line - 1 :] for files, leaf in sides
        )
        return one, other


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
