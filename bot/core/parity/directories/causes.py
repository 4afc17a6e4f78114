"""Who causes a difference between two root modules: the inputs that differ, put back one by one, or else what is written.

Properties. A cause is computed: our code is evaluated once more with one input as the other side has it, and it causes what then
changes. Where all inputs put back together leave a difference, the code itself differs there, and is named too.
"""

from collections.abc import Mapping
from dataclasses import replace

from bot.core.hcl.attributes import Attribute, AttributeKey
from bot.core.hcl.values import HclValue, Unknown, leaves, written
from bot.core.parity.by_code.causes import same
from bot.core.parity.directories.evaluation import EvaluatedRoot, Input, evaluated_with
from bot.core.parity.directories.pairing import Renamed
from bot.core.parity.directories.report import CodeCause, CodePlace, InputChange
from bot.core.parity.directories.secrecy import Secrecy, secrecy
from bot.errors import InvalidInput

MOST_PUT_BACK = 64
"""Inputs of one root module that are put back one by one; beyond, all that a value was made from are named as its causes."""

_WORKSPACE = frozenset({"terraform.workspace"})

Leaves = Mapping[AttributeKey, Attribute]


class InputCauses:
    """The inputs of a root module that differ from those of the same one on the other side."""

    def __init__(self, ours: EvaluatedRoot, theirs: EvaluatedRoot, names: Renamed) -> None:
        self.ours, self.theirs, self.names = ours, theirs, names
        both = {name: theirs.inputs.get(names.input(name)) for name in ours.inputs}
        self.different = {n: other for n, other in both.items() if other is not None and _differ(ours.inputs[n], other)}
        self.our_name = {names.input(name): name for name in ours.inputs}
        self.tried: dict[frozenset[str], Leaves | None] = {}
        self.said: dict[str, CodeCause] = {}
        self.secrecy = secrecy(ours, theirs)

    def of(self, key: AttributeKey, ours: Attribute | None, theirs: Attribute | None) -> tuple[CodeCause, ...]:
        """Return the causes of the difference at `key`; none if no input has a part in it."""
        mine, others = (leaf.reads if leaf is not None else frozenset[str]() for leaf in (ours, theirs))
        candidates = sorted((mine | {self.our_name.get(name, name) for name in others}) & self.different.keys())
        if not candidates:
            return self._by_workspace(key, ours)
        back = self._put_back(frozenset(self.different))
        is_explained = back is None or same(back.get(key), theirs)
        if len(candidates) > 1 and len(self.different) <= MOST_PUT_BACK:
            candidates = [name for name in candidates if self._changes(name, key, ours)] or candidates
        elif not is_explained and not self._changes(candidates[0], key, ours):
            return self._by_workspace(key, ours)
        causes = tuple(self.cause(name) for name in candidates)
        if is_explained:
            return causes
        return (*causes, *(self._by_workspace(key, ours) or (self.by_code(ours, theirs),)))

    def by_code(self, ours: Attribute | None, theirs: Attribute | None) -> CodeCause:
        """Return what is written in the two blocks themselves as a cause."""
        return CodeCause("code", here=_placed(self.ours, ours), there=_placed(self.theirs, theirs))

    def cause(self, name: str) -> CodeCause:
        """Return an input as a cause, with what it says on both sides."""
        if name not in self.said:
            mine, other = self.ours.inputs[name], self.different[name]
            changes = tuple(_changes(self.names.input(name), mine, other, self.secrecy))
            self.said[name] = CodeCause(mine.kind, self.names.input(name), changes, mine.place, other.place)
        return self.said[name]

    def _by_workspace(self, key: AttributeKey, ours: Attribute | None) -> tuple[CodeCause, ...]:
        """Return what `terraform.workspace` says as a cause, if a value would be another one in the workspace of the other side."""
        mine, other = self.ours.root.workspace, self.theirs.root.workspace
        if mine == other:
            return ()
        if _WORKSPACE not in self.tried:
            elsewhere = replace(self.ours, root=replace(self.ours.root, workspace=other))
            self.tried[_WORKSPACE] = self._evaluated(elsewhere, {})
        back = self.tried[_WORKSPACE]
        if back is None or same(back.get(key), ours):
            return ()
        return (CodeCause("workspace", "terraform.workspace", (InputChange("terraform.workspace", other, mine),)),)

    def _changes(self, name: str, key: AttributeKey, ours: Attribute | None) -> bool:
        """Say whether a value would be another one if this input were as on the other side."""
        back = self._put_back(frozenset({name}))
        return back is None or not same(back.get(key), ours)

    def _put_back(self, names: frozenset[str]) -> Leaves | None:
        """Return our values with inputs of the other side; None when these can't be evaluated."""
        if names not in self.tried:
            self.tried[names] = self._evaluated(self.ours, {name: self.different[name] for name in names})
        return self.tried[names]

    def _evaluated(self, of: EvaluatedRoot, inputs: Mapping[str, Input]) -> Leaves | None:
        try:
            return self.names.moved(evaluated_with(of, inputs))
        except (InvalidInput, RecursionError):
            return None


def value_text(leaf: Attribute) -> str:
    """Return a value as it is shown: a text without its quotes."""
    return leaf.value if isinstance(leaf.value, str) else written(leaf.value)


def _placed(of: EvaluatedRoot, leaf: Attribute | None) -> CodePlace | None:
    return of.root.place(leaf.file, leaf.line) if leaf is not None else None


def _differ(mine: Input, other: Input) -> bool:
    if mine.kind == "variable":
        return repr(mine.value) != repr(other.value)
    return mine.code != other.code


def _changes(name: str, mine: Input, other: Input, secrecy: Secrecy) -> list[InputChange]:
    """Return what differs inside an input, by path; expressions where the values don't tell."""
    label = name.removeprefix("local.") if mine.kind == "local" else name
    ours, theirs = dict(leaves(mine.value, label)), dict(leaves(other.value, label))
    found = []
    for path in dict.fromkeys((*theirs, *ours)):
        if path in ours and path in theirs and repr(ours[path]) == repr(theirs[path]):
            continue
        texts = [_text(side[path]) if path in side else "(not set)" for side in (theirs, ours)]
        texts = [secrecy.shown(path, text, (name,)) for text in texts]
        found.append(InputChange(path, texts[0], texts[1]))
    return found or [InputChange(label, *(secrecy.shown(label, each.code, (name,)) for each in (other, mine)))]


def _text(value: HclValue) -> str:
    if isinstance(value, Unknown) and value.text.startswith("var."):
        return "(no value in code)"
    return value if isinstance(value, str) else written(value)
