"""How many of something, in English: the one place that knows when a noun has an s, and what stands before the last of several."""

from collections.abc import Sequence


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number with its words: `many` for any number but one, by default `one` with an s."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def joined(named: Sequence[str], most: int | None = None) -> str:
    """Return several as a sentence names them: `a, b and c`, or with a bound `a, b and 3 more`."""
    if most is not None and len(named) > most:
        named = [*named[:most], f"{len(named) - most:,} more"]
    return " and ".join(filter(None, [", ".join(named[:-1]), *named[-1:]]))
