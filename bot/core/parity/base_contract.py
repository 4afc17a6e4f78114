"""What a change that nobody has merged yet is compared by: the contract of the base branch's template, and its own where that demands more.

A contract is the demands of the purposes, what counts as an identity or as outside, what commands may set, the rules between values, what
belongs to an aspect, what every environment shares, and what those have that no template renders. A template that the change edits may set all of that; the base branch's is held against the clone as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.core.parity.by_code.compare import CodeComparison
from bot.core.parity.leaks import Leak
from bot.core.parity.report import Parity
from bot.core.rendering.assemble import TemplateAt
from bot.model.template import Template

DEMANDED = "{said} (so the base branch's template demands)"


@dataclass(frozen=True, slots=True)
class ByBase:
    """A clone held against its source by code, by the base branch's contract."""

    template: TemplateAt
    compared: CodeComparison
    leaks: Sequence[Leak]


def held_to(ours: TemplateAt, base: Template) -> TemplateAt:
    """Return a template with the contract of `base` instead of its own, as far as both know the same purposes and parameters."""
    own = ours.declaration
    purposes = {
        name: purpose.model_copy(update={"match": before.match, "differ": before.differ})
        if (before := base.purposes.get(name)) is not None
        else purpose
        for name, purpose in own.purposes.items()
    }
    parameters = {
        name: parameter.model_copy(
            update={
                "identity": was.identity,
                "outbound": was.outbound,
                "below_source": was.below_source,
                "settable": was.settable,
            }
        )
        if (was := base.parameters.get(name)) is not None
        else parameter
        for name, parameter in own.parameters.items()
    }
    rules = [rule for rule in base.rules if {*rule.parameters} <= parameters.keys() & base.parameters.keys()]
    contract = {
        "purposes": purposes,
        "parameters": parameters,
        "rules": (*own.rules, *(rule for rule in rules if rule not in own.rules)),
        "aspects": base.aspects,
        "shared": base.shared,
        "unmanaged": {**own.unmanaged, **base.unmanaged},
    }
    return replace(ours, declaration=own.model_copy(update=contract))


def with_breaches_of(own: Parity, by_base: Parity) -> Parity:
    """Return a comparison with what the base branch's contract finds broken, and its own does not."""
    known = {(breach.demand, breach.aspect) for breach in own.breaches}
    more = [
        replace(breach, message=DEMANDED.format(said=breach.message))
        for breach in by_base.breaches
        if (breach.demand, breach.aspect) not in known
    ]
    return replace(own, breaches=(*own.breaches, *more))


def with_leaks_of(own: Sequence[Leak], by_base: Sequence[Leak]) -> Sequence[Leak]:
    """Return leaks with those that only the base branch's contract calls so."""
    known = {(leak.place, leak.line, leak.message) for leak in own}
    return [*own, *(leak for leak in by_base if (leak.place, leak.line, leak.message) not in known)]
