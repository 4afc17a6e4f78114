"""Compare two directories of Terraform code, with no template and no set-up: every value of every block, and who causes each difference.

Design. Each root module is evaluated with its own variables' values (`evaluation`), root modules and blocks are paired
(`pairing`), and values are held against each other by address and attribute. A difference is told with its causes (`causes`) and
its aspect; what differs only in name, account or address (`likeness`) is kept apart from what says something.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from bot.core.cloud_facts import CloudFacts
from bot.core.hcl.attributes import Attribute, AttributeKey
from bot.core.hcl.scope import OF_THE_CALL
from bot.core.hcl.values import Unknown
from bot.core.parity.aspects import AspectFacts, aspect_of
from bot.core.parity.by_code.causes import same
from bot.core.parity.directories.causes import InputCauses, value_text
from bot.core.parity.directories.evaluation import EvaluatedRoot, evaluated_root
from bot.core.parity.directories.likeness import Likeness, likeness
from bot.core.parity.directories.notes import notes_of, same_state
from bot.core.parity.directories.one_sided import OneSided, alone
from bot.core.parity.directories.pairing import Pair, Pairing, at_their_addresses, is_content, pairing, renamed
from bot.core.parity.directories.report import CodeCause, DirectoryDifference, DirectoryParity, Note, PairedRoots
from bot.core.parity.directories.sides import RootSource, Side
from bot.core.parity.report import Difference
from bot.core.tree import CODE
from bot.errors import InvalidInput

STATE = "where the state lies"
OUTPUTS = "outputs, which only repeat other values"
INSTANCES = "blocks whose instances only Terraform can know"


def compared(ours: Side, theirs: Side, cloud: CloudFacts) -> DirectoryParity:
    """Return how one side differs from the other."""
    found = Evaluations()
    mine, others = (list(found.of(side)) for side in (ours, theirs))
    words = _words(ours), _words(theirs)
    paired = pairing(mine, others, likeness(*words, [], cloud).neutral_address)
    known = likeness(*words, [(pair.ours.inputs, pair.theirs.inputs) for pair in paired.pairs], cloud)
    results = [_Roots(pair, known) for pair in paired.pairs]
    whole = [*_whole(paired)]
    differences = [each for result in results for each in result.differences()]
    set_apart: Counter[str] = Counter()
    for result in results:
        set_apart.update(result.set_apart)
    return DirectoryParity(
        ours=ours.label,
        theirs=theirs.label,
        roots=_roots(paired),
        compared=sum(result.compared for result in results) + len(whole),
        differences=[*whole, *differences],
        alarms=[note for pair in paired.pairs for note in same_state(pair)],
        notes=[*found.failed, *ours.notes, *theirs.notes, *notes_of(mine, others)],
        set_apart=dict(sorted(set_apart.items())),
    )


def sides_likeness(ours: Side, theirs: Side, cloud: CloudFacts) -> Likeness:
    """Return the own words of two sides, as their labels alone tell them."""
    return likeness(_words(ours), _words(theirs), [], cloud)


@dataclass(slots=True)
class Evaluations:
    """Root modules evaluated, and why some could not be."""

    failed: list[Note] = field(default_factory=list)

    def of(self, side: Side) -> Iterator[EvaluatedRoot]:
        """Yield the root modules of a side that can be evaluated."""
        for root in side.roots:
            try:
                yield evaluated_root(root)
            except InvalidInput as error:
                self.failed.append(Note(f"is not compared: {error}", root.directory, is_unread=True))
            except RecursionError:
                self.failed.append(
                    Note(
                        "is not compared: its expressions are nested too deeply to be evaluated",
                        root.directory,
                        is_unread=True,
                    )
                )


class _Roots:
    """Two root modules that are the same one on both sides, compared."""

    def __init__(self, pair: Pair, known: Likeness) -> None:
        self.known, self.name = known, pair.name
        self.theirs = pair.theirs
        names = renamed(pair.ours, pair.theirs, known)
        self.causes = InputCauses(pair.ours, pair.theirs, names)
        self.ours = at_their_addresses(pair.ours, names)
        self.alone = alone(self.ours, self.theirs)
        self.set_apart: Counter[str] = Counter()
        if self.alone.untold:
            self.set_apart[INSTANCES] += len(self.alone.untold)
        self.compared = 0

    def differences(self) -> Sequence[DirectoryDifference]:
        found = [self._one_sided(each) for each in self.alone.blocks]
        self.compared += len(found)
        for key in sorted(self.ours.leaves.keys() | self.theirs.leaves.keys()):
            if (
                key.attribute == ""
                or key.address in self.alone.addresses
                or self._is_input(key)
                or self._is_set_apart(key)
            ):
                continue
            self.compared += 1
            mine, other = self.ours.leaves.get(key), self.theirs.leaves.get(key)
            if not same(mine, other):
                found.append(self._changed(key, mine, other))
        return found

    def _is_input(self, key: AttributeKey) -> bool:
        """Say whether it is an argument of a module that is evaluated itself, where its effects are seen."""
        kind, _, name = key.address.partition(".")
        name = name.partition("[")[0]
        is_call = kind == "module" and name in self.ours.calls & self.theirs.calls
        return is_call and key.attribute.split(".")[0].split("[")[0] not in OF_THE_CALL

    def _is_set_apart(self, key: AttributeKey) -> bool:
        mine, other = self.ours.leaves.get(key), self.theirs.leaves.get(key)
        rule = ""
        if key.address == "terraform" and key.attribute.startswith(("backend", "cloud")):
            rule = STATE
        elif (key.address.startswith("output.") or ".output." in key.address) and not same(mine, other):
            rule = OUTPUTS
        elif mine is not None and isinstance(mine.value, Unknown) and same(mine, other):
            rule = min(mine.value.rules, default="known only to Terraform")
        if rule:
            self.set_apart[rule] += 1
        return bool(rule)

    def _changed(self, key: AttributeKey, mine: Attribute | None, other: Attribute | None) -> DirectoryDifference:
        causes = self.causes.of(key, mine, other) or (self.causes.by_code(mine, other),)
        texts = ["(not set)" if leaf is None else self._shown(key, leaf) for leaf in (other, mine)]
        is_identity = self.known.differ_by_name(mine, other)
        facts = AspectFacts("changed", self._address(key.address), key.attribute, is_identity=is_identity)
        difference = Difference(
            kind="changed",
            address=self._address(key.address),
            attribute=key.attribute,
            production=texts[0],
            clone=texts[1],
            aspect=aspect_of(facts, {}, self.known.cloud),
        )
        return self._placed(difference, mine, other, causes)

    def _one_sided(self, each: OneSided) -> DirectoryDifference:
        key = AttributeKey(each.first, "")
        mine, other = (each.leaf, None) if each.is_ours else (None, each.leaf)
        causes = self.causes.of(key, mine, other) or (self.causes.by_code(mine, other),)
        difference = Difference(
            kind="extra" if each.is_ours else "missing",
            address=self._address(each.address),
            attribute="",
            production="" if each.is_ours else "present",
            clone="present" if each.is_ours else "",
            aspect="topology",
        )
        return self._placed(difference, mine, other, causes, each.instances)

    def _placed(
        self,
        difference: Difference,
        mine: Attribute | None,
        other: Attribute | None,
        causes: tuple[CodeCause, ...],
        instances: int = 1,
    ) -> DirectoryDifference:
        written = self.causes.by_code(mine, other)
        place = written.here or written.there
        if place is not None:
            difference = replace(difference, file=place.path, line=place.line)
        return DirectoryDifference(difference, causes, written.there, instances)

    def _shown(self, key: AttributeKey, leaf: Attribute) -> str:
        return self.causes.secrecy.shown(key.attribute, value_text(leaf), leaf.reads)

    def _address(self, address: str) -> str:
        return f"{self.name}/{address}" if self.name else address


def _whole(paired: Pairing) -> Iterator[DirectoryDifference]:
    """Yield the root modules that only one side has."""
    for kind, roots in (("missing", paired.missing), ("extra", paired.extra)):
        for each in roots:
            cause = _place_of(each.root, is_ours=kind == "extra")
            place = cause.here or cause.there
            difference = Difference(
                kind="missing" if kind == "missing" else "extra",
                address=f"{each.root.name or each.root.directory}/",
                attribute="",
                production="present" if kind == "missing" else "",
                clone="" if kind == "missing" else "present",
                aspect="topology",
                file=place.path if place else "",
                line=1,
            )
            count = sum(is_content(address) for address in each.blocks)
            yield DirectoryDifference(difference, (cause,), cause.there, count)


def _place_of(root: RootSource, is_ours: bool) -> CodeCause:
    first = min((path for path in root.files if path.endswith(CODE) and "/" not in path), default="")
    place = root.place(first, 1)
    return CodeCause("code", here=place if is_ours else None, there=None if is_ours else place)


def _roots(paired: Pairing) -> Sequence[PairedRoots]:
    return [
        *(PairedRoots(p.name, p.ours.root.directory, p.theirs.root.directory, p.is_by_content) for p in paired.pairs),
        *(PairedRoots(each.root.name, "", each.root.directory) for each in paired.missing),
        *(PairedRoots(each.root.name, each.root.directory, "") for each in paired.extra),
    ]


def _words(side: Side) -> str:
    """Return what names a side: its label, workspaces and files of values."""
    named = {word for root in side.roots for word in (root.workspace, *root.variable_files) if word}
    return "/".join((side.label, *sorted(each.removesuffix(".json").removesuffix(".tfvars") for each in named)))
