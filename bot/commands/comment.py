"""The commands in a comment: only what the author wrote and everybody sees, as lines of the page that GitHub shows.

Quotes and code (fenced, indented or inline) are other people's words, or examples. Whatever is in an HTML element (`<details>` most of
all), in an attribute, an image, a link, a footnote, a table or a formula, or is struck through, is hidden or says something else on the
page than in the source. A command there is none, and neither is a line that starts as one and has such a part: what is carried out is
what reviewers read. Markdown is read by markdown-it, so that the rule is CommonMark's and not a guess; where it and GitHub's reader could
see a text differently, the text counts as hidden.

The work is bounded: paragraphs in which there can be neither a command nor HTML are not looked into, and in the others markup is counted
before it is read, since readers of Markdown need more than linear time for much of it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline, escape, newline
from markdown_it.token import Token

from bot.commands.raw_html import OpenElements
from bot.commands.typography import ASKING, GREETING, INVISIBLE, LIST_MARKERS, asked

LONGEST_BODY = 65_536
"""GitHub's own bound of a comment, in characters."""

MOST_MARKUP = 3_000
"""Characters that may be markup in the paragraphs that are looked into. A person's have some dozens; a page of `![` would take a minute."""

MOST_LINES = 100
"""Lines that begin with a slash. More are a list of paths; each is compared with the names of commands."""

# Neither of these goes on to another line, nor gives back what it took: both would be read once for each line before it.
_OPENING = re.compile(rf"(?>(?:[^\S\n]|[*_{INVISIBLE}])*)(?:[/\uff0f]|(?:{GREETING})?@envclone\b)", re.IGNORECASE)
_COMMAND = re.compile(rf"^{LIST_MARKERS}{_OPENING.pattern}", re.MULTILINE | re.IGNORECASE)
_LIST_MARKERS = re.compile(LIST_MARKERS)
_GOES_ON = re.compile(r"(?:--|[\u2013\u2014])[A-Za-z]|(?:for|as|ttl)\s+\S+|[A-Za-z][\w-]*=", re.IGNORECASE)
"""How a line begins that belongs to the command above it."""
_IN_CODE = re.compile(r"^[ ]{0,3}`[^\n/]*+(?:\n[ ]*+)?/|^[ ]{0,3}~~~", re.MULTILINE)
_CODE_LINE = re.compile(r"[ ]{0,3}(?P<ticks>`+)[ ]*(?P<code>/[^`\n]++)(?P=ticks)[ ]*")
_BRACKETS = re.compile(r"<([A-Za-z][\w.=-]*)>")
_BRACKETED = re.compile(rf"^/[^\n<>]*{_BRACKETS.pattern}[^\n]*", re.MULTILINE)
_ASKED = re.compile(rf"^[ \t]*+{ASKING}", re.MULTILINE | re.IGNORECASE)
_QUOTE = re.compile(r"^[ ]{0,3}>", re.MULTILINE)
_SLASH = re.compile("^/", re.MULTILINE)
_HTML = re.compile(r"<[A-Za-z/!?]")
_MARKUP = re.compile(r"[]\[`*_~<!&\\]")
_FOOTNOTE = re.compile(r"[\s>*+\-0-9.)]*\[\^[^\]]*\]:")
_FORMULA = re.compile(r"\s*\$\$")
_BREAKS = frozenset({"softbreak", "hardbreak"})
_CODE = frozenset({"fence", "code_block"})
_TABLE = re.compile(r"(?=[^|:]*[|:])(?=[^-]*-)[\s|:\->*+.)0-9]+")
_LINKS = {"link_open": 1, "link_close": -1}


def command_lines(body: str) -> list[str]:
    """Return the visible lines of `body` that begin as a command, in order.

    A line that ends with a backslash goes on with the next one, as in a shell. Options, keywords and values that begin the lines below
    are returned with their line breaks: whoever wrote them takes them for a part of the command.
    """
    text = _plain(body)
    return list(islice(_found(text), MOST_LINES)) if _COMMAND.search(text) else []


def command_in_code(body: str) -> str | None:
    """Return the line of code that begins as a command, where it stands alone: on a line of its own, or as all of a comment.

    It is no command, since code shows examples; but who posts nothing else has probably only set it nicely.
    """
    text = _plain(body)
    if not _IN_CODE.search(text):
        return None
    tokens = _MARKDOWN.parse(text)
    if len(tokens) == 1 and tokens[0].type == "fence":
        lines = tokens[0].content.strip().split("\n")
        return lines[0].strip() if len(lines) == 1 else None
    if any(token.type == "html_block" for token in tokens):
        return None
    paragraphs = (token.content for token in tokens if token.type == "inline" and token.level == 1)
    found = (_CODE_LINE.fullmatch(line) for paragraph in paragraphs for line in paragraph.split("\n"))
    return next((match["code"].rstrip(" ") for match in found if match), None)


def command_in_brackets(body: str) -> str | None:
    """Return the line of a paragraph whose words in angle brackets the page leaves out, without the brackets.

    So somebody writes who fills in the form of a command as it stands in the help.
    """
    text = _plain(body)
    if not _BRACKETED.search(text):
        return None
    return next((_BRACKETS.sub(r"\1", line) for line in _lines_of_paragraphs(text) if _BRACKETED.match(line)), None)


def command_asked_for(body: str) -> str | None:
    """Return the command, from its slash on, in a line of a paragraph that asks somebody to give it."""
    text = _plain(body)
    if not _ASKED.search(text):
        return None
    return next((command for line in _lines_of_paragraphs(text) if (command := asked(line)) is not None), None)


def _lines_of_paragraphs(text: str) -> Iterator[str]:
    for token in _MARKDOWN.parse(text):
        if token.type == "inline" and token.level == 1:
            yield from (line.strip() for line in token.content.split("\n"))


def command_below_quote(body: str) -> str | None:
    """Return the line that begins as a command right below a quote, where Markdown takes it for a part of the quote."""
    text = _plain(body)
    if not (_QUOTE.search(text) and _SLASH.search(text)):
        return None
    source, depth, tokens = text.split("\n"), 0, _MARKDOWN.parse(text)
    for token in tokens:
        depth += token.nesting if token.type in {"blockquote_open", "blockquote_close"} else 0
        if token.type == "inline" and token.map is not None and depth:
            rows = source[token.map[0] + 1 : token.map[1]]
            if (found := next((row for row in rows if row.startswith("/")), None)) is not None:
                return found.strip()
    return None


def _plain(body: str) -> str:
    return body[:LONGEST_BODY].replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _found(text: str) -> Iterator[str]:
    references: dict[str, object] = {}
    tokens, source = _MARKDOWN.parse(text, references), text.split("\n")
    hidden = _hidden_lines(source, tokens)
    elements, blocks, markup = OpenElements(), list[int](), 0
    for position, token in enumerate(tokens):
        if token.nesting == 1:
            blocks.append(position)
        elif token.nesting == -1:
            blocks.pop()
        elif token.type == "html_block":
            elements.feed(token.content, tuple(blocks))
        elif token.type == "inline" and token.map is not None and _is_looked_into(token.content):
            markup += len(_MARKUP.findall(token.content))
            if markup > MOST_MARKUP:
                return
            paragraph = _paragraph(token.content, references)
            if elements.are_none and _is_paragraph([tokens[block] for block in blocks]):
                # What stands before a paragraph on its first line may be a list's marker, and nothing else.
                first = source[token.map[0]]
                marked = _OPENING.match(first[_LIST_MARKERS.match(first).end() :]) is not None  # type: ignore[union-attr]
                yield from _commands(_own_lines(token, paragraph.lines, hidden, marked))
            elements.lost |= paragraph.leaks


def _own_lines(
    token: Token, lines: Sequence["_Line"], hidden: frozenset[int], first_is_marked: bool
) -> Iterator[str | None]:
    """Yield a paragraph's lines; None for one that the page doesn't show as it was written."""
    assert token.map is not None
    row, before = token.map[0], 0
    for line in lines:
        row, before = row + token.content.count("\n", before, line.start), line.start
        is_own = line.is_plain and row not in hidden and (line.start > 0 or first_is_marked)
        yield token.content[line.start : line.end].strip() if is_own else None


def _commands(lines: Iterator[str | None]) -> Iterator[str]:
    """Yield the commands of a paragraph, each with the lines that belong to it."""
    found: str | None = None
    for line in lines:
        if line is not None and found is not None and found.endswith("\\"):
            found = f"{found[:-1].rstrip()} {line}"
            continue
        if line is not None and _OPENING.match(line):
            if found is not None:
                yield found
            found = line
        elif line is not None and found is not None and _GOES_ON.match(line):
            found = f"{found}\n{line}"
        elif found is not None:
            yield found
            found = None
    if found is not None:
        yield found


def _is_looked_into(paragraph: str) -> bool:
    return bool(_COMMAND.search(paragraph) or _HTML.search(paragraph))


def _is_paragraph(blocks: Sequence[Token]) -> bool:
    """Say whether these blocks enclose a paragraph of the author's own; one above a line of dashes is a heading by mistake."""
    last = blocks[-1]
    is_text = last.type == "paragraph_open" or (last.type == "heading_open" and last.markup in "=-")
    return is_text and not any(block.type == "blockquote_open" for block in blocks)


def _hidden_lines(source: Sequence[str], tokens: Sequence[Token]) -> frozenset[int]:
    """Return the lines that GitHub could show as something else than CommonMark does, or not at all."""
    code = {row for token in tokens if token.type in _CODE and token.map for row in range(*token.map)}
    rows = [row for row in range(len(source)) if row not in code]
    # How far a footnote reaches is not looked for: they stand at the end of a text.
    footnote = next((row for row in rows if _FOOTNOTE.match(source[row])), len(source))
    formulas = [row for row in rows if _FORMULA.match(source[row])]
    within = [row for start, end in zip(formulas[::2], formulas[1::2], strict=False) for row in range(start, end + 1)]
    return frozenset(within) | frozenset(range(footnote, len(source))) | _continued(source, rows)


def _continued(source: Sequence[str], rows: Sequence[int]) -> frozenset[int]:
    """Return the lines, up to the next blank one, that may belong to a table, or to a quote that ends in a link's address."""
    found, goes_on = set[int](), False
    for row in rows:
        line = source[row]
        if not line.strip(" \t>"):
            goes_on = False
        elif _TABLE.fullmatch(line):
            goes_on = True
            found |= {row - 1, row}
        elif goes_on:
            found.add(row)
        else:
            goes_on = "]:" in line
    return frozenset(found)


@dataclass(slots=True)
class _Line:
    """A line of a paragraph as the page has it, by its place in the source."""

    start: int
    end: int
    is_plain: bool


@dataclass(frozen=True, slots=True)
class _Paragraph:
    lines: Sequence[_Line]
    leaks: bool
    """Whether what follows could be in one of its HTML elements."""


def _paragraph(content: str, references: dict[str, object]) -> _Paragraph:
    """Return the lines of a paragraph. Line breaks inside code, tags, images and addresses of links begin no line."""
    children: list[Token] = []
    _MARKDOWN.inline.parse(content, _MARKDOWN, references, children)
    elements, links, is_over = OpenElements(), 0, False
    lines = [_Line(0, len(content), is_plain=True)]
    # Formulas and what is struck through, as far as they could reach: CommonMark knows neither.
    spans = [(content.find(mark), content.rfind(mark)) for mark in "$~" if mark in content]
    for child in children:
        line = lines[-1]
        if child.type in _BREAKS:
            line.end = child.meta["from"]
            lines.append(_Line(child.meta["to"], len(content), elements.are_none and not links and not is_over))
        elif child.type == "html_inline":
            elements.feed(child.content)
            line.is_plain = False
        elif child.type == "image" or (child.type in _LINKS and child.markup != "autolink"):
            links += _LINKS.get(child.type, 0)
            line.is_plain = False
        elif child.type == "text" and "<!--" in child.content:
            # Visible, as it is no comment without an end; but nobody who reads the source thinks so.
            is_over, line.is_plain = True, False
    for line in lines:
        if content.count("\n", line.start, line.end) or any(
            start < line.start <= line.end < end for start, end in spans
        ):
            line.is_plain = False
    return _Paragraph(lines, elements.outlive_a_paragraph)


def _placed(rule: Callable[[StateInline, bool], bool]) -> Callable[[StateInline, bool], bool]:
    """Return the rule, which also notes for a line break where in the source it begins and ends."""

    def placed(state: StateInline, silent: bool) -> bool:
        # A backslash before the break stays with its line: it is a shell's way to say that the line goes on, which it can't here.
        start, before = state.pos + (state.src[state.pos] == "\\"), len(state.tokens)
        applies = rule(state, silent)
        if len(state.tokens) > before and state.tokens[-1].type in _BREAKS:
            state.tokens[-1].meta = {"from": start, "to": state.pos}
        return applies

    return placed


def _reader() -> MarkdownIt:
    markdown = MarkdownIt("commonmark")
    # Blocks first: which paragraphs are looked into is decided above.
    markdown.core.ruler.disable("inline")
    markdown.inline.ruler.at("newline", _placed(newline))
    markdown.inline.ruler.at("escape", _placed(escape))
    return markdown


_MARKDOWN = _reader()
