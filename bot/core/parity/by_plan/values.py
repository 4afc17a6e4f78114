"""One resource's values, production's against the clone's planned ones, leaf by leaf, after translating identity.

What can't be compared is set apart by a named rule and counted:

- *known after apply*: Terraform can't know the clone's value yet;
- *computed by the provider*: no code of either side sets the attribute, and it is what the provider made of the rest of a
  resource that exists, or leaves open in one that does not (a default that it names is compared); and, whoever writes it, what
  is null in the plan and the provider's zero in the state, which is how providers read null back;
- *stand-in*: used in place of a value from a stack that is not applied yet;
- *sensitive*: only whether it is the same is known, and it is not;
- *order of blocks*: the same blocks in another order, which most resources take as a set.

An absent value, an empty text and an empty list are one and the same: Terraform writes now one and now the other.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from typing_extensions import TypeIs

from bot.core.parity.by_plan.snapshot import seal
from bot.core.parity.by_plan.translation import Translation
from bot.core.plans.plan_values import Masked, PlanValue, UnknownUntilApply
from bot.model.pipeline import Json

KNOWN_AFTER_APPLY = "known after apply"
COMPUTED = "computed by the provider"
STAND_IN = "mock value of another stack's output"
SENSITIVE = "sensitive"
ORDER = "order of blocks"

MOST_MATCHED = 400
"""Items of two lists that are matched with each other; longer lists are compared in order."""

_INDEX = re.compile(r"\[\d+\]")
_ALWAYS_COMPARED = frozenset({"tags_all"})
"""The provider makes these of what code says of all resources together."""


@dataclass(frozen=True, slots=True)
class PlanLeaf:
    """A difference at `path`, with the values as they are and production's as the clone would have it."""

    path: str
    production: PlanValue
    clone: PlanValue
    expected: PlanValue


@dataclass(slots=True)
class ValueComparison:
    """Compares values and keeps count. `is_set` says of a path whether either side's code sets it; `exists`: in the clone too.

    `apart` are the values that the clone's plan does not show, by path: known after apply, or sensitive and so sealed.
    """

    translation: Translation
    key: str
    mock_outputs: frozenset[str | tuple[str, ...]] = frozenset()
    is_set: Callable[[str], bool] = field(default=lambda path: True)
    exists: bool = False
    compared: int = 0
    set_apart: Counter[str] = field(default_factory=Counter)
    leaves: list[PlanLeaf] = field(default_factory=list)
    same_secrets: list[str] = field(default_factory=list)
    apart: dict[str, PlanValue] = field(default_factory=dict)

    def compare(self, production: PlanValue, clone: PlanValue, path: str = "") -> None:
        """Compare two values; what is found is added to the counts and the leaves."""
        if isinstance(clone, UnknownUntilApply):
            self.set_apart[KNOWN_AFTER_APPLY] += 1
            self.apart[path] = clone
        elif isinstance(production, Masked) or isinstance(clone, Masked):
            self._compare_secrets(production, clone, path)
        elif isinstance(production, Mapping) and isinstance(clone, Mapping):
            there = self._keyed(production, clone)
            for name in dict.fromkeys([*there, *clone]):
                if name in _ALWAYS_COMPARED and not path:
                    self._compare_tags(there, clone, name)
                elif name in clone and _is_null_read_back(there.get(name), clone[name]):
                    self.set_apart[COMPUTED] += 1
                else:
                    self.compare(there.get(name), clone.get(name), f"{path}.{name}" if path else name)
        elif _is_list(production) and _is_list(clone) and not _is_empty(production) and not _is_empty(clone):
            self._compare_lists(production, clone, path)
        elif self._same(production, clone):
            self.compared += 1
        elif (documents := _documents(production, clone)) is not None:
            self.compare(*documents, path)
        else:
            self._differ(production, clone, path)

    def _compare_tags(self, production: Mapping[str, PlanValue], clone: Mapping[str, PlanValue], name: str) -> None:
        """Compare the tags that the provider adds to the resource's own, which are compared where they are."""
        wholes = [_mapping(values.get(name)) for values in (production, clone)]
        owns = [_mapping(values.get("tags")) for values in (production, clone)]
        repeated = {
            key
            for key in wholes[0].keys() & wholes[1].keys()
            if all(key in own and own[key] == whole[key] for own, whole in zip(owns, wholes, strict=True))
        }
        if isinstance(clone.get(name), UnknownUntilApply):
            self.compare(production.get(name), clone.get(name), name)
        else:
            rest = [{key: value for key, value in whole.items() if key not in repeated} for whole in wholes]
            self.compare(rest[0], rest[1], name)

    def _keyed(self, production: Mapping[str, PlanValue], clone: Mapping[str, PlanValue]) -> Mapping[str, PlanValue]:
        """Return production's values under the keys that the clone has for them."""
        if production.keys() <= clone.keys():
            return production
        return {key if key in clone else self.translation.text(key): value for key, value in production.items()}

    def _compare_secrets(self, production: PlanValue, clone: PlanValue, path: str) -> None:
        if _is_empty(production) or _is_empty(clone):
            self._differ(production, clone, path)
            return
        seals = [item.reveal() if isinstance(item, Masked) else seal(item, self.key) for item in (production, clone)]
        if seals[0] == seals[1]:
            self.compared += 1
            self.same_secrets.append(path)
        else:
            self.set_apart[SENSITIVE] += 1
            self.apart[path] = Masked(seals[1])

    def _compare_lists(self, production: Sequence[PlanValue], clone: Sequence[PlanValue], path: str) -> None:
        if len(production) == len(clone) and all(map(self._same, production, clone)):
            for number, (one, other) in enumerate(zip(production, clone, strict=True)):
                self.compare(one, other, f"{path}[{number}]")
            return
        if self._is_stand_in(production, clone):
            self.set_apart[STAND_IN] += 1
            return
        is_unordered = _is_sorted(production) and _is_sorted(clone)
        if max(len(production), len(clone)) > MOST_MATCHED or not is_unordered:
            self._in_order(production, clone, path)
            return
        self._matched(production, clone, path)

    def _in_order(self, production: Sequence[PlanValue], clone: Sequence[PlanValue], path: str) -> None:
        self._paired(list(production), list(enumerate(clone)), 0, path)

    def _paired(
        self, production: Sequence[PlanValue], clone: Sequence[tuple[int, PlanValue]], end: int, path: str
    ) -> None:
        """Compare one with the other in order; what has no counterpart differs, were it an empty block."""
        for number in range(max(len(production), len(clone))):
            if number >= len(clone):
                self._differ(production[number], None, f"{path}[{end + number}]")
            elif number >= len(production):
                self._differ(None, clone[number][1], f"{path}[{clone[number][0]}]")
            else:
                self.compare(production[number], clone[number][1], f"{path}[{clone[number][0]}]")

    def _matched(self, production: Sequence[PlanValue], clone: Sequence[PlanValue], path: str) -> None:
        """Compare as sets: first what has its like on the other side, then the rest, one with the other in order."""
        left = list(enumerate(clone))
        rest: list[PlanValue] = []
        for one in production:
            found = next((item for item in left if self._same(one, item[1])), None)
            if found is None:
                rest.append(one)
            else:
                left.remove(found)
                self.compare(one, found[1], f"{path}[{found[0]}]")
        if not rest and not left:
            if isinstance(production[0], Mapping):
                self.set_apart[ORDER] += 1
            return
        self._paired(rest, left, len(clone), path)

    def _same(self, production: PlanValue, clone: PlanValue) -> bool:
        """Say whether nothing differs but identity, and what the apply or the provider will tell."""
        match production, clone:
            case _, UnknownUntilApply():
                return True
            case (Masked(), _) | (_, Masked()):
                return not _is_empty(production) and not _is_empty(clone)
            case Mapping(), Mapping():
                there = self._keyed(production, clone)
                return all(self._same(there.get(name), clone.get(name)) for name in {*there, *clone})
            case str(), str():
                return (
                    production == clone
                    or self.translation.agree(production, clone)
                    or self._same_json(production, clone)
                )
            case (list() | tuple(), list() | tuple()):
                return len(production) == len(clone) and all(map(self._same, production, clone))
            case _:
                return _equal(production, clone) or (_is_empty(production) and _is_empty(clone))

    def _same_json(self, production: str, clone: str) -> bool:
        """Compare documents by content: a provider may give a policy back with its keys in another order."""
        documents = _documents(production, clone)
        return documents is not None and self._same(*documents)

    def _differ(self, production: PlanValue, clone: PlanValue, path: str) -> None:
        bare = _INDEX.sub("", path)
        top = bare.partition(".")[0]
        if self._is_stand_in(production, clone):
            self.set_apart[STAND_IN] += 1
        elif top in self.translation.identifiers or (
            top not in _ALWAYS_COMPARED and (self.exists or _is_open(production, clone)) and not self.is_set(bare)
        ):
            self.set_apart[COMPUTED] += 1
        else:
            self.compared += 1
            self.leaves.append(PlanLeaf(path, production, clone, self.translation.value(production)))

    def _is_stand_in(self, production: PlanValue, clone: PlanValue) -> bool:
        """Say whether the clone has a stand-in where production has a value, and all around it is the same."""
        if isinstance(clone, str) and isinstance(production, str):
            texts = [text for text in self.mock_outputs if isinstance(text, str) and text in clone]
            if not texts:
                return False
            words = "|".join(re.escape(text) for text in sorted(texts, key=len, reverse=True))
            around = ".+".join(map(re.escape, re.split(words, clone)))
            return any(
                re.fullmatch(around, text, re.DOTALL) for text in (self.translation.text(production), production)
            )
        return _is_list(clone) and tuple(sorted(map(str, clone))) in self.mock_outputs


def _mapping(value: PlanValue) -> Mapping[str, PlanValue]:
    return value if isinstance(value, Mapping) else {}


def _documents(production: PlanValue, clone: PlanValue) -> tuple[PlanValue, PlanValue] | None:
    """Return two texts as what they hold if both are JSON."""
    if not isinstance(production, str) or not isinstance(clone, str):
        return None
    one, other = _document(production), _document(clone)
    return (one, other) if one is not None and other is not None else None


def _document(text: str) -> PlanValue:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        found: Json = json.loads(text)
    except ValueError:
        return None
    return found


def _is_open(production: PlanValue, clone: PlanValue) -> bool:
    """Say whether a plan leaves an attribute open that no code sets: it names nothing, or a zero that means nothing.

    That production has a value then proves nothing: providers read values back that they would never plan.
    """
    return not clone and not (production is True and clone is False)


def _is_null_read_back(production: PlanValue, clone: PlanValue) -> bool:
    """Say whether a state has false or zero where a plan has null (and not nothing at all, as a key that JSON leaves out)."""
    return clone is None and isinstance(production, bool | int | float) and not production


def _equal(one: PlanValue, other: PlanValue) -> bool:
    """Compare two leaves; `true` is not 1, and a number is the same however it is written."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _is_empty(value: PlanValue) -> bool:
    return value is None or value == "" or ((_is_list(value) or isinstance(value, Mapping)) and not value)


def _is_list(value: PlanValue) -> TypeIs[Sequence[PlanValue]]:
    return isinstance(value, list | tuple)


def _is_sorted(values: Sequence[PlanValue]) -> bool:
    """Say whether a list may be a set: Terraform writes a set of texts in order, and blocks in any."""
    texts = [value for value in values if isinstance(value, str)]
    if len(texts) != len(values):
        return all(isinstance(value, Mapping) for value in values)
    return texts == sorted(texts)
