"""How many of something, in English: the one place that knows when a noun has an s."""


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number with its words: `many` for any number but one, by default `one` with an s."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"
