"""The rules that a template declares for values: which of them they break, and which values would keep them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.core.rendering.inventory import clash
from bot.core.rendering.parameter_types import text
from bot.model import duration
from bot.model.pipeline import Json
from bot.model.template import (
    DurationParameter,
    EnumParameter,
    ListParameter,
    NumberParameter,
    ParameterRule,
    StringParameter,
    Template,
)
from bot.names import EnvironmentName, ParameterName, resembles, shown

Values = Mapping[ParameterName, Json]


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule that values break; the message names both parameters with their values."""

    rule: ParameterRule
    message: str


def broken(template: Template, values: Values) -> Iterator[BrokenRule]:
    """Yield the rules that don't hold. All parameters have values of their types."""
    for rule in template.rules:
        first, second = rule.parameters
        must = "be at most" if rule.at_most else "begin with"
        if not _holds(rule, values):
            said = f"`{first}` is {shown(text(values[first]))} and must {must} `{second}`, which is {shown(text(values[second]))}"
            yield BrokenRule(rule, f"{said}: {rule.description}")


@dataclass(frozen=True, slots=True)
class TakenValue:
    """A parameter whose value is that of an environment which no template renders."""

    parameter: ParameterName
    message: str


def taken(template: Template, values: Values) -> Iterator[TakenValue]:
    """Yield the parameters whose values environments with code of their own have."""
    for name, value in values.items():
        parameter = template.parameters.get(name)
        holders = (
            (holder, own[name]) for holder, own in template.unmanaged.items() if parameter is not None and name in own
        )
        for holder, own in holders:
            if parameter is not None and clash(parameter, value, own):
                what = "it is" if value == own else f"it overlaps {shown(text(own))},"
                message = f"`{name}` can't be {shown(text(value))}: {what} that of `{holder}`, an environment with code of its own"
                yield TakenValue(name, f"{message} (`unmanaged` in template.yaml).")


def taken_name(template: Template, name: EnvironmentName) -> str | None:
    """Return why no environment may have this name, if one with code of its own has it or one like it."""
    holder = next((each for each in template.unmanaged if each == name or resembles(name, each)), None)
    if holder is None:
        return None
    is_its = "is" if holder == name else f"looks like `{holder}`,"
    return f"`{name}` {is_its} an environment with code of its own (`unmanaged` in template.yaml). Choose another name."


def kept(
    template: Template, rule: ParameterRule, values: Values, asked: frozenset[ParameterName]
) -> Mapping[ParameterName, Json] | None:
    """Return the values that somebody who gave those of `asked` may have meant; None when that isn't known.

    What was asked for is kept near: a number becomes the other one's, two numbers change places, and texts that begin with
    another value that the second parameter may have begin with its own.
    """
    first, second = rule.parameters
    if rule.at_most:
        if {first, second} <= asked:
            return {first: values[second], second: values[first]}
        return {first: values[second]} if first in asked else {second: values[first]}
    declared, prefix = template.parameters[second], str(values[second])
    known = declared.values if isinstance(declared, EnumParameter) else ()
    texts = [_moved(item, known, prefix) for item in _texts(values[first])]
    if any(item is None for item in texts):
        return None
    found: Json = [item for item in texts if item is not None]
    return {first: found if isinstance(values[first], list) else texts[0]}


def problems(template: Template) -> Iterator[tuple[int, str]]:
    """Yield what is wrong with the rules themselves, by their positions."""
    kinds = {
        "at_most": (NumberParameter, DurationParameter),
        "begins_with": (StringParameter, EnumParameter, ListParameter),
    }
    for position, rule in enumerate(template.rules):
        form = "at_most" if rule.at_most else "begins_with"
        for name in rule.parameters:
            parameter = template.parameters.get(name)
            if parameter is None:
                yield position, f"unknown parameter `{name}`."
            elif not isinstance(parameter, kinds[form]):
                yield position, f"`{form}` doesn't apply to `{name}`, which is a {parameter.type}."


def _holds(rule: ParameterRule, values: Values) -> bool:
    first, second = (values[name] for name in rule.parameters)
    if rule.at_most:
        return _amount(first) <= _amount(second)
    return all(item.startswith(str(second)) for item in _texts(first))


def _amount(value: Json) -> float:
    return duration.parse(value).total_seconds() if isinstance(value, str) else float(str(value))


def _texts(value: Json) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _moved(item: str, known: tuple[str, ...], prefix: str) -> str | None:
    if item.startswith(prefix):
        return item
    other = next((one for one in known if item.startswith(one)), None)
    return None if other is None else prefix + item.removeprefix(other)
