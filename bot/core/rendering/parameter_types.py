"""Values of parameters: read from text, checked against the declaration, made canonical.

Every value that reaches a template has passed `checked`, so this is the strict type at the entrance that the rest of
the core relies on: NFC text without control or invisible characters, networks without host bits, finite numbers.
"""

import json
import math
import re
import unicodedata
from ipaddress import AddressValueError, IPv4Network, NetmaskValueError
from typing import assert_never

from bot.errors import InvalidInput
from bot.model import duration
from bot.model.pattern import matches
from bot.model.pipeline import Json
from bot.model.suggest import closest
from bot.model.template import (
    BoolParameter,
    CidrParameter,
    DurationParameter,
    EnumParameter,
    ListParameter,
    MapParameter,
    NumberParameter,
    Parameter,
    StringParameter,
)
from bot.names import ParameterName, shown

_ANY_NETWORK = CidrParameter(type="cidr", description="a network", min_prefix=0, max_prefix=32)
_MAP_KEY = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./:@ -]{0,127}")


def read(name: ParameterName, parameter: Parameter, text: str) -> Json:
    """Return the value that `text`, as typed after `--set name=`, says. Raises `InvalidInput`."""
    match parameter:
        case StringParameter() | EnumParameter() | CidrParameter() | DurationParameter():
            return checked(name, parameter, text)
        case BoolParameter():
            if text not in {"true", "false"}:
                raise InvalidInput(f"`{name}` must be true or false, not {shown(text)}.")
            return text == "true"
        case NumberParameter():
            if re.fullmatch(r"-?\d{1,15}(\.\d{1,10})?", text, re.ASCII) is None:
                raise InvalidInput(f"`{name}` must be a number, not {shown(text)}.")
            return checked(name, parameter, float(text) if "." in text else int(text))
        case ListParameter() | MapParameter():
            return checked(name, parameter, _structured(name, parameter, text))
        case _:
            assert_never(parameter)


def typed(parameter: Parameter, value: Json) -> str:
    """Return the text that `read` turns back into `value`."""
    match parameter:
        case BoolParameter() | NumberParameter() | ListParameter() | MapParameter():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def text(value: Json) -> str:
    """Return a value as people read it."""
    return "absent" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def checked(name: ParameterName, parameter: Parameter, value: Json) -> Json:  # noqa: C901, PLR0912 (one case a type)
    """Return `value` in canonical form if the parameter may have it. Raises `InvalidInput` with what it may have."""
    match parameter:
        case StringParameter():
            text = _text(name, value)
            if not parameter.min_length <= len(text) <= parameter.max_length:
                raise InvalidInput(
                    f"`{name}` must have {parameter.min_length} to {parameter.max_length} characters, not {len(text)}."
                )
            _match(name, parameter.pattern, text)
            return text
        case EnumParameter():
            if not isinstance(value, str) or value not in parameter.values:
                near = closest(str(value), parameter.values)
                hint = f" Did you mean `{near}`?" if near else ""
                raise InvalidInput(
                    f"`{name}` must be one of {_listed(parameter.values)}, not {shown(str(value))}.{hint}"
                )
            return value
        case BoolParameter():
            if not isinstance(value, bool):
                raise InvalidInput(f"`{name}` must be true or false, not {shown(str(value))}.")
            return value
        case NumberParameter():
            return _number(name, parameter, value)
        case CidrParameter():
            return _network(name, parameter, value)
        case DurationParameter():
            length = duration.parse(_text(name, value))
            if (parameter.min and length < parameter.min) or (parameter.max and length > parameter.max):
                raise InvalidInput(f"`{name}` must be a duration {_bounds(parameter)}, not {shown(str(value))}.")
            return duration.text(length)
        case ListParameter():
            return _list(name, parameter, value)
        case MapParameter():
            return _map(name, parameter, value)
        case _:
            assert_never(parameter)


def _text(name: str, value: Json) -> str:
    if not isinstance(value, str):
        raise InvalidInput(f"`{name}` must be text, not {shown(json.dumps(value))}.")
    for character in value:
        # Cc control, Cf invisible (bidi overrides, zero width), Cs surrogates, Co and Cn without meaning; see UTS 55.
        if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Cn"} and character not in "\n\t":
            raise InvalidInput(f"`{name}` contains the invisible character U+{ord(character):04X}. Remove it.")
    if unicodedata.normalize("NFC", value) != value:
        raise InvalidInput(f"`{name}` is not in Unicode normal form NFC, so Terraform would change it. Type it again.")
    return value


def _match(name: str, pattern: str | None, text: str) -> None:
    if pattern is not None and not matches(pattern, text):
        raise InvalidInput(f"`{name}` must match `{pattern}`; {shown(text)} does not.")


def _number(name: str, parameter: NumberParameter, value: Json) -> Json:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidInput(f"`{name}` must be a number, not {shown(str(value))}.")
    if parameter.integer and value != int(value):
        raise InvalidInput(f"`{name}` must be a whole number, not {shown(str(value))}.")
    if (parameter.min is not None and value < parameter.min) or (parameter.max is not None and value > parameter.max):
        raise InvalidInput(f"`{name}` must be a number {_bounds(parameter)}, not {value}.")
    return int(value) if value == int(value) else value


def _network(name: str, parameter: CidrParameter, value: Json) -> Json:
    text = _text(name, value)
    try:
        network = IPv4Network(text)
    except (AddressValueError, NetmaskValueError, ValueError) as error:
        raise InvalidInput(f"`{name}` must be an IPv4 network such as `10.64.0.0/20`, not {shown(text)}.") from error
    if not parameter.min_prefix <= network.prefixlen <= parameter.max_prefix:
        raise InvalidInput(
            f"`{name}` must be a network from /{parameter.min_prefix} to /{parameter.max_prefix}, not "
            f"/{network.prefixlen}."
        )
    return str(network)


def _list(name: str, parameter: ListParameter, value: Json) -> Json:
    if not isinstance(value, list):
        raise InvalidInput(f'`{name}` must be a list, for example `["a","b"]`.')
    if not parameter.min_items <= len(value) <= parameter.max_items:
        raise InvalidInput(
            f"`{name}` must have {parameter.min_items} to {parameter.max_items} items, not {len(value)}."
        )
    items = [_item(name, parameter.items, item) for item in value]
    for item in items:
        if isinstance(item, str):
            _match(name, parameter.pattern, item)
    if parameter.unique and len({json.dumps(item) for item in items}) != len(items):
        raise InvalidInput(f"`{name}` contains an item twice.")
    return items


def _map(name: str, parameter: MapParameter, value: Json) -> Json:
    if not isinstance(value, dict):
        raise InvalidInput(f'`{name}` must be a map, for example `{{"team":"shop"}}`.')
    if len(value) > parameter.max_items:
        raise InvalidInput(f"`{name}` can have at most {parameter.max_items} items, not {len(value)}.")
    for key in value:
        if _MAP_KEY.fullmatch(key) is None:
            raise InvalidInput(
                f"`{name}` has an invalid key {shown(key)}. Use letters, digits, space and `_ . / : @ -`."
            )
    return {key: _item(name, parameter.values, item) for key, item in sorted(value.items())}


def _item(name: str, kind: str, value: Json) -> Json:
    if kind == "string":
        return _text(name, value)
    if kind == "cidr":
        return _network(name, _ANY_NETWORK, value)
    return _number(name, NumberParameter(type="number", description="an item"), value)


def _structured(name: str, parameter: ListParameter | MapParameter, text: str) -> Json:
    if isinstance(parameter, ListParameter) and not text.startswith("["):
        return [_numeric(name, part) if parameter.items == "number" else part for part in text.split(",") if part]
    try:
        value: Json = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"`{name}` is not valid JSON: {shown(text)}.") from error
    return value


def _numeric(name: str, text: str) -> Json:
    return read(ParameterName(name), NumberParameter(type="number", description="an item"), text)


def _bounds(parameter: NumberParameter | DurationParameter) -> str:
    low, high = parameter.min, parameter.max
    if isinstance(parameter, DurationParameter):
        low_text = duration.text(parameter.min) if parameter.min else None
        high_text = duration.text(parameter.max) if parameter.max else None
    else:
        low_text, high_text = (f"{bound:g}" if isinstance(bound, float | int) else None for bound in (low, high))
    if low_text and high_text:
        return f"from {low_text} to {high_text}"
    return f"of at least {low_text}" if low_text else f"of at most {high_text}"


def _listed(values: tuple[str, ...]) -> str:
    return ", ".join(f"`{value}`" for value in values)
