"""The few expressions that a runner itself evaluates: names, environments and concurrency groups.

Property look-ups, literals in single quotes and `||` are known; everything else is refused, not guessed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
LOOK_UP = re.compile(r"[A-Za-z_][\w-]*(\.[A-Za-z_][\w-]*)*")
LITERAL = re.compile(r"'([^']*)'")

Contexts = Mapping[str, object]


class ExpressionUnknown(Exception):
    """An expression beyond what is known here."""


def interpolated(text: str, contexts: Contexts) -> str:
    """Return `text` with each `${{ … }}` replaced by its value. Raises `ExpressionUnknown`."""
    return EXPRESSION.sub(lambda match: evaluated(match.group(1), contexts), text)


def evaluated(expression: str, contexts: Contexts) -> str:
    """Return the first alternative of `a || b` that is not empty, as text."""
    for alternative in expression.split("||"):
        value = _value(alternative.strip(), contexts)
        if value not in ("", "false", "0"):
            return value
    return ""


def _value(term: str, contexts: Contexts) -> str:
    if literal := LITERAL.fullmatch(term):
        return literal.group(1)
    if not LOOK_UP.fullmatch(term):
        raise ExpressionUnknown(f"the sandbox can't evaluate `{term}`")
    found: object = contexts
    for part in term.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, bool):
        return "true" if found else "false"
    return "" if found is None else str(found)
