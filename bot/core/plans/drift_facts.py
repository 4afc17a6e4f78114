"""What a run that looked for drift hands on to whoever makes code of it: bounded, without secrets, and checked when it is read.

It goes into the text of the run's check. Any workflow of the repository can write a check, so nothing is decided by it: it becomes a
proposal, which people review.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import Field

from bot.core.plans.drift import Drift, DriftChange, StepDrift
from bot.core.plans.plan_values import MERGED, Masked, PlanValue, UnknownUntilApply, differences
from bot.model.base import Document
from bot.model.pipeline import Json
from bot.names import EnvironmentName, StepName

MOST_CHANGES = 200
MOST_FACTS = 50_000
"""Characters. GitHub takes 65,535 of a check's text, and rejects nothing, but cuts the rest off."""

_BEGIN, _END = "<!-- envclone:drift-facts ", " -->"


class DriftFact(Document):
    """One thing that is not as applied: of each differing attribute what is `there`, and what `should` be. `secret` ones have no values."""

    step: StepName
    address: Annotated[str, Field(min_length=3, max_length=400)]
    how: Literal["gone", "changed", "extra"]
    there: dict[str, Json] = Field(default_factory=dict)
    should: dict[str, Json] = Field(default_factory=dict)
    secret: tuple[str, ...] = ()


class DriftFacts(Document):
    """What was found of an environment as it is at a commit; `left_out` changes did not fit. `hooks` are those whose check found something."""

    format: Literal[1] = 1
    environment: EnvironmentName
    commit: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]
    changes: Annotated[tuple[DriftFact, ...], Field(max_length=MOST_CHANGES)] = ()
    left_out: Annotated[int, Field(ge=0)] = 0
    hooks: tuple[StepName, ...] = ()

    def steps(self) -> list[StepDrift]:
        """Return the steps that have drifted, as the search for drift saw them."""
        found: dict[StepName, list[DriftChange]] = {}
        for fact in self.changes:
            changes = tuple(differences(fact.there, fact.should))
            found.setdefault(fact.step, []).append(DriftChange(fact.address, fact.how, changes))
        return [StepDrift(name, "stack", "drifted", tuple(changes)) for name, changes in found.items()]


def facts_of(drift: Drift) -> DriftFacts:
    """Return what was found, as far as it fits."""
    every = [_fact(step.name, change) for step in drift.steps if step.kind == "stack" for change in step.changes]
    kept: list[DriftFact] = []
    size = 0
    for fact in every[:MOST_CHANGES]:
        size += len(hidden(fact))
        if size <= MOST_FACTS:
            kept.append(fact)
    return DriftFacts(
        environment=drift.environment,
        commit=drift.commit,
        changes=tuple(kept),
        left_out=len(every) - len(kept),
        hooks=tuple(step.name for step in drift.drifted if step.kind != "stack"),
    )


def write_facts(facts: DriftFacts) -> str:
    """Return the facts as they are hidden in a check's text."""
    return f"{_BEGIN}{hidden(facts)}{_END}"


def read_facts(said: str) -> DriftFacts | None:
    """Return the facts in a check's text; None when there are none that can be read."""
    begin, end = said.rfind(_BEGIN), said.rfind(_END)
    if not 0 <= begin < end:
        return None
    try:
        found = DriftFacts.model_validate_json(said[begin + len(_BEGIN) : end])
        json.dumps([(fact.there, fact.should) for fact in found.changes], allow_nan=False)  # code knows no such number
    except (ValueError, RecursionError):
        return None
    return found


def hidden(document: Document) -> str:
    """Return a document as it stands in a comment that no page shows."""
    # So that nothing in it ends the comment, or looks like the beginning of another.
    return document.model_dump_json().replace("<", "\\u003c").replace(">", "\\u003e")


def _fact(step: StepName, change: DriftChange) -> DriftFact:
    # What a provider merges can't be written; what it is merged from differs as well.
    given = [each for each in dict.fromkeys([*change.there, *change.should]) if each not in MERGED]
    names = given if change.how == "changed" else []
    secret = tuple(each for each in names if _is_hidden(change.there.get(each)) or _is_hidden(change.should.get(each)))
    known = [each for each in names if each not in secret]
    return DriftFact(
        step=step,
        address=change.address[:400],
        how=change.how,
        there=dict(_plain(change.there, known)),
        should=dict(_plain(change.should, known)),
        secret=secret,
    )


def _plain(values: Mapping[str, PlanValue], names: list[str]) -> Iterator[tuple[str, Json]]:
    for name in names:
        if name in values:
            yield name, _json(values[name])


def _json(value: PlanValue) -> Json:
    match value:
        case Masked():
            raise TypeError("a secret is not handed on")
        case UnknownUntilApply():
            return None
        case None | bool() | int() | float() | str():
            return value
        case Mapping():
            return {str(key): _json(item) for key, item in value.items()}
        case _:
            return [_json(item) for item in value]


def _is_hidden(value: PlanValue) -> bool:
    match value:
        case Masked():
            return True
        case Mapping():
            return any(_is_hidden(item) for item in value.values())
        case list() | tuple():
            return any(_is_hidden(item) for item in value)
        case _:
            return False
