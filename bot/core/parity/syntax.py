"""Read Terraform code: python-hcl2's tree turned into nodes that can be evaluated, once for each content."""

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias

from lark import Token, Tree

from bot.core.parity.nodes import (
    Attribute,
    Block,
    Call,
    Choice,
    Expression,
    For,
    Index,
    Items,
    Joined,
    Literal,
    Name,
    Operation,
    Pairs,
    Setting,
    Splat,
    Template,
)
from bot.core.structure import parsed
from bot.errors import InvalidInput


@lru_cache(maxsize=1024)
def body(data: bytes) -> Block:
    """Return a file as one block without a type. Raises `InvalidInput` with the line."""
    return _block_of(parsed("code", data).children[0], "", (), 1)


@lru_cache(maxsize=1024)
def template(text: str) -> Expression:
    """Return a heredoc's or a template file's text as an expression; backslashes are plain there."""
    return _template_of(list(_pieces(text)))


def _block_of(tree: "Tree[Token] | Token", kind: str, labels: tuple[str, ...], line: int) -> Block:
    inside = list(_trees(tree)) if isinstance(tree, Tree) else []
    return Block(
        kind,
        labels,
        tuple(_setting(child) for child in inside if child.data == "attribute"),
        tuple(_block(child) for child in inside if child.data == "block"),
        _code(tree),
        line,
    )


def _block(tree: "Tree[Token]") -> Block:
    names = [_code(child).strip('"') for child in _trees(tree) if child.data in {"identifier", "keyword", "string"}]
    found = next(child for child in _trees(tree) if child.data == "body")
    return _block_of(found, names[0], tuple(names[1:]), _line(tree))


def _setting(tree: "Tree[Token]") -> Setting:
    value = tree.children[2]
    return Setting(_code(tree.children[0]), expression(value), _code(value), _line(tree))


def expression(node: "Tree[Token] | Token") -> Expression:  # noqa: C901, PLR0911, PLR0912 (one case a rule of the grammar)
    """Return a node of python-hcl2's grammar as an expression."""
    assert isinstance(node, Tree), node
    inside = [child for child in _trees(node) if child.data != "new_line_or_comment"]
    match str(node.data):
        case "expr_term":
            return expression(inside[0])
        case "int_lit" | "float_lit":
            text = _code(node)
            return Literal(int(text) if re.fullmatch(r"-?\d+", text) else float(text))
        case "literal_value":
            return Literal({"true": True, "false": False, "null": None}[_code(node)])
        case "identifier" | "keyword":
            return Name(_code(node))
        case "string":
            return _template_of([_part(child) for child in inside])
        case "template_string":
            return Literal(_code(node).strip('\\"'))
        case "heredoc_template" | "heredoc_template_trim":
            return template(_heredoc(_code(node)))
        case "tuple":
            return Items(tuple(expression(child) for child in inside))
        case "object":
            return Pairs(tuple(_pair(child) for child in inside))
        case "function_call":
            return _call(node, inside)
        case "get_attr_expr_term" | "index_expr_term":
            return _step(expression(inside[0]), inside[1])
        case "attr_splat_expr_term" | "full_splat_expr_term":
            path: Expression = Name("*")
            for child in _trees(inside[1]):
                path = _step(path, child)
            return Splat(expression(inside[0]), path)
        case "for_tuple_expr" | "for_object_expr":
            return _for(node, inside)
        case "conditional":
            return Choice(*(expression(child) for child in inside))
        case "unary_op":
            return Operation(str(node.children[0]), None, expression(inside[0]))
        case "binary_op":
            term = [child for child in _trees(inside[1]) if child.data != "new_line_or_comment"]
            return Operation(_code(term[0]), expression(inside[0]), expression(term[1]))
        case other:
            raise InvalidInput(f"an expression of kind {other} is not known")


def _step(of: Expression, node: "Tree[Token]") -> Expression:
    inside = [child for child in _trees(node) if child.data != "new_line_or_comment"]
    if node.data == "get_attr":
        return Attribute(of, _code(node).removeprefix("."))
    if node.data == "short_index":
        return Index(of, Literal(int(_code(node).removeprefix("."))))
    return Index(of, expression(inside[0]))


def _pair(tree: "Tree[Token]") -> tuple[Expression, Expression]:
    key, value = list(_trees(tree))
    found = next(_trees(key))
    inner = expression(found)
    in_brackets = found.data == "expr_term" and isinstance(found.children[0], Token)
    # A bare word is a key as it stands; in brackets it is an expression.
    return (Literal(inner.text) if isinstance(inner, Name) and not in_brackets else inner, expression(value))


def _call(node: "Tree[Token]", inside: "Sequence[Tree[Token]]") -> Call:
    names = [_code(child) for child in inside if child.data == "identifier"]
    arguments = next((child for child in inside if child.data == "arguments"), None)
    given = (
        () if arguments is None else tuple(expression(c) for c in _trees(arguments) if c.data != "new_line_or_comment")
    )
    spread = arguments is not None and any(isinstance(c, Token) and c.type == "ELLIPSIS" for c in arguments.children)
    return Call("::".join(names), given, spread)


def _for(node: "Tree[Token]", inside: "Sequence[Tree[Token]]") -> For:
    intro, *rest = inside
    of_intro = [child for child in _trees(intro) if child.data != "new_line_or_comment"]
    condition = None
    if rest[-1].data == "for_cond":
        condition = expression([c for c in _trees(rest.pop()) if c.data != "new_line_or_comment"][-1])
    key = expression(rest[0]) if len(rest) == 2 else None
    grouped = any(isinstance(child, Token) and child.type == "ELLIPSIS" for child in node.children)
    names = tuple(_code(child) for child in of_intro[:-1])
    return For(names, expression(of_intro[-1]), key, expression(rest[-1]), condition, grouped)


# Templates. A piece is an expression, or a directive as (word, names, expression).

_Directive: TypeAlias = tuple[str, tuple[str, ...], Expression | None]


def _part(node: "Tree[Token]") -> "Expression | _Directive":
    child = node.children[0]
    if isinstance(child, Token):
        if child.type == "STRING_CHARS":
            return Literal(_unescaped(child.value))
        return Literal(child.value[1:])  # `$${` and `%%{` stand for `${` and `%{`
    if child.data == "interpolation":
        return expression(next(_trees(child)))
    inside = list(_trees(child))
    names = tuple(_code(c) for c in inside if c.data == "identifier")
    last = expression(inside[-1]) if inside else None
    return (str(child.data).removeprefix("template_"), names, last)


def _template_of(pieces: "list[Expression | _Directive]") -> Expression:
    parts, rest = _assembled(pieces)
    if rest:
        raise InvalidInput("a template's directive ends nothing")
    if all(isinstance(part, Literal) and isinstance(part.value, str) for part in parts):
        return Literal("".join(str(part.value) for part in parts if isinstance(part, Literal)))
    return Template(tuple(parts))


def _assembled(pieces: "list[Expression | _Directive]") -> "tuple[list[Expression], list[Expression | _Directive]]":
    """Return what comes before the next `else` or `end`, and the rest from there on."""
    found: list[Expression] = []
    while pieces:
        piece = pieces[0]
        if not isinstance(piece, tuple):
            found.append(piece)
            pieces = pieces[1:]
            continue
        word, names, given = piece
        if word in {"else", "endif", "endfor"}:
            return found, pieces
        inner, pieces = _assembled(pieces[1:])
        if word == "for_start":
            assert given is not None
            found.append(Joined(For(names, given, None, Template(tuple(inner)), None, False)))
        else:
            otherwise: list[Expression] = []
            if pieces and isinstance(pieces[0], tuple) and pieces[0][0] == "else":
                otherwise, pieces = _assembled(pieces[1:])
            assert given is not None
            found.append(Choice(given, Template(tuple(inner)), Template(tuple(otherwise))))
        if not pieces:
            raise InvalidInput("a template's directive is never ended")
        pieces = pieces[1:]
    return found, []


_DIRECTIVE = re.compile(r"(if|else|endif|for|endfor)\b\s*(.*)", re.DOTALL)


def _pieces(text: str) -> "Iterator[Expression | _Directive]":
    """Split a heredoc's text; the grammar takes it as one word."""
    start = 0
    for found in re.finditer(r"\$\$\{|%%\{|\$\{|%\{", text):
        if found.start() < start:
            continue
        yield Literal(text[start : found.start()])
        if len(found[0]) == 3:
            yield Literal(found[0][1:])
            start = found.end()
            continue
        end = _closing(text, found.end())
        inner = text[found.end() : end].strip("~ \n")
        start = end + 1
        yield _inner(inner) if found[0] == "${" else _directive(inner)
    yield Literal(text[start:])


def _directive(inner: str) -> "_Directive":
    found = _DIRECTIVE.match(inner)
    if found is None:
        raise InvalidInput(f"`%{{{inner}}}` is no directive")
    word, rest = found[1], found[2]
    if word == "for":
        names, _, over = rest.partition(" in ")
        return "for_start", tuple(name.strip() for name in names.split(",")), _inner(over)
    return ("if_start" if word == "if" else word), (), _inner(rest) if word == "if" else None


def _inner(text: str) -> Expression:
    return body(f"x = {text}\n".encode()).settings[0].value


def _closing(text: str, start: int) -> int:
    depth, quoted, position = 1, False, start
    while position < len(text):
        character = text[position]
        if quoted and character == "\\":
            position += 1
        elif character == '"':
            quoted = not quoted
        elif not quoted and character in "{}":
            depth += 1 if character == "{" else -1
            if depth == 0:
                return position
        position += 1
    raise InvalidInput("a template's expression is never closed")


def _heredoc(code: str) -> str:
    head, _, rest = code.partition("\n")
    lines = rest.rstrip().split("\n")[:-1]
    if head.startswith("<<-"):
        indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
        lines = [line[indent:] for line in lines]
    return "".join(f"{line}\n" for line in lines)


_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)


def _unescaped(text: str) -> str:
    def one(found: re.Match[str]) -> str:
        word = found[1]
        if word[0] in "uU" and len(word) > 1:
            return chr(int(word[1:], 16))
        return {"n": "\n", "r": "\r", "t": "\t"}.get(word, word)

    return _ESCAPE.sub(one, text) if "\\" in text else text


def quoted(text: str) -> str:
    """Return a text as code."""
    return json.dumps(text, ensure_ascii=False)


def _trees(tree: "Tree[Token]") -> "Iterator[Tree[Token]]":
    return (child for child in tree.children if isinstance(child, Tree))


def _line(tree: "Tree[Token]") -> int:
    return next(_tokens(tree)).line or 1


def _tokens(node: "Tree[Token] | Token") -> Iterator[Token]:
    if isinstance(node, Token):
        yield node
    elif node.data != "new_line_or_comment":
        for child in node.children:
            yield from _tokens(child)


def _code(node: "Tree[Token] | Token") -> str:
    # These two words hold the blanks before them.
    return "".join(t.value.strip() if t.type in {"EQ", "COLON"} else t.value for t in _tokens(node)).strip()
