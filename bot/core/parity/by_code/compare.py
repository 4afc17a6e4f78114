"""Compare a clone with production by code: every attribute of every block, with the parameters that cause each difference.

Properties. Causes are computed: the clone is rendered and evaluated once more with one parameter as production has it, and
what then changes is caused by that parameter. A difference is explained only if it vanishes when all parameters are put
back; what is left is the template's revision when the two have different ones, and a hand edit otherwise. Where a
hand edit stands on top of what a parameter does, it is a hand edit.

Design. `snapshot` makes one mapping of (address, attribute) to value out of an environment; everything here compares such
mappings. Only `*.j2` files differ between renderings, and stacks are evaluated once for each content.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from bot.core.hcl.attributes import AttributeKey
from bot.core.hcl.values import Unknown
from bot.core.parity.by_code.causes import Renderings, attributed, same
from bot.core.parity.by_code.code_side import CodeSide, Sides, evaluated_side
from bot.core.parity.by_code.differences import Differences
from bot.core.parity.by_code.evaluated import EvaluatedEnvironment
from bot.core.parity.by_code.stack_values import CODE
from bot.core.parity.contract import Contract, breaches
from bot.core.parity.identity import Identity, identity
from bot.core.parity.report import Difference, Parity
from bot.core.rendering.assemble import TemplateAt
from bot.model.environment import HOOKS, MANIFEST

LAYOUT = "comments and layout, which mean nothing to Terraform"
UNSEEN = "inside the module {source}, whose code is not in this repository"
_MODULE = re.compile(r"(?:^|[./])module\.[^.]+$")


@dataclass(frozen=True, slots=True)
class CodeComparison:
    """The comparison, with what further checks need: the source, both sides' values, and who is who, with production's own names."""

    source: CodeSide
    parity: Parity
    production: EvaluatedEnvironment
    clone: EvaluatedEnvironment
    identity: Identity


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
        self.ours = evaluated_side(clone, self.renderings.rename)
        self.sides = Sides(production, clone, self.theirs, self.ours)
        self.keys = self._different()

    def compared(self) -> CodeComparison:
        told = attributed(self.renderings, self.keys, self.theirs, self.ours)
        ours, theirs = self.clone.manifest, self.production.manifest
        revisions_differ = (ours.template, ours.revision) != (theirs.template, theirs.revision)
        tell = Differences(self.sides, self.template, self.identity, self.now)
        found: list[tuple[AttributeKey, Difference]] = []
        for key in self.keys:
            is_edited = key in told.edited
            is_back = key in told.vanishing and not is_edited
            is_revision = not is_back and not is_edited and revisions_differ
            by = told.causes.get(key, ()) if is_back or is_revision else ()
            found.append((key, tell.difference(key, by, is_revision)))
        kept = list(self._without_echoes(found))
        equal = self._equal()
        set_apart = self._set_apart()
        both = self._attributes() - sum(count for rule, count in set_apart.items() if rule != LAYOUT)
        parity = Parity(
            environment=ours.name,
            against=theirs.name,
            depth="code",
            compared=both + sum(each.kind != "changed" for each in kept),
            differences=sorted(kept, key=_order),
            breaches=breaches(Contract(self.template, theirs, ours), kept, equal),
            set_apart={**set_apart, **self._unseen()},
        )
        known = self.identity.with_names(sorted(set(self._names())))
        return CodeComparison(self.production, parity, self.theirs, self.ours, known)

    # What differs.

    def _different(self) -> Sequence[AttributeKey]:
        theirs, ours = self.theirs.leaves, self.ours.leaves
        found = [key for key, leaf in theirs.items() if key in ours and not same(leaf, ours[key])]
        of_one = [*(key for key in theirs if key not in ours), *(key for key in ours if key not in theirs)]
        self._one_sided = {address for address, attribute in of_one if attribute == ""}
        for key in of_one:
            if not _is_attribute(key) or key.address not in self._one_sided:  # else the whole is missing or extra
                found.append(key)
        return sorted(found)

    def _attributes(self) -> int:
        """Count the attributes of either side, but for those of things that the other lacks."""
        either = chain(self.theirs.leaves, (key for key in self.ours.leaves if key not in self.theirs.leaves))
        return sum(_is_attribute(key) and key.address not in self._one_sided for key in either)

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
        seen = {leaf.file for key in self.keys if (leaf := self.sides.leaf(key)).file == HOOKS or key.attribute == CODE}
        for path in self.theirs.read & self.ours.read - {MANIFEST} - seen:
            if self.production.files.get(path) != self.clone.files.get(path) and not path.endswith(".json"):
                counts[LAYOUT] = counts.get(LAYOUT, 0) + 1
        return dict(sorted(counts.items()))

    def _unseen(self) -> Mapping[str, int]:
        """Count the calls of modules that are not in the repository: what is compared of them is what they are given."""
        sources = [
            str(leaf.value)
            for (address, attribute), leaf in self.ours.leaves.items()
            if attribute == "source" and _MODULE.search(address) and not str(leaf.value).startswith(("./", "../"))
        ]
        return {UNSEEN.format(source=source): count for source, count in sorted(Counter(sources).items())}

    def _names(self) -> Iterator[tuple[str, str]]:
        """Yield production's names with what the template makes of them for the clone, whatever the clone has there now."""
        for key, leaf in self.renderings.ideal.leaves.items():
            other, own = self.theirs.leaves.get(key), leaf.value
            if other is None or not isinstance(own, str) or not isinstance(other.value, str) or not _is_attribute(key):
                continue
            if own != other.value and self.identity.mapped(own) == other.value:
                yield other.value, own

    # What is said twice.

    def _without_echoes(self, found: Sequence[tuple[AttributeKey, Difference]]) -> Iterator[Difference]:
        """Leave out what another difference shows already: a variable where its effect is seen, code where its values are."""
        blocks: dict[str, list[Difference]] = {}
        read: set[str] = set()
        for key, each in found:
            if key.attribute != CODE and "/var." not in key.address:
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

    def _block(self, address: str) -> str:
        return self.ours.blocks.get(address) or self.theirs.blocks.get(address) or address


def _is_attribute(key: AttributeKey) -> bool:
    return key.attribute not in ("", CODE)


def _order(each: Difference) -> tuple[int, bool, str, str]:
    kinds = {"missing": 0, "extra": 1, "changed": 2}
    return kinds[each.kind], not each.is_unexplained, each.address, each.attribute
