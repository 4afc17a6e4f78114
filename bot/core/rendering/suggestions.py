"""The value that was probably meant: the nearest valid one, as text to type."""

import json
import re
import unicodedata
from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import assert_never

from bot.core.rendering.parameter_types import read, typed
from bot.errors import InvalidInput
from bot.model import duration
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
from bot.names import ParameterName

_ANY_NETWORK = CidrParameter(type="cidr", description="a network", min_prefix=0, max_prefix=32)
_BOOLEANS = {"true": ("true", "yes", "on", "1"), "false": ("false", "no", "off", "0")}


def nearest(name: ParameterName, parameter: Parameter, text: str) -> str | None:
    """Return the text of the nearest value that the parameter may have; None when none is near or `text` says one itself."""
    for candidate in _candidates(parameter, text):
        try:
            value = read(name, parameter, candidate)
        except InvalidInput:
            continue
        near = listed(parameter, value)
        return near if near != text else None
    return None


def _candidates(parameter: Parameter, text: str) -> Iterator[str]:
    match parameter:
        case StringParameter():
            visible = "".join(
                c for c in text if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "Cn"} or c in "\n\t"
            )
            clean = unicodedata.normalize("NFC", visible)
            yield from dict.fromkeys(
                (clean, clean.strip(), clean.strip().lower(), re.sub("[ _]+", "-", clean.strip().lower()))
            )
        case EnumParameter():
            near = closest(text, parameter.values)
            yield from (near,) if near else ()
        case BoolParameter():
            yield from (value for value, words in _BOOLEANS.items() if closest(text, words, cutoff=0.7))
        case NumberParameter():
            yield from _numbers(parameter, text)
        case CidrParameter():
            yield from _networks(parameter, text)
        case DurationParameter():
            yield from _durations(parameter, text)
        case ListParameter():
            yield from _lists(parameter, text)
        case MapParameter():
            return
        case _:
            assert_never(parameter)


def _numbers(parameter: NumberParameter, text: str) -> Iterator[str]:
    found = re.fullmatch(
        r"\s*([+-]?\d{1,3}(?:[,_' ]\d{3})+|[+-]?\d{1,15}(?:\.\d{1,10})?)\s*[A-Za-z%]{0,9}\s*[,;]?\s*", text, re.ASCII
    )
    if found is None:
        return
    number = float(re.sub("[,_' +]", "", found[1]))
    if parameter.min is not None:
        number = max(number, parameter.min)
    if parameter.max is not None:
        number = min(number, parameter.max)
    yield f"{round(number)}" if parameter.integer or number == int(number) else f"{number}"


def _networks(parameter: CidrParameter, text: str) -> Iterator[str]:
    try:
        network = IPv4Network(text.strip(), strict=False)
    except ValueError:
        return
    prefix = min(max(network.prefixlen, parameter.min_prefix), parameter.max_prefix)
    yield f"{IPv4Network((int(network.network_address), prefix), strict=False)}"


def _durations(parameter: DurationParameter, text: str) -> Iterator[str]:
    said = duration.nearest(text)
    if said is None:
        return
    length = duration.parse(said)
    if parameter.min is not None:
        length = max(length, parameter.min)
    if parameter.max is not None:
        length = min(length, parameter.max)
    yield duration.text(length)


def _lists(parameter: ListParameter, text: str) -> Iterator[str]:
    items = [item for item in re.split(r"[\s,;\[\]\"']+", text) if item]
    if parameter.items == "cidr":
        yield ",".join(dict.fromkeys(next(_networks(_ANY_NETWORK, item), item) for item in items))
    yield ",".join(items)
    yield ",".join(dict.fromkeys(item.lower() for item in items))


def listed(parameter: Parameter, value: Json) -> str:
    """Return the text that says a value; a list with the least signs: words with commas, or JSON where a word holds one."""
    if not isinstance(parameter, ListParameter) or not isinstance(value, list):
        return typed(parameter, value)
    words = [item if isinstance(item, str) else json.dumps(item) for item in value]
    is_plain = words and not any("," in word or not word or word.startswith("[") for word in words)
    return ",".join(words) if is_plain else json.dumps(value, ensure_ascii=False)
