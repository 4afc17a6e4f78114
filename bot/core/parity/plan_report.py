"""The comparison by plan as the one value behind every parity report: causes found, aspects named, waivers applied, secrets hidden."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.core.parity.aspects import Facts, aspect_of, is_secret
from bot.core.parity.plan_causes import ByCode, Putting, causes, reach
from bot.core.parity.plan_compare import Found, Result
from bot.core.parity.report import Breach, Cause, Difference, Parity
from bot.core.parity.waivers import waiver_for
from bot.core.plan_text import shown
from bot.core.planned_value import Masked, Value
from bot.core.resolve import origin
from bot.environment import Manifest
from bot.names import ParameterName, StepName
from bot.template import Template

HIDDEN = "(sensitive)"


@dataclass(frozen=True, slots=True)
class Context:
    """What differences are judged by. `given` are the parameters that stacks have as variables; `by_code` has causes."""

    template: Template
    source: Manifest
    clone: Manifest
    by_code: Sequence[Difference]
    given: Mapping[StepName, Iterable[ParameterName]]
    now: datetime


def differences(result: Result, context: Context) -> Sequence[Difference]:
    """Return what was found, each with its causes, its aspect and its waiver; missing and extra resources first."""
    by_code, parameters = ByCode(context.by_code), _parameters(context)
    found = [_difference(each, causes(each, by_code, parameters), context) for each in result.found]
    order = {"missing": 0, "extra": 1, "changed": 2}
    return sorted(found, key=lambda each: (order[each.kind], each.address, each.attribute))


def parity(result: Result, found: Sequence[Difference], breaches: Sequence[Breach], context: Context) -> Parity:
    """Return the report. A secret that is production's own breaks every purpose whose secrets must differ."""
    own = tuple(breaches)
    if result.same_secrets and "secrets" in context.template.purposes[context.clone.purpose].differ:
        where = ", ".join(f"`{place}`" for place in result.same_secrets[:5])
        more = f" and {len(result.same_secrets) - 5} more" if len(result.same_secrets) > 5 else ""
        message = (
            f"`{context.clone.name}` holds the very secret that `{context.source.name}` holds, at {where}{more}: give it one of "
            "its own."
        )
        own = (*own, Breach("differ", "secrets", message))
    return Parity(
        environment=context.clone.name,
        against=context.source.name,
        depth="plan",
        compared=result.compared,
        differences=found,
        breaches=own,
        set_apart=dict(result.set_apart),
    )


def _parameters(context: Context) -> Sequence[Putting]:
    """Return the parameters that differ, and where each is known."""
    needs = {name: [source.step for source in stack.inputs.values()] for name, stack in context.clone.stacks.items()}
    known = reach(context.given, needs)
    return [
        Putting(
            Cause(name, origin(context.template, context.clone, context.source, name)),
            context.source.parameters.get(name),
            value,
            known[name],
        )
        for name, value in context.clone.parameters.items()
        if name in known and name in context.template.parameters and context.source.parameters.get(name) != value
    ]


def _difference(found: Found, because: tuple[Cause, ...], context: Context) -> Difference:
    address = f"{found.stack}/{found.address}"
    path = found.leaf.path if found.leaf else ""
    kind = "changed" if found.leaf else "missing" if found.is_missing else "extra"
    declared = [context.template.parameters[cause.parameter] for cause in because]
    facts = Facts(
        kind=kind,
        address=address,
        attribute=path,
        is_outbound=any(parameter.outbound for parameter in declared),
        is_caused_by_identity=bool(declared) and all(parameter.identity for parameter in declared),
    )
    return Difference(
        kind="changed" if found.leaf else "missing" if found.is_missing else "extra",
        address=address,
        attribute=path,
        production=_text(found.leaf.production, path) if found.leaf else "" if kind == "extra" else found.address,
        clone=_text(found.leaf.clone, path) if found.leaf else "" if kind == "missing" else found.address,
        aspect=aspect_of(facts, context.template.aspects),
        causes=because,
        waiver=waiver_for(context.clone.waivers, address, path, context.now),
        file=found.file,
        line=found.line,
    )


def _text(value: Value, path: str) -> str:
    """Return a value as text; what is sensitive, or is called so, is not shown."""
    if isinstance(value, Masked) or (is_secret(path) and value is not None):
        return HIDDEN
    return value[:300] if isinstance(value, str) else shown(value)
