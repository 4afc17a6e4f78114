"""Undo records without secrets: what came from a sensitive output is kept as where it can be had again.

    kept, seals = sealed({"payload": {"password": "hunter2"}}, secrets)
    # {"payload": {"password": ""}}, (Seal(place=("payload", "password"), parts=(Taken(source="data.password"),)),)

When the record is needed, `opened` puts the values back that the stacks' outputs have then. What can't be had again (a hook's
own secret) is refused: a record is written without it, or not at all. A value shorter than four characters is found only
where it is all of a text: it would turn up in half of all words.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict

from bot.core.digest import keyed
from bot.core.ledger.redaction import SHORTEST, Secrets
from bot.errors import UserError
from bot.model.pipeline import Json

JsonPath: TypeAlias = tuple[str | int, ...]
"""Where something stands in a JSON value: keys and indexes from the outside in."""


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SecretSource(_Frozen):
    """A secret by where it is to be had: a stack's output, `step.output`, and the place in it. `digest` tells whether it changed."""

    source: str
    place: JsonPath = ()
    digest: str


class Seal(_Frozen):
    """A text or a number of a record that held secrets: its place there, and its parts."""

    place: JsonPath
    parts: tuple[str | SecretSource, ...]
    is_text: bool = True


@dataclass(frozen=True, slots=True)
class Secret:
    """A text or number that may not be written down. `source` names it for people; `taken` is None when it can't be had again."""

    value: str | int | float = field(repr=False)
    source: str
    taken: SecretSource | None = None


class Unsealable(UserError):
    """A record holds a secret that can't be had again later."""


class Unopenable(UserError):
    """A secret that a record needs is gone, or has changed where it was only a part of a text."""


def secrets_of(value: Json, source: str, key: str | None) -> Iterator[Secret]:
    """Yield the secrets in a sensitive value. Without a `key` it is not an output of a stack, and can't be had again."""
    for place, leaf in _leaves(value):
        taken = None if key is None else SecretSource(source=source, place=place, digest=keyed(leaf, key))
        yield Secret(leaf, source, taken)


def sealed(record: Json, secrets: Sequence[Secret]) -> tuple[Json, tuple[Seal, ...]]:
    """Return the record without secrets, and what to put back. Raises `Unsealable`."""
    # Longest first, or a secret that holds another would be found only in part; first those that can be had again.
    ordered = sorted(secrets, key=lambda each: (-len(str(each.value)), each.taken is None))
    seals = tuple(seal for place, leaf in _leaves(record) if (seal := _seal(place, leaf, ordered)) is not None)
    kept = record
    for seal in seals:
        kept = _replaced(kept, seal.place, "" if seal.is_text else 0)
    # What is left was changed by the kind (encoded, or made a key) and could not be put back.
    clear: list[Json] = [kept, *(part for seal in seals for part in seal.parts if isinstance(part, str))]
    for secret in ordered:
        watch = Secrets()
        watch.add(secret.value)
        if watch.hide_in(clear) != clear:
            raise Unsealable(_refusal(secret))
    return kept, seals


def opened(record: Json, seals: Sequence[Seal], value_of: Callable[[str], Json], key: str) -> Json:
    """Return the record as it was, with what `value_of` gives for each source now. Raises `Unopenable`."""
    for seal in seals:
        found = [part if isinstance(part, str) else _had_again(part, value_of) for part in seal.parts]
        for part, value in zip(seal.parts, found, strict=True):
            if isinstance(part, SecretSource) and len(found) > 1 and keyed(value, key) != part.digest:
                raise Unopenable(
                    f"`{part.source}` has changed since, and was only a part of a text in the undo record."
                )
        whole: Json = found[0] if not seal.is_text and len(found) == 1 else "".join(map(str, found))
        record = _replaced(record, seal.place, whole)
    return record


def _seal(place: JsonPath, leaf: str | int | float, secrets: Sequence[Secret]) -> Seal | None:
    parts: list[str | SecretSource] = [str(leaf)]
    for secret in secrets:
        needle = str(secret.value)
        if needle and ((len(needle) >= SHORTEST and isinstance(leaf, str)) or parts == [needle]):
            parts = [piece for part in parts for piece in _split(part, needle, secret)]
    parts = [part for part in parts if part]
    return (
        Seal(place=place, parts=tuple(parts), is_text=isinstance(leaf, str)) if parts != [str(leaf)] and parts else None
    )


def _split(part: str | SecretSource, needle: str, secret: Secret) -> Iterator[str | SecretSource]:
    if isinstance(part, SecretSource) or needle not in part:
        yield part
        return
    if secret.taken is None:
        raise Unsealable(_refusal(secret))
    first, *rest = part.split(needle)
    yield first
    for each in rest:
        yield secret.taken
        yield each


def _refusal(secret: Secret) -> str:
    return (
        f"What its undo needs holds a secret, {secret.source}, which the ledger can't keep in clear and can't have again later. Give the "
        "hook the name or ARN under which the secret lies, or take the value as it is from a stack's output."
    )


def _had_again(part: SecretSource, value_of: Callable[[str], Json]) -> Json:
    whole = value_of(part.source)
    found = next((leaf for place, leaf in _leaves(whole) if place == part.place), None)
    if found is None:
        raise Unopenable(f"`{part.source}` is not of the shape any more that the undo record needs.")
    return found


def _leaves(value: Json, place: JsonPath = ()) -> Iterator[tuple[JsonPath, str | int | float]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*place, index))
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield place, value


def _replaced(value: Json, place: JsonPath, new: Json) -> Json:
    if not place:
        return new
    step, *rest = place
    if isinstance(value, dict):
        return {key: _replaced(item, tuple(rest), new) if key == step else item for key, item in value.items()}
    assert isinstance(value, list)
    return [_replaced(item, tuple(rest), new) if index == step else item for index, item in enumerate(value)]
