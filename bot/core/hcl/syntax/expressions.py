"""Expressions and the texts around them, read from tokens as HashiCorp's parser reads them (hcl/hclsyntax/parser.go).

A line break ends an expression, except inside parentheses, brackets and `${…}`; inside an object's braces it separates.
"""

from collections.abc import Callable, Sequence

from bot.core.hcl.numbers import NotExact, read
from bot.core.hcl.syntax.ast import (
    AttributeAccess,
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
    Splat,
)
from bot.core.hcl.syntax.cursor import Cursor, shown
from bot.core.hcl.syntax.string_templates import Directive, Part, assembled, flushed, melded, unescaped
from bot.core.hcl.syntax.tokens import (
    BLANKS,
    CLOSING_QUOTE,
    DIRECTIVE,
    END,
    FILL,
    HEREDOC,
    HEREDOC_END,
    NAME,
    NEWLINE,
    NUMBER,
    QUOTE,
    SEQUENCE_END,
    TEXT,
    HclToken,
    NotHcl,
)

DEEPEST = 100
"""Levels of expressions inside one another; what is deeper was not written by people, and would exhaust the stack."""

_LEVELS = (("||",), ("&&",), ("==", "!="), (">", ">=", "<", "<="), ("+", "-"), ("*", "/", "%"))
_BINDING = {sign: level for level, signs in enumerate(_LEVELS) for sign in signs}
_OPERATORS = frozenset({"?", *_BINDING})
_WORDS = {"true": True, "false": False, "null": None}


class Expressions(Cursor):
    """Reads expressions from tokens, one after the other."""

    def __init__(self, found: Sequence[HclToken]) -> None:
        super().__init__(found)
        self.depth = 0
        self.called: list[str] = []  # the names of all functions, as they came

    def expression(self) -> Expression:
        """Read an expression."""
        first = self._traversed()
        if self.peek().kind not in _OPERATORS:
            return first  # most expressions have none
        condition = self._binary(first, 0)
        if self.peek().kind != "?":
            return condition
        self.read()
        self._deeper()
        then = self.expression()
        self.expect(":", "`:` between the two results of a condition")
        otherwise = self.expression()
        self.depth -= 1
        return Choice(condition, then, otherwise)

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise NotHcl(self.peek().line, "nested too deeply to be read: give the inner parts names in `locals`.")

    def _binary(self, left: Expression, lowest: int) -> Expression:
        while (level := _BINDING.get(self.peek().kind, -1)) >= lowest:
            sign = self.read().kind
            left = OperationExpression(sign, left, self._binary(self._traversed(), level + 1))
        return left

    def _traversed(self) -> Expression:
        self._deeper()
        found = self._steps(self._term())
        self.depth -= 1
        return found

    def _steps(self, found: Expression, *, is_splat: bool = False) -> Expression:
        """Read `.name`, `.0`, `[key]`, `.*` and `[*]`; behind `.*` only the first two belong to each item."""
        while (kind := self.peek().kind) in {".", "["} and not (is_splat and kind == "["):
            self.read()
            if kind == "[":
                key = self._key()
                if key is None:
                    return Splat(found, self._steps(NameExpression("*")))
                found = Index(found, key)
            elif self.peek().kind == NAME:
                found = AttributeAccess(found, self.read().text)
            elif self.peek().kind == NUMBER:
                found = Index(found, Literal(self._legacy_index()))
            elif is_splat:
                raise NotHcl(self.peek().line, "only names may follow `.*`: write `[*]`.")
            else:
                self.expect("*", "the name of an attribute after the dot")
                found = Splat(found, self._steps(NameExpression("*"), is_splat=True))
        return found

    def _key(self) -> Expression | None:
        """Read what is in brackets behind a value; None for `[*]`."""
        before = self.passing_lines(True)
        if self.peek().kind == "*":
            self.read()
            key = None
        else:
            key = self.expression()
        self.expect("]", "`]` at the end of an index")
        self.skips = before
        return key

    def _legacy_index(self) -> int:
        token = self.read()
        if not token.text.isdigit():
            raise NotHcl(token.line, f"`.{token.text}` is not an index: write each in brackets, as in `[0]`.")
        return int(token.text)

    def _term(self) -> Expression:
        token = self.peek()
        match token.kind:
            case "(":
                self.read()
                before = self.passing_lines(True)
                found = self.expression()
                self.expect(")", "`)` to close the parenthesis")
                self.skips = before
                return found
            case "-" | "!":
                self.read()
                return OperationExpression(token.kind, None, self._traversed())
            case "number":
                return _number(self.read())
            case "name":
                return self._named(self.read())
            case "[" | "{":
                return self._collection(token.kind)
            case _:
                return self._text(token)

    def _named(self, token: HclToken) -> Expression:
        name = token.text
        while self.peek().kind == "::":
            self.read()
            name += f"::{self.expect(NAME, 'a name after `::`').text}"
        if self.peek().kind == "(":
            return self._call(name, token.line)
        if "::" in name:
            raise NotHcl(token.line, f"`{name}` is the name of a function: write its arguments in parentheses.")
        return Literal(_WORDS[name]) if name in _WORDS else NameExpression(name)

    def _call(self, name: str, line: int) -> Call:
        self.called.append(name)
        given: list[Expression] = []
        is_spread = False
        before = self.passing_lines(True)
        self.read()
        while self.peek().kind != ")":
            given.append(self.expression())
            if self.peek().kind == "...":
                self.read()
                is_spread = True
                break
            if self.peek().kind != ",":
                break
            self.read()
        self.expect(")", f"`,` or `)` after an argument of `{name}`")
        self.skips = before
        return Call(name, tuple(given), is_spread, line)

    def _collection(self, opening: str) -> Expression:
        self.read()
        before = self.passing_lines(True)
        is_for = self.peek()[:2] == (NAME, "for")
        found = self._for("}" if opening == "{" else "]") if is_for else None
        self.skips = before
        if found is not None:
            return found
        return self._pairs() if opening == "{" else self._items()

    def _items(self) -> Items:
        found: list[Expression] = []
        before = self.passing_lines(True)
        while self.peek().kind != "]":
            found.append(self.expression())
            if self.peek().kind != ",":
                break
            self.read()
        self.expect("]", "`,` or `]` after an item of the list")
        self.skips = before
        return Items(tuple(found))

    def _pairs(self) -> Pairs:
        found: list[tuple[Expression, Expression]] = []
        before = self.passing_lines(False)
        while True:
            if self.peek().kind == NEWLINE:
                self.read()
                continue
            if self.peek().kind == "}":
                break
            found.append(self._pair())
            if self.peek().kind not in {",", NEWLINE}:
                break
            self.read()
        self.expect("}", "`,`, a line break or `}` after an item of the object")
        self.skips = before
        return Pairs(tuple(found))

    def _pair(self) -> tuple[Expression, Expression]:
        first = self.peek()
        key = self.expression()
        if first.kind == NAME:  # a bare word is a key as it stands; in parentheses it is an expression
            if isinstance(key, NameExpression):
                key = Literal(key.text)
            elif isinstance(key, Literal):
                key = Literal(first.text)
        if self.peek().kind != ":":
            self.expect("=", "`=` after the key")
        else:
            self.read()
        return key, self.expression()

    def _for(self, closing: str) -> For:
        self.read()
        names, over = self._for_names()
        self.expect(":", "`:` after the collection of the `for`")
        key, value, condition, is_grouped = None, self.expression(), None, False
        if closing == "}":
            self.expect("=>", "`=>` between key and value, as a `for` in braces needs")
            key, value = value, self.expression()
            if self.peek().kind == "...":
                self.read()
                is_grouped = True
        if self.peek()[:2] == (NAME, "if"):
            self.read()
            condition = self.expression()
        self.expect(closing, f"`{closing}` at the end of the `for`")
        return For(names, over, key, value, condition, is_grouped)

    def _for_names(self) -> tuple[tuple[str, ...], Expression]:
        names = [self.expect(NAME, "a name after `for`").text]
        if self.peek().kind == ",":
            self.read()
            names.append(self.expect(NAME, "a name after the comma").text)
        word = self.expect(NAME, "`in` after the names")
        if word.text != "in":
            raise NotHcl(word.line, f"expected `in` after the names of the `for`, found `{word.text}`.")
        return tuple(names), self.expression()

    def _text(self, token: HclToken) -> Expression:
        if token.kind == QUOTE:
            self.read()
            return assembled(melded(self.parts(CLOSING_QUOTE)), token.line)
        if token.kind == HEREDOC:
            self.read()
            parts = self.parts(HEREDOC_END)
            return assembled(melded(flushed(parts) if token.text.startswith("<<-") else parts), token.line)
        raise NotHcl(token.line, f"expected a value, found {shown(token)}.")

    def parts(self, end: str) -> list[Part]:
        """Read the parts of a text up to its end."""
        found: list[Part] = []
        is_trimmed = False
        while (token := self.tokens[self.at]).kind != end:
            self.at += 1
            if token.kind == TEXT:
                text = unescaped(token.text, token.line, is_quoted=end == CLOSING_QUOTE)
                found.append(text.lstrip(BLANKS) if is_trimmed else text)
                is_trimmed = False
                continue
            if token.text.endswith("~") and found and isinstance(found[-1], str):
                found[-1] = found[-1].rstrip(BLANKS)
            before = self.passing_lines(True)
            found.append(self._filled(token))
            is_trimmed = self.expect(SEQUENCE_END, f"`}}` to end `{token.kind}`").text == "~}"
            self.skips = before
        if token.kind != END:
            self.at += 1
        return found

    def _filled(self, token: HclToken) -> Part:
        if token.kind == FILL:
            return self.expression()
        assert token.kind == DIRECTIVE, token
        word = self.expect(NAME, "`if`, `else`, `endif`, `for` or `endfor` after `%{`")
        readers: dict[str, Callable[[], tuple[tuple[str, ...], Expression | None]]] = {
            "if": lambda: ((), self.expression()),
            "for": self._for_names,
            **dict.fromkeys(("else", "endif", "endfor"), lambda: ((), None)),
        }
        if word.text not in readers:
            raise NotHcl(
                word.line, f"`%{{ {word.text} }}` is not known: write `if`, `else`, `endif`, `for` or `endfor`."
            )
        names, value = readers[word.text]()
        return Directive(word.text, names, value, word.line)


def _number(token: HclToken) -> Expression:
    if len(token.text) > 512:  # as many digits as Terraform keeps of a number; Python would refuse 4,300
        raise NotHcl(token.line, "a number of more than 512 characters: write it in quotes.")
    if token.text.count(".") > 1:
        raise NotHcl(token.line, f"`{token.text}` is not a number: write versions and addresses in quotes.")
    try:
        return Literal(read(token.text))
    except NotExact:
        return NameExpression(token.text)  # a number that only Terraform holds exactly: a name without a value
