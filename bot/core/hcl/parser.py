"""Read Terraform code: python-hcl2's tree turned into nodes that can be evaluated, once for each content."""

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from lark import Token, Tree

from bot.core.hcl.ast import (
    Attribute,
    Block,
    Call,
    Choice,
    Expression,
    For,
    Index,
    Items,
    Literal,
    NameExpression,
    OperationExpression,
    Pairs,
    Setting,
    Splat,
)
from bot.core.hcl.string_templates import Directive, assembled, heredoc_text, pieces, unescaped
from bot.core.hcl.structure import parsed
from bot.errors import InvalidInput


@lru_cache(maxsize=1024)
def body(data: bytes) -> Block:
    """Return a file as one block without a type. Raises `InvalidInput` with the line."""
    return _block_of(parsed("code", data).children[0], "", (), 1)


@lru_cache(maxsize=1024)
def template(text: str) -> Expression:
    """Return a heredoc's or a template file's text as an expression; backslashes are plain there."""
    return assembled(pieces(text, expression_in))


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
            return NameExpression(_code(node))
        case "string":
            return assembled([_part(child) for child in inside])
        case "template_string":
            return Literal(_code(node).strip('\\"'))
        case "heredoc_template" | "heredoc_template_trim":
            return template(heredoc_text(_code(node)))
        case "tuple":
            return Items(tuple(expression(child) for child in inside))
        case "object":
            return Pairs(tuple(_pair(child) for child in inside))
        case "function_call":
            return _call(node, inside)
        case "get_attr_expr_term" | "index_expr_term":
            return _step(expression(inside[0]), inside[1])
        case "attr_splat_expr_term" | "full_splat_expr_term":
            path: Expression = NameExpression("*")
            for child in _trees(inside[1]):
                path = _step(path, child)
            return Splat(expression(inside[0]), path)
        case "for_tuple_expr" | "for_object_expr":
            return _for(node, inside)
        case "conditional":
            return Choice(*(expression(child) for child in inside))
        case "unary_op":
            return OperationExpression(str(node.children[0]), None, expression(inside[0]))
        case "binary_op":
            term = [child for child in _trees(inside[1]) if child.data != "new_line_or_comment"]
            return OperationExpression(_code(term[0]), expression(inside[0]), expression(term[1]))
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
    return (Literal(inner.text) if isinstance(inner, NameExpression) and not in_brackets else inner, expression(value))


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


def _part(node: "Tree[Token]") -> Expression | Directive:
    child = node.children[0]
    if isinstance(child, Token):
        if child.type == "STRING_CHARS":
            return Literal(unescaped(child.value))
        return Literal(child.value[1:])  # `$${` and `%%{` stand for `${` and `%{`
    if child.data == "interpolation":
        return expression(next(_trees(child)))
    inside = list(_trees(child))
    names = tuple(_code(c) for c in inside if c.data == "identifier")
    last = expression(inside[-1]) if inside else None
    return (str(child.data).removeprefix("template_"), names, last)


def expression_in(text: str) -> Expression:
    """Return what stands right of an equals sign as an expression. Raises `InvalidInput`."""
    return body(f"x = {text}\n".encode()).settings[0].value


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
