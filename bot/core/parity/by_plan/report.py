"""The comparison by plan as the one value behind every parity report: causes found, aspects named, waivers applied, secrets hidden.

What a plan can't show (hooks, files, steps) the report takes over from the comparison by code; so does it what code alone finds
unexplained, for a plan holds nothing of an attribute that is known only after apply.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.core.hcl.address_patterns import of_stack
from bot.core.hcl.attributes import Attribute, AttributeKey
from bot.core.parity.aspects import AspectFacts, aspect_of, is_secret
from bot.core.parity.by_plan.causes import ByCode, Putting, causes, reach
from bot.core.parity.by_plan.compare import PlanComparison, PlanDifference
from bot.core.parity.by_plan.snapshot import seal
from bot.core.parity.contract import Contract, breaches
from bot.core.parity.report import Breach, Cause, Difference, Parity
from bot.core.parity.waivers import Waivers
from bot.core.plans.plan_values import Masked, PlanValue
from bot.core.plans.value_text import on_one_line
from bot.core.rendering.assemble import TemplateAt
from bot.core.rendering.parameter_values import origin
from bot.core.rendering.render import ENDING, render
from bot.model.environment import Manifest
from bot.names import KINDS_OF_STEPS, ParameterName, StepName

HIDDEN = "(sensitive)"


@dataclass(frozen=True, slots=True)
class ReportContext:
    """What differences are judged by: the clone's template, both manifests, and the comparison by code.

    `values` are what the clone's code evaluates to, by address and attribute in production's names; `key` seals the snapshot.
    """

    template: TemplateAt
    source: Manifest
    clone: Manifest
    by_code: Parity
    now: datetime
    values: Mapping[AttributeKey, Attribute] = field(default_factory=dict)
    key: str = field(default="", repr=False)

    @property
    def waivers(self) -> Waivers:
        return Waivers(self.clone.waivers, self.now)


def report(result: PlanComparison, context: ReportContext) -> Parity:
    """Return the report, missing and extra resources first."""
    by_code = ByCode(context.by_code.differences, result.translation)
    parameters = _parameters(context)
    planned = [_difference(each, by_code, causes(each, by_code, parameters), context) for each in result.found]
    by_code_alone = [*_beyond_plans(context.by_code.differences, planned, result), *_otherwise_sealed(result, context)]
    order = {"missing": 0, "extra": 1, "changed": 2}
    return Parity(
        environment=context.clone.name,
        against=context.source.name,
        depth="plan",
        compared=result.compared + len(by_code_alone),
        differences=sorted(
            [*planned, *by_code_alone],
            key=lambda each: (order[each.kind], not each.is_unexplained, each.address, each.attribute),
        ),
        breaches=tuple(_breaches(result, planned, context)),
        set_apart=dict(sorted(result.set_apart.items())),
    )


def _breaches(result: PlanComparison, planned: Sequence[Difference], context: ReportContext) -> Iterator[Breach]:
    """Yield the broken contracts: those that code shows, those that only the plan shows, and secrets that are production's own."""
    yield from context.by_code.breaches
    known = {(breach.demand, breach.aspect) for breach in context.by_code.breaches}
    for breach in breaches(Contract(context.template, context.source, context.clone), planned, {}):
        if breach.demand == "match" and (breach.demand, breach.aspect) not in known:
            yield breach
    purpose = context.template.declaration.purposes[context.clone.purpose]
    if result.same_secrets and "secrets" in purpose.differ:
        where = ", ".join(f"`{place}`" for place in result.same_secrets[:5])
        more = f" and {len(result.same_secrets) - 5} more" if len(result.same_secrets) > 5 else ""
        said = (
            f"`{context.clone.purpose}` must differ from `{context.source.name}` in secrets, but both have the same "
            f"values at {where}{more}"
        )
        yield Breach("differ", "secrets", said)


def _beyond_plans(
    by_code: Sequence[Difference], planned: Sequence[Difference], result: PlanComparison
) -> Iterator[Difference]:
    """Yield the differences of code that no plan shows: of hooks, steps and files, and where a plan has no value to show."""
    shown = {(each.address, each.attribute) for each in planned}
    for each in by_code:
        address = result.translation.address(each.address)
        stack, rest = of_stack(address)
        if stack in {"", *KINDS_OF_STEPS} or "." not in rest:
            yield each  # a hook, a step or a file
        elif (address, each.attribute) in shown:
            continue
        elif each.is_unexplained or ((address, each.attribute) in result.apart and each.aspect != "identity"):
            yield replace(each, address=address)


def _otherwise_sealed(result: PlanComparison, context: ReportContext) -> Iterator[Difference]:
    """Yield the sensitive values that are not what the clone's own code evaluates to: no parameter can have made those."""
    for (address, attribute), leaf in context.values.items():
        place = result.translation.address(address), attribute
        sealed = result.apart.get(place)
        known = leaf.value if isinstance(leaf.value, str | int | float) else None
        if (
            known is None
            or not isinstance(sealed, Masked)
            or sealed.reveal() in {seal(known, context.key), seal(str(known), context.key)}
        ):
            continue
        yield Difference(
            kind="changed",
            address=place[0],
            attribute=attribute,
            production=HIDDEN,
            clone=HIDDEN,
            aspect=aspect_of(
                AspectFacts("changed", *place), context.template.declaration.aspects, context.template.cloud
            ),
            waiver=context.waivers.naming(*place),
            file=leaf.file,
            line=leaf.line,
        )


def _parameters(context: ReportContext) -> Sequence[Putting]:
    """Return the parameters that differ, and the stacks in which each is known."""
    source, clone, declared = context.source, context.clone, context.template.declaration
    differing = [
        name
        for name, value in clone.parameters.items()
        if name in declared.parameters and name in source.parameters and source.parameters[name] != value
    ]
    needs = {name: [each.step for each in stack.inputs.values()] for name, stack in clone.stacks.items()}
    known = reach(_given(context, differing), needs)
    return [
        Putting(
            Cause(name, origin(declared, clone, source, name)),
            source.parameters[name],
            clone.parameters[name],
            known[name],
        )
        for name in differing
        if name in known
    ]


def _given(context: ReportContext, names: Sequence[ParameterName]) -> Mapping[StepName, Sequence[ParameterName]]:
    """Return which parameters each stack's files hold, by rendering once more with each as production has it."""
    declared, files = context.template.declaration.parameters, context.template.files
    dynamic = {path: file for path, file in files.items() if path.endswith(ENDING)}
    ours = render(dynamic, declared, context.clone.parameters)
    found: dict[StepName, list[ParameterName]] = {}
    for name in names:
        put_back = {**context.clone.parameters, name: context.source.parameters[name]}
        other = render(dynamic, declared, put_back)
        for stack in context.clone.stacks:
            if any(path.startswith(f"{stack}/") and file != other.get(path) for path, file in ours.items()):
                found.setdefault(stack, []).append(name)
    return found


def _difference(
    found: PlanDifference, by_code: ByCode, because: tuple[Cause, ...], context: ReportContext
) -> Difference:
    address = f"{found.stack}/{found.address}"
    path = found.leaf.path if found.leaf else ""
    kind = "changed" if found.leaf else "missing" if found.is_missing else "extra"
    known = context.template.declaration.parameters
    declared = [known[cause.parameter] for cause in because if cause.parameter in known]
    facts = AspectFacts(
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
        aspect=aspect_of(facts, context.template.declaration.aspects, context.template.cloud),
        causes=because,
        waiver=context.waivers.naming(address, path),
        file=found.file,
        line=found.line,
        is_revision=not because and by_code.is_revision(found),
    )


def _text(value: PlanValue, path: str) -> str:
    """Return a value as text; what is sensitive, or is called so, is not shown."""
    if isinstance(value, Masked) or (is_secret(path) and value is not None):
        return HIDDEN
    return value[:300] if isinstance(value, str) else on_one_line(value)
