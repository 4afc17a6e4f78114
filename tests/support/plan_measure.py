"""How many single changes of a planned clone are found by plan, and how many are told rightly; what is right, the changes say."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from bot.core.parity.by_plan.values import COMPUTED
from bot.core.parity.report import Difference, Parity
from bot.core.requests.clone import Draft
from bot.model.environment import HOOKS
from bot.runs.plan.parity import PlannedParity
from tests.core.parity.by_code.mutations import of_hooks
from tests.support.company import Shop, alike
from tests.support.plan_clones import PLACES, Documents, derived
from tests.support.plan_mutations import Mutation, mutations
from tests.support.shop import drafted

PARAMETERS: Mapping[str, str] = {
    "reads_min": "2",
    "reads_max": "9",
    "payments_url": "https://sandbox.payments.example/v2",
    "mail_sender": "nobody@try.example",
}
"""Parameters of a demo that may be set to values that neither production nor its purpose has."""


@dataclass
class Measured:
    """What became of each change: found, told rightly, set apart by rule, made like production; what was not."""

    tried: Counter[str] = field(default_factory=Counter)
    found: int = 0
    right: int = 0
    apart: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        total = self.tried.total()
        return (
            f"parity by plan, {total} single changes of {len(self.tried)} kinds: found {self.found / total:.1%} ({self.found}), with "
            f"the right cause {self.right / total:.1%} ({self.right}); the rest set apart by rule: {len(self.apart)} defaults gone that "
            f"no code sets; {len(self.same)} more make the clone more like production. {dict(self.tried)}"
        )


def measured(shop: Shop, draft: Draft, documents: Documents) -> Measured:
    """Change a planned demo in every single way: its plan, its hooks, its parameters."""
    held = shop.held(draft)
    clean = alike(held, documents)
    assert clean.holds
    found = Measured()
    _by_hand(found, held, documents, clean.parity)
    _hooks(found, shop, draft, documents)
    _parameters(found, shop, draft, documents)
    return found


def _by_hand(found: Measured, held: PlannedParity, documents: Documents, clean: Parity) -> None:
    for stack, (data, inputs) in documents.items():
        for mutation in mutations(data):
            parity = alike(held, {**documents, stack: (mutation.plan, inputs)}).parity
            what = f"{mutation.kind} {stack}/{mutation.what}"
            new = _new(parity, clean)
            if not new and len(parity.differences) < len(clean.differences):
                found.same.append(what)
                continue
            found.tried[mutation.kind] += 1
            if not new and parity.set_apart.get(COMPUTED, 0) > clean.set_apart.get(COMPUTED, 0):
                found.apart.append(what)
                continue
            _judge(found, what, new, [each for each in new if _is_told(each, f"{stack}/", mutation)], None)


def _hooks(found: Measured, shop: Shop, draft: Draft, documents: Documents) -> None:
    """Change hooks, which no plan shows: the report by plan has to take them over from the code."""
    clean = alike(shop.held(draft), documents).parity
    for mutation in of_hooks(HOOKS, draft.files[HOOKS].data.decode(), draft.files):
        parity = alike(shop.held(replace(draft, files=mutation.files)), documents).parity
        new = _new(parity, clean)
        found.tried["hook"] += 1
        name = f"hook/{mutation.what.partition(' ')[0]}"
        place = f"{name}-by-hand" if mutation.kind == "hook added" else name
        _judge(found, f"{mutation.kind} {mutation.what}", new, [each for each in new if each.address == place], None)


def _parameters(found: Measured, shop: Shop, draft: Draft, documents: Documents) -> None:
    """Set parameters: everything that hangs on one, and nothing else, has it as the cause."""
    before = {str(key): value for key, value in draft.manifest.parameters.items()}
    for name, value in PARAMETERS.items():
        other = drafted(draft.manifest.name, draft.manifest.purpose, None, **{name: value})
        assert isinstance(other, Draft)
        parity = alike(shop.held(other), derived(documents, draft.manifest, other.manifest)).parity
        after = {str(key): value for key, value in other.manifest.parameters.items()}
        places = {
            (f"/{address}", str(place[0]))
            for address, values in PLACES.items()
            for place, made in values.items()
            if made(before) != made(after)
        }
        here = [each for each in parity.differences if any(_is_at(each, *place) for place in places)]
        found.tried["parameter"] += 1
        _judge(found, f"parameter {name}", here, here if len(here) >= len(places) else [], name)


def _judge(found: Measured, what: str, new: list[Difference], told: list[Difference], cause: str | None) -> None:
    """Count a change as found when anything is told of it, and as right when it is told where it is, with its cause alone."""
    if not new:
        found.missed.append(what)
        return
    found.found += 1
    causes = [{str(each.parameter) for each in difference.causes} for difference in new]
    if told and all(names == ({cause} if cause else set()) for names in causes):
        found.right += 1
    else:
        found.wrong.append(f"{what}: {[(each.kind, each.address, each.attribute, each.causes) for each in new]}")


def _new(parity: Parity, clean: Parity) -> list[Difference]:
    # The line is left out: a file that is written anew says the same elsewhere.
    known = [replace(each, line=0) for each in clean.differences]
    return [each for each in parity.differences if replace(each, line=0) not in known]


def _is_told(each: Difference, stack: str, mutation: Mutation) -> bool:
    return each.kind == mutation.told and _is_at(each, stack + mutation.address, mutation.attribute)


def _is_at(each: Difference, address: str, attribute: str) -> bool:
    return each.address.endswith(address) and (each.attribute + ".").startswith((f"{attribute}.", f"{attribute}["))
