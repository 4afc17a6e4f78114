"""A place in a file's tokens: what comes next, and whether line breaks count there."""

from collections.abc import Sequence

from bot.core.hcl.syntax.tokens import END, HEREDOC, NEWLINE, SEQUENCE_END, HclToken, NotHcl

_PLAIN = {NEWLINE: "the end of the line", END: "the end of the file", SEQUENCE_END: "`}`", HEREDOC: "a heredoc"}


class Cursor:
    """Goes through tokens, one after the other."""

    def __init__(self, found: Sequence[HclToken]) -> None:
        self.tokens, self.at = found, 0
        self.skips = False  # whether line breaks are passed over here

    def peek(self) -> HclToken:
        """Return the next token that counts."""
        token = self.tokens[self.at]
        while self.skips and token.kind == NEWLINE:
            self.at += 1
            token = self.tokens[self.at]
        return token

    def read(self) -> HclToken:
        """Take the next token that counts."""
        token = self.peek()
        if token.kind != END:
            self.at += 1
        return token

    def expect(self, kind: str, message: str) -> HclToken:
        """Take a token of this kind. Raises `NotHcl`."""
        token = self.peek()
        if token.kind != kind:
            raise NotHcl(token.line, f"expected {message}, found {shown(token)}.")
        return self.read()

    def passing_lines(self, skip: bool) -> bool:
        """Pass over line breaks from here on, or don't, and return what was done before: whoever changes it puts it back."""
        before, self.skips = self.skips, skip
        return before


def shown(token: HclToken) -> str:
    """Return a token as people would name it."""
    return _PLAIN.get(token.kind) or f"`{token.text}`"
