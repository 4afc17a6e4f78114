"""The value of a simple Terraform expression, as far as it can be told without Terraform.

Read are literals, `var.x`, `local.x`, `!`, `==`, `!=`, `&&`, `||`, conditionals and parentheses: what stands where somebody
switches a protection on or off. Everything else is `UNKNOWN`, and whoever asks must know what to do then.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.planned_value import UNKNOWN, Unknown, Value

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"(?:[^"\\]|\\.)*")|(?P<number>\d+(?:\.\d+)?)|(?P<name>[A-Za-z_][\w.-]*)|(?P<sign>==|!=|&&|\|\||[!?:()]))"""
)
_WORDS: Mapping[str, Value] = {"true": True, "false": False, "null": None}
_DEEPEST = 20
"""Locals that lead to locals; Terraform refuses circles, and we run before it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean: variables by their values, locals as they are written. A name that is in neither is unknown."""

    variables: Mapping[str, Value] = field(default_factory=dict)
    locals: Mapping[str, str] = field(default_factory=dict)


def value_of(text: str, scope: Scope, depth: int = 0) -> Value:
    """Return the expression's value, `UNKNOWN` if it can't be told."""
    reader = _Reader(_tokens(text), scope, depth)
    try:
        found = reader.conditional()
    except _Unreadable:
        return UNKNOWN
    return UNKNOWN if reader.left else found


class _Unreadable(Exception):
    """The expression is not a simple one."""


def _tokens(text: str) -> Sequence[str]:
    found, position = [], 0
    while position < len(text.rstrip()):
        match = _TOKEN.match(text, position)
        if match is None:
            return ["?"]  # no expression begins like this
        found.append(match[0].strip())
        position = match.end()
    return found


class _Reader:
    """Recursive descent by Terraform's precedence, which is C's."""

    def __init__(self, tokens: Sequence[str], scope: Scope, depth: int) -> None:
        self.left = list(tokens)
        self._scope, self._depth = scope, depth

    def conditional(self) -> Value:
        condition = self._either()
        if not self._took("?"):
            return condition
        yes = self.conditional()
        self._must(":")
        no = self.conditional()
        if not isinstance(condition, bool):
            return yes if yes == no else UNKNOWN
        return yes if condition else no

    def _either(self) -> Value:
        found = self._both()
        while self._took("||"):
            other = self._both()
            found = _decided(found, other, by=True)
        return found

    def _both(self) -> Value:
        found = self._equal()
        while self._took("&&"):
            other = self._equal()
            found = _decided(found, other, by=False)
        return found

    def _equal(self) -> Value:
        found = self._single()
        while self.left[:1] in (["=="], ["!="]):
            is_equal = self.left.pop(0) == "=="
            other = self._single()
            found = _same(found, other, is_equal)
        return found

    def _single(self) -> Value:
        if self._took("!"):
            found = self._single()
            return not found if isinstance(found, bool) else UNKNOWN
        if self._took("("):
            found = self.conditional()
            self._must(")")
            return found
        if not self.left:
            raise _Unreadable
        return self._leaf(self.left.pop(0))

    def _leaf(self, token: str) -> Value:
        if token in _WORDS:
            return _WORDS[token]
        if token[0] == '"':
            return _literal(token)
        if token[0].isdigit():
            return float(token) if "." in token else int(token)
        if not (token[0].isalpha() or token[0] == "_") or self.left[:1] == ["("]:
            raise _Unreadable
        kind, _, name = token.partition(".")
        if kind == "var":
            return self._scope.variables.get(name, UNKNOWN)
        if kind == "local" and name in self._scope.locals and self._depth < _DEEPEST:
            return value_of(self._scope.locals[name], self._scope, self._depth + 1)
        return UNKNOWN

    def _took(self, sign: str) -> bool:
        if self.left[:1] != [sign]:
            return False
        self.left.pop(0)
        return True

    def _must(self, sign: str) -> None:
        if not self._took(sign):
            raise _Unreadable


def _decided(one: Value, other: Value, *, by: bool) -> Value:
    """Return what `||` (decided by true) or `&&` (decided by false) makes of two values."""
    if one is by or other is by:
        return by
    return not by if isinstance(one, bool) and isinstance(other, bool) else UNKNOWN


def _same(one: Value, other: Value, is_equal: bool) -> Value:
    if isinstance(one, Unknown) or isinstance(other, Unknown):
        return UNKNOWN
    # Python takes 1 for true, Terraform does not.
    return (isinstance(one, bool) is isinstance(other, bool) and one == other) is is_equal


def _literal(token: str) -> Value:
    if "${" in token or "%{" in token:
        return UNKNOWN
    try:
        return str(json.loads(token))
    except ValueError:
        return UNKNOWN  # an escape that JSON has not got
