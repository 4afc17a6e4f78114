"""Undo records without secrets: what came from a sensitive output is kept as where it can be had again.

    kept, redactions = redacted({"payload": {"password": "hunter2"}}, secrets)
    # {"payload": {"password": ""}}, (Redaction(place=("payload", "password"), parts=(Taken(source="data.password"),)),)

When the record is needed, `rehydrated` puts back what the stacks' outputs hold then. The properties, held by tests:
- A record comes back exactly as it was, types included, or not at all: every reference carries a keyed digest, and one
  whose secret has changed since is refused (`SecretChanged`), whether it was all of a text or a part of it.
- No secret is written in clear. What can't be read again later (a hook's own secret, or a secret that the kind encoded) is
  refused: a record is written without it, or not at all (`Unredactable`).
- A coincidence is no identity. A secret shorter than four characters would turn up in half of all words and numbers, so it
  counts only where it is all of a value *of its own type*: the number 3 is not the text "3". Longer ones count in any type
  and inside texts.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from bot.core.digest import keyed
from bot.core.ledger.redaction import SHORTEST, Secrets
from bot.errors import UserError
from bot.model.base import Document
from bot.model.pipeline import Json

JsonPath: TypeAlias = tuple[str | int, ...]
"""Where something is in a JSON value: keys and indexes from the outside in."""

Leaf: TypeAlias = str | int | float
"""What can be a secret, or hold one: a text or a number, never a boolean."""


class SecretSource(Document):
    """A secret by where it is to be had: a stack's output, `step.output`, and the place in it. `digest` tells whether it changed."""

    source: str
    place: JsonPath = ()
    digest: str


class Redaction(Document):
    """A text or a number of a record that held secrets: its place there, and its parts."""

    place: JsonPath
    parts: tuple[str | SecretSource, ...]
    is_text: bool = True


@dataclass(frozen=True, slots=True)
class Secret:
    """A text or number that may not be written down. `source` names it for people; `reference` is None when it can't be had again."""

    value: Leaf = field(repr=False)
    source: str
    reference: SecretSource | None = None


class Unredactable(UserError):
    """A record holds a secret that can't be had again later."""


class Unrehydratable(UserError):
    """A secret that a record needs is gone."""


class SecretChanged(Unrehydratable):
    """A secret that a record refers to has another value now than when the record was written."""


def secrets_of(value: Json, source: str, key: str | None) -> Iterator[Secret]:
    """Yield the secrets in a sensitive value. Without a `key` it is not an output of a stack, and can't be had again."""
    for place, leaf in _leaves(value):
        reference = None if key is None else SecretSource(source=source, place=place, digest=keyed(leaf, key))
        yield Secret(leaf, source, reference)


def redacted(record: Json, secrets: Sequence[Secret]) -> tuple[Json, tuple[Redaction, ...]]:
    """Return the record without secrets, and what to put back. Raises `Unredactable`."""
    # Longest first, or a secret that holds another would be found only in part; first those that can be had again.
    ordered = sorted(secrets, key=lambda each: (-len(str(each.value)), each.reference is None))
    redactions = tuple(
        redaction for place, leaf in _leaves(record) if (redaction := _redaction(place, leaf, ordered)) is not None
    )
    kept = record
    for redaction in redactions:
        kept = _replaced(kept, redaction.place, type(_leaf_at(record, redaction.place))())
    # What is left was changed by the kind (encoded, or made a key) and could not be put back.
    clear: list[Json] = [kept, *(part for redaction in redactions for part in redaction.parts if isinstance(part, str))]
    for secret in ordered:
        watch = Secrets()
        watch.add(secret.value)
        if watch.hide_in(clear) != clear:
            raise Unredactable(_refusal(secret))
    return kept, redactions


def rehydrated(record: Json, redactions: Sequence[Redaction], value_of: Callable[[str], Json], key: str) -> Json:
    """Return the record exactly as it was, with what `value_of` gives for each source now. Raises `Unrehydratable`, `SecretChanged`."""
    for redaction in redactions:
        found = [part if isinstance(part, str) else _rehydrated(part, value_of, key) for part in redaction.parts]
        whole: Json = (
            "".join(map(str, found)) if redaction.is_text else _number(found[0], _leaf_at(record, redaction.place))
        )
        record = _replaced(record, redaction.place, whole)
    return record


def _redaction(place: JsonPath, leaf: Leaf, secrets: Sequence[Secret]) -> Redaction | None:
    # One of the leaf's own type first: of the text "54321" and the number 54321, each is found as itself.
    same = next((secret for secret in secrets if _is_same(secret.value, leaf)), None)
    whole = same or next((secret for secret in secrets if _is_whole(secret.value, leaf)), None)
    if whole is not None:
        return Redaction(place=place, parts=(_reference(whole),), is_text=isinstance(leaf, str)) if leaf != "" else None
    if not isinstance(leaf, str):
        return None
    parts: list[str | SecretSource] = [leaf]
    for secret in secrets:
        needle = str(secret.value)
        if len(needle) >= SHORTEST:
            parts = [piece for part in parts for piece in _split(part, needle, secret)]
    parts = [part for part in parts if part]
    return Redaction(place=place, parts=tuple(parts)) if parts and parts != [leaf] else None


def _is_same(secret: Leaf, leaf: Leaf) -> bool:
    return type(secret) is type(leaf) and secret == leaf


def _is_whole(secret: Leaf, leaf: Leaf) -> bool:
    """Say whether a leaf is a secret that the kind gave another type: a text made a number, or the other way round."""
    if len(str(secret)) < SHORTEST:
        return False
    if isinstance(leaf, str):
        return str(secret) == leaf
    try:
        return type(leaf)(secret) == leaf
    except (ValueError, OverflowError):  # no number, or none of this type
        return False


def _reference(secret: Secret) -> SecretSource:
    if secret.reference is None:
        raise Unredactable(_refusal(secret))
    return secret.reference


def _split(part: str | SecretSource, needle: str, secret: Secret) -> Iterator[str | SecretSource]:
    if isinstance(part, SecretSource) or needle not in part:
        yield part
        return
    first, *rest = part.split(needle)
    yield first
    for each in rest:
        yield _reference(secret)
        yield each


def _refusal(secret: Secret) -> str:
    return (
        f"Its undo record contains a secret, {secret.source}, which the ledger must not store and could not look up later. Give the "
        "hook the name or identifier of the secret instead, or pass the value unchanged from a stack's output."
    )


def _rehydrated(part: SecretSource, value_of: Callable[[str], Json], key: str) -> Leaf:
    whole = value_of(part.source)
    found = next((leaf for place, leaf in _leaves(whole) if place == part.place), None)
    if found is None:
        raise Unrehydratable(f"`{part.source}` no longer has the structure that the undo record refers to.")
    if keyed(found, key) != part.digest:
        raise SecretChanged(
            f"`{part.source}` has changed since the undo record was written, and its former value is not stored. Apply the "
            "environment again, so that the step runs with the new value and writes a new record; then destroy it."
        )
    return found


def _number(found: Leaf, placeholder: Leaf) -> Json:
    """Return what was found as the number that it was in the record: what stands there meanwhile, 0 or 0.0, tells which."""
    # Records of earlier versions have 0 in place of every number, so what doesn't fit the placeholder's type is read as it is.
    try:
        value = type(placeholder)(found)
    except ValueError:
        return float(found)
    return value if isinstance(found, str) or value == found else found


def _leaves(value: Json, place: JsonPath = ()) -> Iterator[tuple[JsonPath, Leaf]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _leaves(item, (*place, index))
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield place, value


def _leaf_at(value: Json, place: JsonPath) -> Leaf:
    return next(leaf for found, leaf in _leaves(value) if found == place)


def _replaced(value: Json, place: JsonPath, new: Json) -> Json:
    if not place:
        return new
    if isinstance(value, dict):
        return {key: _replaced(item, place[1:], new) if key == place[0] else item for key, item in value.items()}
    assert isinstance(value, list)
    return [_replaced(item, place[1:], new) if index == place[0] else item for index, item in enumerate(value)]
