"""What pydantic says of a value, in words for whoever wrote the value: they see no "input", no Python type and no class of error."""

import re
from typing import Final

_OURS: Final = re.compile(r"(?:Value error|Assertion failed), ")
"""What it puts before a message that a validator of ours (or of typer) wrote."""
_WORDS: Final = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"^(?:Input should be a valid|Unable to parse input string as an) integer.*$", "must be a whole number"),
        (r"^Input should be a (?:valid|finite) number.*$", "must be a number"),
        (r"^Input should be a valid boolean.*$", "must be `true` or `false`"),
        (r"^Input should be a valid string.*$", "must be text; what looks like a number or a date needs quotes"),
        (r"^Input should be an? (?:valid )?(?:dictionary|mapping|frozendict|OrderedDict|Counter).*$", "must be a map, `KEY: VALUE`"),
        (r"^Input should be a valid (?:list|tuple|set|frozenset|deque).*$", "must be a list"),
        (r"^Input should be None$", "must be empty"),
        (r"^Input should be greater than or equal to ", "must be at least "),
        (r"^Input should be less than or equal to ", "must be at most "),
        (r"^Input should be greater than ", "must be more than "),
        (r"^Input should be less than ", "must be less than "),
        (r"^Input should have timezone info$", "must say its time zone, as in `2026-01-31T12:00:00Z`"),
        (r"^(?:\w+ ){0,2}should match pattern ", "must match the pattern "),
        (r"^\w+ should have at least 1 (?:item|character)(?: after validation, not 0)?$", "must not be empty"),
        (r"^\w+ should have (at (?:least|most) .*?)(?: after validation, not (.*))?$", r"must have \1"),
        (r"^Unable to extract tag using discriminator '?(\w+)'?$", r"lacks `\1`, which says what kind it is"),
        (r"^Input tag ('.*') found using '?(\w+)'? does not match any of the expected tags: (.*)$", r"\2 \1 does not exist. Choose from \3"),
        (r"^Keys should be strings$", "must have keys that are text; a number needs quotes"),
        (r"^Field required$", "is missing"),
        (r"^Extra inputs are not permitted$", "is unknown"),
        (r"^(?:\w+ )?[Ii]nput should ", "must "),
        (r"^(?:\w+ )?[Ii]nput ", ""),
        (r"^(?:String|Date|Datetimes|Data|URL|List|Tuple|Set|Dictionary)(?: \w+)?(?: provided to dates)? should ", "must "),
    )
)  # fmt: skip


def plainly(message: str) -> str:
    """Return what a validator says of a value, in our words; what is ours already stays as it is."""
    if (ours := _OURS.match(message)) is not None:
        return message[ours.end() :]
    return next((pattern.sub(words, message) for pattern, words in _WORDS if pattern.match(message)), message)
