"""The words of an HCL text, as HashiCorp's scanner finds them (hcl/hclsyntax/scan_tokens.rl).

Texts are read in three modes: code, quoted text and heredoc; `${` and `%{` lead from a text into code, and the brace that
belongs to them leads back. Three rules that other readers get wrong are HashiCorp's: a heredoc ends at the first line that
is its marker with any blanks around it; `$${` is two characters of text whatever stands before and after; no mark of a
comment means anything inside a text.
"""

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Generic, NamedTuple, TypeVar

from bot.errors import Finding, InvalidInput

Source = TypeVar("Source", bound=Hashable)
Read = TypeVar("Read")

MARK = "\ufeff"  # Windows editors begin files with it, and Terraform passes over it

NAME, NUMBER, TEXT, NEWLINE, END = "name", "number", "text", "newline", "end"
QUOTE, CLOSING_QUOTE, HEREDOC, HEREDOC_END = '"', 'closing "', "<<", "marker"
FILL, DIRECTIVE, SEQUENCE_END = "${", "%{", "}$"


MOST_WORDS = 300_000
"""Words of one file. Code of 0.8 MB that is all short words has 275,000, and refusing a longer file takes half a second of the processor at most."""


class NotHcl(InvalidInput):
    """A text that is not HCL; `finding` says where and what to write."""

    def __init__(self, line: int, message: str, path: str = "code") -> None:
        self.finding = Finding(path, line, message if message.startswith("not HCL") else f"not HCL: {message}")
        super().__init__(str(self.finding))

    def of(self, path: str) -> "NotHcl":
        """Return the same complaint about the file at `path`."""
        return NotHcl(self.finding.line, self.finding.message, path)


class HclToken(NamedTuple):
    """A word of code: its kind (for a sign, the sign), its text as written, its line from 1 and its offset in the text."""

    kind: str
    text: str
    line: int
    at: int


_token: Callable[[tuple[str, str, int, int]], HclToken] = partial(tuple.__new__, HclToken)
"""Makes a word in half the time that the type's own call takes."""

_WORD = r"[^\W\d][\w\u0300-\u036f\u00b7-]*+"
# A text in quotes without anything to be filled in is one word here: most are, and each change of mode costs.
_CODE = re.compile(
    rf"""[ \t]*+(?:
      (?P<newline>\r?\n)
    | (?P<name>{_WORD})
    | (?P<plain>"[^"\\$%\r\n]++")
    | (?P<number>[0-9]++(?>(?:\.[0-9]++)*)(?:[eE][+-]?[0-9]++)?)
    | (?P<comment>(?:\#|//)[^\n]*+ | /\*.*?\*/)
    | (?P<heredoc><<-?(?P<marker>{_WORD})\r?\n)
    | (?P<quote>")
    | (?P<sign>\.\.\.|=>|==|!=|>=|<=|&&|\|\||::|~\}}|/(?!\*)|[-+*%!<>=?:.,\[\](){{}}])
    | (?P<end>\Z)
    | (?P<other>.))""",
    re.VERBOSE | re.DOTALL,
)
# A run of `$` before a brace is text when there are two or more; a lone one opens `${`. The same for `%`.
_SIGNS = r"\$++(?!\{)|\$\$++\{|%++(?!\{)|%%++\{"
_QUOTED = re.compile(rf'(?>(?:[^"\\$%\r\n]++|\\(?:[nrt"\\]|u[0-9a-fA-F]{{4}}|U[0-9a-fA-F]{{8}})|{_SIGNS})+)')
_LINE = re.compile(rf"(?>(?:[^$%\r\n]++|{_SIGNS})*)(?P<newline>\r?\n)?")
_BRACES = frozenset({"{", "}", "~}"})
_OPENS = re.compile(r"[$%]\{~?")
# What Go's bytes.TrimSpace takes from a line before it is held against the marker.
BLANKS = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"

_INSTEAD = {
    "'": "write texts in double quotes",
    ";": "begin a new line instead",
    "&": "write `&&`",
    "|": "write `||`",
    "^": "Terraform has no such operator",
    "~": "Terraform has no such operator",
    "`": "write texts in double quotes",
    "\r": "end lines with a line feed, alone or after a carriage return",
    "\0": "remove it: no program reads the file beyond it",
    "\u201c": "write straight double quotes",
    "\u201d": "write straight double quotes",
    "/": "close the comment with `*/`",
}


@dataclass(slots=True)
class _Mode:
    """What the scanner is inside of: code (with its open braces), a quoted text, or a heredoc (with its marker)."""

    kind: str
    braces: int = 0
    marker: str = ""
    is_line_start: bool = True
    line: int = 1


class _Scanner:
    def __init__(self, text: str, first: _Mode) -> None:
        self.text, self.at, self.line = text, 0, 1
        self.found: list[HclToken] = []
        self.modes = [first]

    def scanned(self) -> Sequence[HclToken]:
        while self.at < len(self.text):
            match self.modes[-1].kind:
                case "code":
                    self._code(self.modes[-1])
                case "quoted":
                    self._quoted()
                case _:
                    self._heredoc(self.modes[-1])
        last = self.modes[-1]
        if last.kind == "quoted":
            raise NotHcl(last.line, "this string has no end: close it with a double quote.")
        if last.kind == "heredoc" and last.marker:
            raise NotHcl(
                last.line,
                f"this heredoc has no end: write `{last.marker}` on a line of its own, followed by a line break.",
            )
        if len(self.modes) > 1:
            raise NotHcl(last.line, "this `${` or `%{` has no end: close it with `}`.")
        self._add(END, "")
        return self.found

    def _add(self, kind: str, text: str) -> None:
        if len(self.found) > MOST_WORDS:
            raise too_long(self.line)
        self.found.append(_token((kind, text, self.line, self.at)))
        self.at += len(text)

    def _code(self, mode: _Mode) -> None:  # noqa: C901 (one case a kind of word)
        """Read code up to a text or to the brace that leads back to one."""
        found, line, made = self.found, self.line, _token  # in names of their own: this loop is most of a reading
        for word in _CODE.finditer(self.text, self.at):
            kind = str(word.lastgroup)
            text, at = word[kind], word.start(kind)
            self.at = word.end()
            if len(found) > MOST_WORDS:
                raise too_long(line)
            match kind:
                case "newline":
                    found.append(made((NEWLINE, text, line, at)))
                    line += 1
                case "name":
                    if not (text.isascii() or text.replace("-", "_").isidentifier()):
                        raise NotHcl(line, f"`{text}` is not a name: use letters, digits, `_` and `-`.")
                    found.append(made((NAME, text, line, at)))
                case "plain":
                    found.append(made((QUOTE, '"', line, at)))
                    found.append(made((TEXT, text[1:-1], line, at + 1)))
                    found.append(made((CLOSING_QUOTE, '"', line, self.at - 1)))
                case "number":
                    found.append(made((NUMBER, text, line, at)))
                case "comment":
                    line += text.count("\n")
                case "sign" if text not in _BRACES:
                    found.append(made((text, text, line, at)))
                case _:
                    self.at, self.line = at, line
                    if self._opened_or_closed(mode, kind, text):
                        return
        self.line = line

    def _opened_or_closed(self, mode: _Mode, kind: str, text: str) -> bool:
        """Read what may change the mode, and say whether it does."""
        match kind:
            case "heredoc":
                self.modes.append(_Mode("heredoc", marker=text.lstrip("<-").rstrip("\r\n"), line=self.line))
                self._add(HEREDOC, text)
                self.line += 1
            case "quote":
                self.modes.append(_Mode("quoted", line=self.line))
                self._add(QUOTE, text)
            case "sign":
                self._brace(mode, text)
            case "other":
                raise self._unexpected()
        return self.modes[-1] is not mode

    def _brace(self, mode: _Mode, text: str) -> None:
        if text == "{":
            mode.braces += 1
        elif not mode.braces and len(self.modes) > 1:
            self.modes.pop()
            self._add(SEQUENCE_END, text)
            return
        elif text == "~}":
            raise NotHcl(self.line, "`~}` is only for the end of `${…}` and `%{…}`: write `}`.")
        else:
            mode.braces -= 1
        self._add(text, text)

    def _quoted(self) -> None:
        found = _QUOTED.match(self.text, self.at)
        if found is not None:
            self._add(TEXT, found[0])
        elif self.text[self.at] == '"':
            self.modes.pop()
            self._add(CLOSING_QUOTE, '"')
        elif self.text[self.at] in "\r\n":
            raise NotHcl(self.line, "a string in quotes must be on one line: write `\\n`, or use a heredoc (`<<-EOT`).")
        elif self.text[self.at] == "\\":
            wrong = self.text[self.at : self.at + 2].strip()
            raise NotHcl(self.line, f"`{wrong}` is not an escape: write `\\\\` for a backslash.")
        else:
            self._opening()

    def _heredoc(self, mode: _Mode) -> None:
        found = _LINE.match(self.text, self.at)
        text = found[0] if found else ""
        if found is None or (not text and not _OPENS.match(self.text, self.at)):
            raise self._unexpected()
        newline = found["newline"] or ""
        if newline and mode.marker and mode.is_line_start and text.strip(BLANKS) == mode.marker:
            self.modes.pop()
            self._add(HEREDOC_END, text.removesuffix(newline))
            return  # the newline is code again
        if text:
            self._add(TEXT, text)
            self.line += bool(newline)
        mode.is_line_start = bool(newline)
        if not newline and self.at < len(self.text):
            self._opening()

    def _opening(self) -> None:
        found = _OPENS.match(self.text, self.at)
        if found is None:
            raise self._unexpected()
        self.modes.append(_Mode("code", line=self.line))
        self._add(found[0][:2], found[0])

    def _unexpected(self) -> NotHcl:
        sign = self.text[self.at]
        instead = _INSTEAD.get(sign, "remove it")
        return NotHcl(
            self.line, f"{ascii(sign) if not sign.isprintable() else f'`{sign}`'} is not allowed here: {instead}."
        )


class RememberedReading(Generic[Source, Read]):
    """A reading whose results are kept, and also why something is not HCL: each check asks for it again."""

    def __init__(self, read: Callable[[Source], Read], most: int) -> None:
        self._read, self._tried = read, lru_cache(maxsize=most)(self._try)
        self.cache_clear = self._tried.cache_clear

    def __call__(self, source: Source) -> Read:
        """Return what the source is read as. Raises `NotHcl`."""
        found = self._tried(source)
        if isinstance(found, NotHcl):
            raise NotHcl(found.finding.line, found.finding.message, found.finding.path)
        return found

    def _try(self, source: Source) -> "Read | NotHcl":
        try:
            return self._read(source)
        except NotHcl as error:
            return error


def remembered(most: int) -> Callable[[Callable[[Source], Read]], RememberedReading[Source, Read]]:
    """Return a decorator that remembers the newest results of a reading."""
    return lambda read: RememberedReading(read, most)


@remembered(256)
def tokens(text: str) -> Sequence[HclToken]:
    """Return the words of code, the last of them `END`. Raises `NotHcl`. RememberedReading: structure and parser read the same files."""
    if "\0" in text:
        raise NotHcl(text.count("\n", 0, text.index("\0")) + 1, "the file holds a NUL character: remove it.")
    return _Scanner(text.removeprefix(MARK), _Mode("code")).scanned()


def template_tokens(text: str) -> Sequence[HclToken]:
    """Return the words of a file for `templatefile()`: text from its first character to its last, with `${…}` in it."""
    return _Scanner(text, _Mode("heredoc")).scanned()


def too_long(line: int) -> NotHcl:
    """Return what is said of a file that goes on beyond this line."""
    return NotHcl(line, f"more than {MOST_WORDS:,} words in one file: split it.")


def decoded(path: str, data: bytes) -> str:
    """Return a file's text. Raises `InvalidInput`."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: not UTF-8 at byte {error.start}") from error
