"""A purpose as a contract: what must match production, what must differ, and which of it is broken."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.hcl.address_patterns import key_of, matches, matches_any
from bot.core.hcl.attributes import AttributeKey
from bot.core.parity.identity import account_reached_by_both, host_of
from bot.core.parity.report import Breach, Difference
from bot.core.rendering.assemble import TemplateAt
from bot.core.rendering.inventory import differs_enough
from bot.model.environment import Manifest
from bot.model.template import Purpose, Template
from bot.names import ParameterName, shown

# Attributes that name or hold a secret: where secrets must differ, none of these, nor the cloud's own, may be production's.
SECRETS = (
    "*:secret_string",
    "*:secret_id",
    "*:*password",
    "*:*private_key",
    "*:*auth_token",
)


@dataclass(frozen=True, slots=True)
class Contract:
    """What a clone was promised to be: its purpose, as the template declares it, against production's manifest."""

    template: TemplateAt
    production: Manifest
    clone: Manifest

    @property
    def purpose(self) -> Purpose:
        return self.template.declaration.purposes[self.clone.purpose]


def breaches(
    contract: Contract, differences: Sequence[Difference], equal: Mapping[AttributeKey, str]
) -> tuple[Breach, ...]:
    """Return the demands of the clone's purpose that are broken.

    `equal` are the attributes whose values are known and the same on both sides, with that value. A waived difference breaks
    nothing, nor does one that only the template's revision causes: a clone of an older or newer revision is what it says it is.
    """
    counted = [each for each in differences if each.waiver is None and not each.is_revision]
    found = [*_unmatched(contract, counted), *_undiffering(contract, counted, equal)]
    names = f"`{contract.clone.purpose}`", f"`{contract.production.name}`"
    return tuple(replace(breach, message=breach.message.format(*names)) for breach in found)


def concerns(demand: str, difference: Difference) -> bool:
    """Say whether a demand (an aspect, `parameter:` or `attribute:`) is about a difference."""
    kind, colon, rest = demand.partition(":")
    if not colon:
        return difference.aspect == demand
    if kind == "parameter":
        return any(cause.parameter == rest for cause in difference.causes)
    return matches(rest, difference.address, difference.attribute)


def _unmatched(contract: Contract, counted: Sequence[Difference]) -> Iterator[Breach]:
    production, clone = contract.production.parameters, contract.clone.parameters
    for demand in contract.purpose.match:
        broken = tuple(each for each in counted if concerns(demand, each))
        name = ParameterName(demand.removeprefix("parameter:")) if demand.startswith("parameter:") else None
        if name is not None and name in production and production[name] != clone.get(name):
            message = (
                f"{{0}} must match {{1}} in parameter `{name}`: it has {_braced(clone.get(name))} instead "
                f"of {_braced(production[name])}"
            )
            yield Breach("match", demand, message, broken, (name,))
        elif name is None and broken:
            message = f"{{0}} must match {{1}} in {_called(demand)}, but differs {_places(broken)}"
            causes = dict.fromkeys(cause.parameter for each in broken for cause in each.causes)
            yield Breach("match", demand, message, broken, tuple(causes))


def _undiffering(
    contract: Contract, counted: Sequence[Difference], equal: Mapping[AttributeKey, str]
) -> Iterator[Breach]:
    template = contract.template.declaration
    production, clone = contract.production.parameters, contract.clone.parameters
    for demand in contract.purpose.differ:
        kind, colon, rest = demand.partition(":")
        names = list(_flagged(template, demand))
        alike = [name for name in names if _is_alike(contract, name)]
        if alike:
            listed = ", ".join(f"`{name}`" for name in alike)
            nested = any(template.parameters[n].identity and production[n] != clone[n] for n in alike)
            elsewhere = any(template.parameters[n].outbound and production[n] != clone[n] for n in alike)
            has = (
                "one contains the other in"
                if nested
                else "both reach the same host or account by"
                if elsewhere
                else "both have the same"
            )
            message = f"{{0}} must differ from {{1}} in {_called(demand)}, but {has} {listed}"
            yield Breach("differ", demand, message, parameters=tuple(alike))
        patterns = (
            (*contract.template.cloud.secrets, *SECRETS)
            if demand == "secrets"
            else (rest,)
            if kind == "attribute"
            else ()
        )
        same = [key_of(*key) for key in equal if matches_any(patterns, *key)]
        if same:
            listed = ", ".join(f"`{_escaped(key)}`" for key in same[:3]) + (
                f" and {len(same) - 3} more" if same[3:] else ""
            )
            yield Breach(
                "differ", demand, f"{{0}} must differ from {{1}} in {_called(demand)}, but {listed} is the same"
            )
        if not colon and not names and not patterns and not any(concerns(demand, each) for each in counted):
            yield Breach("differ", demand, f"{{0}} must differ from {{1}} in {_called(demand)}, but nothing differs")


def _flagged(template: Template, demand: str) -> Iterable[ParameterName]:
    """Yield the parameters that must differ for a demand."""
    for name, parameter in template.parameters.items():
        flagged = (demand == "identity" and parameter.identity) or (demand == "outbound" and parameter.outbound)
        if flagged or demand == f"parameter:{name}":
            yield name


def _is_alike(contract: Contract, name: ParameterName) -> bool:
    """Say whether a parameter is as in production; what reaches outside is if it reaches the same host, by whatever path, or the same account.

    Identity is where it lies within production's.
    """
    parameter = contract.template.declaration.parameters[name]
    theirs, ours = (each.parameters.get(name) for each in (contract.production, contract.clone))
    if theirs is None or ours is None:
        return False
    if parameter.identity and not differs_enough(parameter, ours, theirs):
        return True
    if not parameter.outbound or not isinstance(theirs, str) or not isinstance(ours, str):
        return theirs == ours
    host = host_of(theirs)
    if theirs == ours or (host is not None and host == host_of(ours)):
        return True
    return account_reached_by_both(ours, theirs, contract.clone, contract.template.cloud) is not None


def _places(broken: Collection[Difference]) -> str:
    """Return where a demand is broken: the first few places, so that the one that matters is seen without a table."""
    first = list(broken)[:3]
    more = f", and at {len(broken) - len(first)} more places" if len(broken) > len(first) else ""
    return f"{', '.join(map(_place, first))}{more}"


def _place(each: Difference) -> str:
    key = _escaped(key_of(each.address, each.attribute))
    if each.kind != "changed":
        return f"at `{key}` ({each.kind})"
    return f"at `{key}`: {_braced(each.clone)} instead of {_braced(each.production)}"


def _called(demand: str) -> str:
    return demand if ":" not in demand else f"`{_escaped(demand.partition(':')[2])}`"


def _braced(value: object) -> str:
    return _escaped(shown(value if isinstance(value, str) else str(value)))


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
