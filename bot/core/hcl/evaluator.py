"""Evaluate expressions partially: what is known becomes a value, what isn't stays an expression with the known parts filled in.

What takes more steps than an expression may (`allowance`) is unknown, too, with a rule of its own.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from bot.core.hcl.budget import Budget, EvaluationSteps, TooLarge
from bot.core.hcl.functions.table import called
from bot.core.hcl.operators import computed, decided, unified
from bot.core.hcl.syntax.ast import (
    AttributeAccess,
    Call,
    Choice,
    Expression,
    For,
    Index,
    Items,
    Joined,
    Literal,
    NameExpression,
    OperationExpression,
    Pairs,
    Splat,
    TemplateExpression,
)
from bot.core.hcl.values import (
    TERRAFORM,
    TOO_LARGE,
    Encoded,
    HclValue,
    NotKnown,
    Unknown,
    encoded,
    normalized,
    not_evaluated,
    rules_in,
    template_code,
    text_of,
    texts,
    truth,
    written,
)

DEEPEST = 100
"""Levels of expressions inside one another; what is deeper was not written by people."""


class Scope(Protocol):
    """What names mean in a module, and how much of it may be evaluated."""

    @property
    def allowance(self) -> Budget:
        """Return the steps that are left."""

    def named(self, root: str, name: str) -> HclValue:
        """Return `root.name`: a variable, a local, a resource type's resource, a module …"""

    def read_file(self, path: str) -> str:
        """Return the text of a file of the module. Raises `NotKnown`."""

    def aside(self, evaluate: Callable[[], HclValue]) -> HclValue:
        """Return a value that nothing is made from: what it reads is not noted."""

    def filled(self, path: str, variables: Mapping[str, HclValue]) -> HclValue:
        """Return a template file filled with variables. Raises `NotKnown`."""


class Evaluator:
    """Evaluates in a scope with further names (`each`, `count`, the names of `for` expressions)."""

    def __init__(self, scope: Scope, names: Mapping[str, HclValue]) -> None:
        self.scope, self.names = scope, names

    def value(self, node: Expression) -> HclValue:
        """Return the value of an expression; never raises for what is merely unknown. Raises `InvalidInput` (`Budget`)."""
        try:
            return _Run(self.scope, self.names, EvaluationSteps(self.scope.allowance), 0).value(node)
        except TooLarge:
            return Unknown("(too large to be evaluated)", frozenset({TOO_LARGE}))


class _Run:
    """The evaluation of one expression, `depth` levels inside it."""

    def __init__(self, scope: Scope, names: Mapping[str, HclValue], steps: EvaluationSteps, depth: int) -> None:
        self.scope, self.names, self.steps, self.depth = scope, names, steps, depth

    def value(self, node: Expression) -> HclValue:
        if self.depth > DEEPEST:
            return Unknown("(nested too deeply)", frozenset({TOO_LARGE}))
        if isinstance(node, Literal):
            found = normalized(node.value)
        else:
            self.depth += 1
            try:
                found = _BY_KIND[type(node)](self, node)
            finally:
                self.depth -= 1
        self.steps.spend(found)
        return found

    def _with(self, names: Mapping[str, HclValue]) -> "_Run":
        return _Run(self.scope, {**self.names, **names}, self.steps, self.depth)

    def _name(self, node: NameExpression) -> HclValue:
        found = self.names.get(node.text, _MISSING)
        return Unknown(node.text, frozenset({TERRAFORM})) if found is _MISSING else found  # type: ignore[return-value]

    def _items(self, node: Items) -> HclValue:
        return [self.value(item) for item in node.items]

    def _filled(self, node: Joined) -> HclValue:
        found = self._for(node.loop)
        return found if isinstance(found, Unknown) else self._joined(found if isinstance(found, list) else [])

    def _template(self, node: TemplateExpression) -> HclValue:
        values = [self.value(part) for part in node.parts]
        if len(values) == 1 and not isinstance(node.parts[0], Choice | Joined):
            return values[0]  # a template that is nothing but one expression is that expression
        return self._joined(values)

    def _joined(self, values: Sequence[HclValue]) -> HclValue:
        try:
            parts = [text_of(value) for value in values]
        except NotKnown:
            return Unknown("".join(f"${{{written(value)}}}" for value in values), frozenset({TERRAFORM}))
        if all(isinstance(part, str) for part in parts):
            return normalized("".join(map(str, parts)))
        return Unknown(template_code(parts), frozenset().union(*map(rules_in, parts)), tuple(parts))

    def _attribute(self, node: AttributeAccess) -> HclValue:
        if isinstance(node.of, NameExpression) and node.of.text not in self.names:
            return self.scope.named(node.of.text, node.name)
        if (
            isinstance(node.of, AttributeAccess)
            and isinstance(node.of.of, NameExpression)
            and node.of.of.text == "data"
        ):
            return self.scope.named(f"data.{node.of.name}", node.name)
        return self._index(self.value(node.of), node.name, is_attribute=True)

    def _indexed(self, node: Index) -> HclValue:
        return self._index(self.value(node.of), self.value(node.key))

    def _index(self, of: HclValue, key: HclValue, is_attribute: bool = False) -> HclValue:
        rules = rules_in(of) if isinstance(of, Unknown) else frozenset()
        rules |= rules_in(key)
        if not rules and isinstance(of, dict) and (found := of.get(_key_text(key), _MISSING)) is not _MISSING:
            return found  # type: ignore[return-value]
        if (
            not rules
            and isinstance(of, list)
            and isinstance(key, int)
            and not isinstance(key, bool)
            and 0 <= key < len(of)
        ):
            return of[key]
        text = f"{written(of)}.{key}" if is_attribute else f"{written(of)}[{written(key)}]"
        return Unknown(text, rules or frozenset({TERRAFORM}))

    def _splat(self, node: Splat) -> HclValue:
        of = self.value(node.of)
        items = of if isinstance(of, list) else [] if of is None else None
        if items is None and isinstance(of, Unknown):
            return self._with({"*": Unknown(f"{of.text}[*]", of.rules)}).value(node.path)
        items = [of] if items is None else items
        return [self._with({"*": item}).value(node.path) for item in items]

    def _call(self, node: Call) -> HclValue:
        if node.name in {"try", "can"}:
            return self._try(node)
        arguments = [self.value(argument) for argument in node.arguments]
        spread = node.is_spread
        if spread and arguments and isinstance(arguments[-1], list):
            arguments, spread = [*arguments[:-1], *arguments[-1]], False
        try:
            if spread:
                raise NotKnown("an unknown number of arguments")
            if node.name in {"file", "templatefile"}:
                return self._read(node.name, arguments)
            return called(node.name, [_opened(node.name, argument) for argument in arguments])
        except NotKnown:
            rules = frozenset().union(*map(rules_in, arguments)) if arguments else frozenset()
            text = f"{node.name}({', '.join(map(written, arguments))}{'...' if spread else ''})"
            return Unknown(text, rules or frozenset({not_evaluated(node.name)}))

    def _read(self, name: str, arguments: list[HclValue]) -> HclValue:
        path = texts(arguments[:1])[0] if arguments and not rules_in(arguments[0]) else ""
        if name == "file":
            return self.scope.read_file(path)
        variables = arguments[1] if len(arguments) == 2 else {}
        if not isinstance(variables, dict):
            raise NotKnown("templatefile() with unknown variables")
        return self.scope.filled(path, variables)

    def _try(self, node: Call) -> HclValue:
        values = [self.value(argument) for argument in node.arguments]
        first = values[0] if values else None
        if not rules_in(first):
            return True if node.name == "can" else first
        rules = frozenset().union(*map(rules_in, values))
        return Unknown(f"{node.name}({', '.join(map(written, values))})", rules)

    def _pairs(self, node: Pairs) -> HclValue:
        found: dict[str, HclValue] = {}
        for key_node, value_node in node.pairs:
            key = self.value(key_node)
            if isinstance(key, Unknown):
                return self._unknown_pairs(node)
            found[_key_text(key)] = self.value(value_node)
        return found

    def _unknown_pairs(self, node: Pairs) -> HclValue:
        pairs = [(self.value(key), self.value(value)) for key, value in node.pairs]
        rules = frozenset().union(*(rules_in(key) | rules_in(value) for key, value in pairs))
        return Unknown(f"{{{', '.join(f'({written(key)}) = {written(value)}' for key, value in pairs)}}}", rules)

    def _for(self, node: For) -> HclValue:
        over = self.value(node.over)
        if not isinstance(over, list | dict):
            return self._unknown_for(node, over)
        pairs: list[tuple[HclValue, HclValue]] = list(over.items()) if isinstance(over, dict) else list(enumerate(over))
        found: list[tuple[HclValue, HclValue]] = []
        for key, item in sorted(pairs, key=lambda pair: str(pair[0])) if isinstance(over, dict) else pairs:
            inner = self._with(_bound(node.names, key, item))
            keep = True if node.condition is None else inner.value(node.condition)
            if rules_in(keep):
                return self._unknown_for(node, over)
            try:
                if truth(keep):
                    found.append((inner.value(node.key) if node.key else None, inner.value(node.value)))
            except NotKnown:
                return self._unknown_for(node, over)
        if node.key is None:
            return [value for _, value in found]
        if any(rules_in(key) for key, _ in found):
            return self._unknown_for(node, over)
        return _grouped(found) if node.is_grouped else {_key_text(key): value for key, value in found}

    def _unknown_for(self, node: For, over: HclValue) -> HclValue:
        names = {name: Unknown(name, frozenset()) for name in node.names}
        inner = self._with(names)
        key, value, condition = (
            None if part is None else inner.value(part) for part in (node.key, node.value, node.condition)
        )
        rules = rules_in(over).union(*map(rules_in, (key, value, condition))) or frozenset({TERRAFORM})
        made = written(value) if node.key is None else f"{written(key)} => {written(value)}"
        made += "..." if node.is_grouped else ""
        made += "" if node.condition is None else f" if {written(condition)}"
        head = f"for {', '.join(node.names)} in {written(over)} : {made}"
        return Unknown(f"{{{head}}}" if node.key else f"[{head}]", rules)

    def _choice(self, node: Choice) -> HclValue:
        condition = self.value(node.condition)
        try:
            if not rules_in(condition):
                is_true = truth(condition)
                taken, other = (node.then, node.otherwise) if is_true else (node.otherwise, node.then)
                # Both sides have one type, so the other one is evaluated too; the value is not made from it.
                return unified(self.value(taken), self.scope.aside(partial(self.value, other)))
        except NotKnown:
            pass  # neither true nor false, or of different types: Terraform would refuse it, so both sides stay in the text
        then, otherwise = self.value(node.then), self.value(node.otherwise)
        rules = rules_in(condition) | rules_in(then) | rules_in(otherwise)
        text = f"{written(condition)} ? {written(then)} : {written(otherwise)}"
        return Unknown(text, rules or frozenset({TERRAFORM}))

    def _operation(self, node: OperationExpression) -> HclValue:
        left, right = None if node.left is None else self.value(node.left), self.value(node.right)
        if (at_once := decided(node.operator, left, right)) is not None:
            return at_once
        rules = rules_in(left) | rules_in(right)
        try:
            if not rules:
                return computed(node.operator, left, right, node.left is None)
        except (NotKnown, ArithmeticError):
            rules = frozenset({TERRAFORM})
        before = "" if node.left is None else f"{written(left)} "
        return Unknown(f"{before}{node.operator}{' ' if before else ''}{written(right)}", rules)


_MISSING = object()

# By type, not by `match`: that tries one kind after the other, for each part of each expression.
_BY_KIND: Mapping[type, Callable[[_Run, Any], HclValue]] = {
    TemplateExpression: _Run._template,
    NameExpression: _Run._name,
    AttributeAccess: _Run._attribute,
    Index: _Run._indexed,
    Splat: _Run._splat,
    Call: _Run._call,
    Items: _Run._items,
    Pairs: _Run._pairs,
    For: _Run._for,
    Choice: _Run._choice,
    OperationExpression: _Run._operation,
    Joined: _Run._filled,
}


def _bound(names: Sequence[str], key: HclValue, item: HclValue) -> Mapping[str, HclValue]:
    return {names[0]: item} if len(names) == 1 else {names[0]: key, names[1]: item}


def _grouped(pairs: Sequence[tuple[HclValue, HclValue]]) -> HclValue:
    found: dict[str, list[HclValue]] = {}
    for key, value in pairs:
        found.setdefault(_key_text(key), []).append(value)
    return dict(found)


def _key_text(key: HclValue) -> str:
    try:
        text = text_of(key)
    except NotKnown:
        return written(key)
    return text if isinstance(text, str) else text.text


def _opened(name: str, value: HclValue) -> HclValue:
    """Return a JSON text as text, except where it stays JSON."""
    return encoded(value) if isinstance(value, Encoded) and name != "jsonencode" else value
