"""Read Terraform code into blocks and expressions, once for each content.

The one reader of HCL: static checks, backends, parity, leaks and destroy rules stand on it. It accepts what HashiCorp's
parser accepts, or less: every difference known to us is a refusal (`clients/hcl_referee` looks for unknown ones).
"""

from collections.abc import Sequence

from bot.core.hcl.json_syntax.bodies import json_body
from bot.core.hcl.syntax.ast import Block, Expression, Setting
from bot.core.hcl.syntax.cursor import shown
from bot.core.hcl.syntax.expressions import Expressions
from bot.core.hcl.syntax.string_templates import assembled, melded, unescaped
from bot.core.hcl.syntax.tokens import (
    CLOSING_QUOTE,
    END,
    NAME,
    NEWLINE,
    NUMBER,
    QUOTE,
    TEXT,
    HclToken,
    NotHcl,
    decoded,
    remembered,
    template_tokens,
    tokens,
)
from bot.core.hcl.values import Unknown


@remembered(1024)
def body(data: bytes) -> Block:
    """Return a file as one block without a type. Raises `InvalidInput` with the line."""
    try:
        return _Bodies(tokens(decoded("code", data))).file()
    except RecursionError as error:
        raise NotHcl(1, "nested too deeply to be read: give the inner parts names in `locals`.") from error


def parsed(path: str, data: bytes) -> Block:
    """Return the file at `path` as one block without a type. Raises `InvalidInput` with path and line."""
    decoded(path, data)
    try:
        return json_body(data) if path.endswith(".json") else body(data)
    except NotHcl as error:
        raise error.of(path) from error


def blocks(path: str, data: bytes) -> tuple[Block, ...]:
    """Return the top-level blocks of an HCL file. Raises `InvalidInput` with path and line."""
    return parsed(path, data).blocks


@remembered(1024)
def template(text: str) -> Expression:
    """Return a template file's text as an expression; backslashes are plain there. Raises `InvalidInput`."""
    try:
        return assembled(melded(Expressions(template_tokens(text)).parts(END)), 1)
    except RecursionError as error:
        raise NotHcl(1, "nested too deeply to be read") from error


@remembered(1024)
def expression_in(text: str) -> Expression:
    """Return what stands right of an equals sign as an expression. Raises `InvalidInput`."""
    reader = Expressions(tokens(f"{text}\n"))
    try:
        value = reader.expression()
    except RecursionError as error:
        raise NotHcl(1, "nested too deeply to be read") from error
    if (token := reader.read()).kind != NEWLINE or reader.peek().kind != END:
        raise NotHcl(token.line, f"expected the end of the expression, found {shown(token)}.")
    return value


def unknown_expression(value: Unknown) -> Expression:
    """Return what is not known as an expression. Raises `InvalidInput`."""
    if not value.parts:
        return expression_in(value.text)
    parts = (part if isinstance(part, str) else expression_in(part.text) for part in value.parts)
    return assembled(melded(parts), 1)


class _Bodies(Expressions):
    """Reads blocks and settings."""

    def __init__(self, found: Sequence[HclToken]) -> None:
        super().__init__(found)
        self.code, self.starts = _without_layout(found)

    def _code(self, first: int) -> str:
        """Return what was read since the token `first` as written, without comments and layout."""
        return self.code[self.starts[first] : self.starts[self.at]].strip()

    def file(self) -> Block:
        settings, inner, _ = self._inside(END)
        return Block("", (), settings, inner, "", 1, frozenset(self.called))

    def _inside(self, end: str) -> tuple[tuple[Setting, ...], tuple[Block, ...], str]:
        settings: dict[str, Setting] = {}
        inner: list[Block] = []
        first = self.at
        while (token := self.peek()).kind != end:
            if token.kind == NEWLINE:
                self.read()
                continue
            name = self.expect(NAME, "the name of an argument or a block")
            if self.peek().kind == "=":
                setting = self._setting(name)
                if name.text in settings:
                    raise NotHcl(
                        name.line, f"`{name.text}` is already set in line {settings[name.text].line}: remove one."
                    )
                settings[name.text] = setting
            else:
                inner.append(self._block(name))
            self._line_end(f"`{name.text}`")
        code = self._code(first)
        self.read()
        return tuple(settings.values()), tuple(inner), code

    def _line_end(self, what: str) -> None:
        token = self.peek()
        if token.kind not in {NEWLINE, END}:
            raise NotHcl(
                token.line, f"expected the end of the line after {what}, found {shown(token)}: begin a new line."
            )

    def _setting(self, name: HclToken) -> Setting:
        self.read()
        first = self.at
        value = self.expression()
        return Setting(name.text, value, self._code(first), name.line, self.tokens[first].at, self._end())

    def _block(self, name: HclToken) -> Block:
        labels: list[str] = []
        while (token := self.peek()).kind in {NAME, QUOTE}:
            labels.append(self.read().text if token.kind == NAME else self._label())
        self.expect("{", f"`=`, a label or `{{` after `{name.text}`")
        first, called = self.at, len(self.called)
        if self.peek().kind != NAME:
            settings, inner, code = self._inside("}")
            return Block(
                name.text,
                tuple(labels),
                settings,
                inner,
                code,
                name.line,
                frozenset(self.called[called:]),
                name.at,
                self._end(),
            )
        only = self.read()
        if self.peek().kind != "=":
            raise NotHcl(only.line, "a nested block needs a line of its own: begin a new line before and after it.")
        setting = self._setting(only)
        code = self._code(first)
        self.expect("}", "`}`, since a block in one line has one argument (put each on a line of its own)")
        return Block(
            name.text,
            tuple(labels),
            (setting,),
            (),
            code,
            name.line,
            frozenset(self.called[called:]),
            name.at,
            self._end(),
        )

    def _end(self) -> int:
        """Return where the last word that was read ends."""
        last = self.tokens[self.at - 1]
        return last.at + len(last.text)

    def _label(self) -> str:
        line, text = self.read().line, ""
        while (token := self.read()).kind == TEXT:
            text += unescaped(token.text, line, is_quoted=True)
        if token.kind != CLOSING_QUOTE:
            raise NotHcl(line, "a label can't contain `${…}`: write plain text.")
        return text


_WORDS = frozenset({NAME, NUMBER})
_SKIPPED = {"(": ")", "[": "]", "{": "}", "${": "}$", "%{": "}$"}


def _without_layout(found: Sequence[HclToken]) -> tuple[str, Sequence[int]]:
    """Return code without comments and layout, and where in it each token begins.

    A line break counts where it ends an item, and becomes a blank between two of them.
    """
    closing: list[str] = []
    words: list[str] = []
    starts: list[int] = []
    length, before = 0, NEWLINE
    for kind, text, _, _ in found:
        if kind in _SKIPPED:
            closing.append(_SKIPPED[kind])
        elif closing and kind == closing[-1]:
            closing.pop()
        if kind == NEWLINE:
            starts.append(length)
            before = NEWLINE if not closing or closing[-1] == "}" else before
            continue
        if (before in _WORDS and kind in _WORDS) or (before == NEWLINE and kind not in {"}", END}):
            words.append(" ")
            length += 1
        starts.append(length)
        words.append(text)
        length += len(text)
        before = kind
    return "".join(words), starts
