"""The few expressions that a runner itself evaluates: names, environments and concurrency groups.

Property look-ups, literals in single quotes, `==`, `!=`, `!`, `&&` and `||`, without parentheses, are known; everything else is
refused, not guessed. A literal that holds one of these signs is not.
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
    """Return what `a && b || c` comes to as text: the first alternative whose conditions all hold, else the last one.

    GitHub gives the value of an alternative's last term, or of the first that doesn't hold.
    """
    value = ""
    for alternative in expression.split("||"):
        for term in alternative.split("&&"):
            value = _compared(term.strip(), contexts)
            if not _holds(value):
                break
        if _holds(value):
            return value
    return "" if value == "false" else value


def _holds(value: str) -> bool:
    return value not in ("", "false", "0")


def _compared(term: str, contexts: Contexts) -> str:
    """Return `a == b`, `a != b`, `!a` or a value; texts are compared without regard to case, as GitHub does."""
    for sign in ("==", "!="):
        left, found, right = term.partition(sign)
        if found:
            alike = _value(left.strip(), contexts).casefold() == _value(right.strip(), contexts).casefold()
            return "true" if alike == (sign == "==") else "false"
    if term.startswith("!"):
        return "false" if _holds(_value(term[1:].strip(), contexts)) else "true"
    return _value(term, contexts)


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
