"""Decide the value of every parameter of a new environment, and remember where it came from.

Precedence, strongest first, in one expression in `_chosen`: `--set` > the purpose > derived or allocated (who the
environment is) > the source's value (what it is like) > the declared default.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from bot.core.rendering.allocate import Held, allocate, placed_as_in_source
from bot.core.rendering.inventory import Inventory, differs_enough
from bot.core.rendering.parameter_types import checked
from bot.errors import InvalidInput, UserError
from bot.model.environment import Manifest
from bot.model.pipeline import Json
from bot.model.template import Allocation, Parameter, Pool, Template
from bot.names import EnvironmentName, ParameterName, PurposeName

_REFERENCE = re.compile(r"\{([a-z][a-z0-9_]*)\}")
ENVIRONMENT = "environment"


class Origin(StrEnum):
    """Where a parameter's value came from."""

    OVERRIDE = "override"
    PURPOSE = "purpose"
    DERIVED = "derived"
    ALLOCATED = "allocated"
    SOURCE = "source"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class RequestedEnvironment:
    """A requested environment: its name, purpose and values."""

    name: EnvironmentName
    purpose: PurposeName
    overrides: Mapping[ParameterName, Json]
    source: Manifest | None


def resolve(template: Template, request: RequestedEnvironment, inventory: Inventory) -> dict[ParameterName, Json]:
    """Return every parameter's value. Raises `UserError` that names the parameter and says what to type."""
    resolver = _Resolver(template, request, inventory)
    return {name: resolver.value(name) for name in template.parameters}


def settled(template: Template, manifest: Manifest) -> dict[ParameterName, Json]:
    """Return the values that follow from a clone's purpose and its other values alone: whatever nobody asked for by name.

    Raises `UserError` when they aren't known.
    """
    chosen = template.purposes[manifest.purpose].set
    names = [
        name
        for name, parameter in template.parameters.items()
        if name not in manifest.overrides and (name in chosen or parameter.derive is not None)
    ]
    given = {name: value for name, value in manifest.parameters.items() if name not in names}
    values = resolve(template, RequestedEnvironment(manifest.name, manifest.purpose, given, None), Inventory({}))
    return {name: values[name] for name in names}


def origin(template: Template, manifest: Manifest, source: Manifest, name: ParameterName) -> Origin:
    """Return where the value of a parameter came from; `_Resolver` decides in the same order."""
    parameter = template.parameters[name]
    if name in manifest.overrides:
        return Origin.OVERRIDE
    if name in template.purposes[manifest.purpose].set:
        return Origin.PURPOSE
    if parameter.derive is not None:
        return Origin.DERIVED
    if parameter.allocate is not None:
        return Origin.ALLOCATED
    return Origin.SOURCE if _called_in(source, name, parameter) and not parameter.identity else Origin.DEFAULT


def _called_in(source: Manifest | None, name: ParameterName, parameter: Parameter) -> ParameterName | None:
    """Return the name that a parameter has in the source, which may be behind; None if the source has no such parameter."""
    had = source.parameters if source is not None else {}
    return next((each for each in (name, *parameter.renamed_from) if each in had), None)


def references(text: str) -> list[str]:
    """Return the names in braces in a derived text."""
    return _REFERENCE.findall(text)


def _nearness(value: Json, theirs: Json, source: EnvironmentName) -> str:
    """Say why an identity value is not separate enough from the source's."""
    if value == theirs:
        return f"the same as in {source}. It identifies an environment, so the two must differ."
    if "/" in str(theirs):
        return f"which overlaps with {source}'s network `{theirs}`."
    below, whoever = ("below", "that one") if str(value).endswith(f".{theirs}") else ("above", "this one")
    return (
        f"which lies {below} `{theirs}` of {source}, so it is not separate enough: whoever owns {whoever} controls "
        "all names below it, and its cookies reach them. If the template delegates it on purpose, set `below_source: "
        "true`."
    )


class NotApart(UserError):
    """A parameter of identity would not differ from the source's."""

    def __init__(self, message: str, parameter: ParameterName) -> None:
        super().__init__(message)
        self.parameter = parameter


class _Resolver:
    """Resolves parameters on demand, since derived ones need others first."""

    def __init__(self, template: Template, request: RequestedEnvironment, inventory: Inventory) -> None:
        self.template, self.request, self.inventory = template, request, inventory
        self.values: dict[ParameterName, Json] = {}
        self.underway: list[ParameterName] = []

    def value(self, name: ParameterName) -> Json:
        if name not in self.values:
            if name in self.underway:
                circle = " → ".join([*self.underway, name])
                raise InvalidInput(
                    f"template {self.template.name}: parameters are derived from each other in a cycle: {circle}"
                )
            self.underway.append(name)
            value = self._chosen(name)
            self.underway.pop()
            self.values[name] = checked(name, self.template.parameters[name], value)
            self._refuse_the_sources_identity(name)
        return self.values[name]

    def _chosen(self, name: ParameterName) -> Json:
        parameter, source = self.template.parameters[name], self.request.source
        purpose = self.template.purposes[self.request.purpose]
        if name in self.request.overrides:
            return self.request.overrides[name]
        if name in purpose.set:
            return self._filled(purpose.set[name])
        if parameter.derive is not None:
            return self._filled(parameter.derive)
        if parameter.allocate is not None:
            return self._allocated(name, parameter, parameter.allocate)
        theirs = _called_in(source, name, parameter)
        if source is not None and theirs is not None and not parameter.identity:
            return source.parameters[theirs]
        if parameter.default is not None:
            return parameter.default
        lacking = [each for each in self.template.parameters if self._lacks_a_value(each)]
        listed = ", ".join(f"`{each}` ({self.template.parameters[each].description})" for each in lacking)
        options = " ".join(f"--set {each}=…" for each in lacking)
        raise UserError(f"{listed} {'needs a value' if len(lacking) == 1 else 'need values'}. Add `{options}`.")

    def _lacks_a_value(self, name: ParameterName) -> bool:
        """Say whether nothing but a person can say a value: whoever is asked hears of all at once."""
        parameter, said = (
            self.template.parameters[name],
            {**self.template.purposes[self.request.purpose].set, **self.request.overrides},
        )
        is_found = parameter.derive is not None or parameter.allocate is not None or parameter.default is not None
        is_copied = _called_in(self.request.source, name, parameter) is not None and not parameter.identity
        return name not in said and not is_found and not is_copied

    def _filled(self, value: Json) -> Json:
        if not isinstance(value, str):
            return value
        return _REFERENCE.sub(lambda match: self._referred(match[1]), value)

    def _referred(self, name: str) -> str:
        if name == ENVIRONMENT:
            return self.request.name
        if name not in self.template.parameters:
            raise InvalidInput(f"template {self.template.name}: unknown parameter `{{{name}}}`")
        return str(self.value(ParameterName(name)))

    def _allocated(self, name: ParameterName, parameter: Parameter, allocation: Allocation) -> Json:
        """Return a value that no other environment has. Networks of one environment lie to each other as those of its source do."""
        unmanaged = Held(each[name] for each in self.template.unmanaged.values() if name in each)
        held = [*self.inventory.all_held(name, parameter, by_others_than=self.request.name), unmanaged]
        if not isinstance(allocation, Pool):
            return allocate(name, allocation, held, self.request.name)
        others = [(self.value(each), self._of_source(each)) for each in self._allocated_before(name, allocation)]
        inside = placed_as_in_source(self._of_source(name), allocation, others)
        if inside is not None and not any(each.clashes(parameter, inside) for each in held):
            return inside
        return allocate(name, allocation, [*held, Held(here for here, _ in others)], self.request.name)

    def _allocated_before(self, name: ParameterName, allocation: Pool) -> list[ParameterName]:
        """Return the parameters whose networks come from the same addresses: the larger ones, and those that are declared before."""
        order = list(self.template.parameters)
        return [
            other
            for other, parameter in self.template.parameters.items()
            if isinstance(parameter.allocate, Pool)
            and parameter.allocate.pool.overlaps(allocation.pool)
            and (parameter.allocate.prefix, order.index(other)) < (allocation.prefix, order.index(name))
        ]

    def _of_source(self, name: ParameterName) -> Json:
        source = self.request.source
        called = _called_in(source, name, self.template.parameters[name])
        return source.parameters[called] if source is not None and called is not None else None

    def _refuse_the_sources_identity(self, name: ParameterName) -> None:
        parameter, source, value = self.template.parameters[name], self.request.source, self.values[name]
        called = _called_in(source, name, parameter)
        if not parameter.identity or source is None or called is None:
            return
        theirs = source.parameters[called]
        if differs_enough(parameter, value, theirs):
            return
        if name in self.request.overrides:
            advice = f"Leave out `--set {name}=…`, or give another value."
        elif source.source is not None:
            advice = f"`{source.name}` is itself a clone. Clone `{source.source}` instead."
        else:
            advice = f"Give another value with `--set {name}=…`, or write another one in the template."
        raise NotApart(f"`{name}` would be `{value}`, {_nearness(value, theirs, source.name)} {advice}", name)
