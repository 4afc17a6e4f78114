"""The paths that stand written in an expression which hangs on something that nobody knows before the plan, or the apply.

`replace(random_pet.x.id, "/.*/", "/etc/passwd")` and `coalesce(data.y.z, "/etc/passwd")` come to a path of the machine whatever the unknown
part is. So what is written in an expression is held against the bounds like a text of its own, except for what can't become part of the
result: conditions, indexes, what a function looks for, and what encodes or reads.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from bot.core.checks.paths.of_machine import is_climbing, is_of_machine
from bot.core.hcl.ast import (
    Call,
    Choice,
    Expression,
    For,
    Index,
    Items,
    Literal,
    OperationExpression,
    TemplateExpression,
    inside,
)
from bot.core.hcl.parser import expression_in
from bot.core.hcl.values import Unknown
from bot.errors import InvalidInput

_OTHER_TEXT = re.compile(
    r"(?:file|filebase64|fileset|filemd5|filesha\d+|filebase64sha\d+|templatefile|(?:json|yaml|url|csv|textbase64|base64)encode|md5|sha\d+|uuidv5|"
    r"base64sha\d+|base64gzip|bcrypt|length|can|contains|startswith|endswith|strcontains|alltrue|anytrue|timecmp|parseint|tonumber|tobool|max|min|sum)"
)
"""Functions whose result is another text than what they are given, or none. Files are held against bounds of their own."""
_LOOKED_FOR: Mapping[str, int] = {
    "replace": 1, "trim": 1, "trimprefix": 1, "trimsuffix": 1, "regex": 0, "regexall": 0, "split": 0, "formatdate": 0, "lookup": 1,
}  # fmt: skip
"""Which argument of a function is looked for, and is no part of what it returns."""
_CUTS = frozenset({"jsondecode", "regex", "regexall", "replace", "split", "substr", "trim", "trimprefix", "trimsuffix", "yamldecode"})  # fmt: skip
"""Functions that may return what stands in the middle of a text."""
_IN_THE_MIDDLE = re.compile(r"""(?<![\w./:\\-])(?:~?/|\.\./)\w[^\s"',#]*""")
_CHARACTER = re.compile(r"%[-+ #0-9.\[\]]*c")
_UNKNOWN = "x"


def is_path_written(argument: str, value: Unknown) -> bool:
    """Say whether a path of the machine stands in an expression where it may become what the argument comes to."""
    try:
        left: list[tuple[Expression, bool]] = [(expression_in(value.text), False)]
    except InvalidInput:
        return False
    while left:  # no recursion: choices in one another may be as deep as somebody likes
        node, is_cut = left.pop()
        begins, whole = _text(node)
        middle = _IN_THE_MIDDLE.search(whole) if is_cut else None
        if is_of_machine(argument, begins, is_known=False) or is_climbing(argument, whole):
            return True
        if middle is not None and is_of_machine(argument, middle[0], is_known=False):
            return True
        left += [(each, is_cut or (isinstance(node, Call) and node.name in _CUTS)) for each in _becoming(node)]
    return False


def _text(node: Expression) -> tuple[str, str]:
    """Return how a text is known to begin, and all of it with something in place of what nobody knows."""
    match node:
        case Literal(str(text)):
            return text, text
        case TemplateExpression(parts):
            return _joined(parts, "")
        case Call("join", (Literal(str(between)), Items(items))):
            return _joined(items, between)
        case Call("format" | "formatlist", (Literal(str(text)), *_)):
            text = _CHARACTER.sub("/", text)
            return text.partition("%")[0], text
        case _:
            return "", ""


def _joined(parts: Sequence[Expression], between: str) -> tuple[str, str]:
    texts = [part.value if isinstance(part, Literal) and isinstance(part.value, str) else None for part in parts]
    known = next((at for at, text in enumerate(texts) if text is None), len(texts))
    return between.join(filter(None, texts[:known])), between.join(_UNKNOWN if each is None else each for each in texts)


def _becoming(node: Expression) -> Iterator[Expression]:
    """Yield those parts of an expression with which its result may begin."""
    match node:
        case OperationExpression():
            return
        case TemplateExpression((first, *_)) | Call("join", (_, Items((first, *_)))):
            yield first
        case Call("format" | "formatlist", (Literal(str(text)), first, *_)):
            if text.startswith("%"):
                yield first
        case Call(name, arguments):
            if _OTHER_TEXT.fullmatch(name) is None:
                yield from (each for at, each in enumerate(arguments) if at != _LOOKED_FOR.get(name))
        case Choice(_, then, otherwise):
            yield from (then, otherwise)
        case Index(of, _):
            yield of
        case For(_, over, key, value, _):
            yield from (each for each in (over, key, value) if each is not None)
        case _:
            yield from inside(node)
