"""Markdown as GitHub shows it: tables, task lists, alerts, folds, mentions, references, and Mermaid drawn without a script."""

import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Final

from markdown_it import MarkdownIt
from markdown_it.token import Token

from bot.sandbox.pages.mermaid import drawn
from bot.sandbox.pages.safe_html import safe

_ALERT: Final = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*$", re.IGNORECASE)
_TASK: Final = re.compile(r"\[([ xX])\]\s+")
_LINKED: Final = re.compile(
    r"(?P<address>\bhttps?://[^\s<>\"'`]*[^\s<>\"'`.,;:!?)\]*_])"
    r"|(?<![\w/@`])@(?P<login>[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\[bot\])?)"
    r"|(?<![\w/#&])#(?P<number>[0-9]{1,9})\b"
    r"|\b(?P<sha>[0-9a-f]{40})\b"
)


@dataclass(frozen=True, slots=True)
class Known:
    """What a text may refer to: addresses of accounts, issues and commits by what is written, or None for what is not there."""

    account: Callable[[str], str | None]
    issue: Callable[[int], str | None]
    commit: Callable[[str], str | None]


def nothing_known() -> Known:
    """Return references that lead nowhere."""
    return Known(lambda _: None, lambda _: None, lambda _: None)


def rendered(text: str, known: Known, *, breaks: bool = True) -> str:
    """Return Markdown as HTML that is safe to show. In a comment a line break is one (`breaks`); in a file it is a space."""
    parser = _parser(breaks)
    marker, drawings = secrets.token_hex(16), list[str]()
    tokens = parser.parse(text)
    _alerts(tokens)
    _tasks(tokens)
    _aligned(tokens)
    _links(tokens, known)
    for token in tokens:
        if token.type == "fence" and token.info.strip() == "mermaid" and (drawing := drawn(token.content)):
            # The drawing is ours, so it is put in after the stranger's HTML was written anew. Nobody can guess its marker.
            token.type, token.content = "html_block", f"<p>{marker}-{len(drawings)}</p>\n"
            drawings.append(drawing)
    html = safe(parser.renderer.render(tokens, parser.options, {}))
    for number, drawing in enumerate(drawings):
        html = html.replace(f"<p>{marker}-{number}</p>", drawing)
    return html


@cache
def _parser(breaks: bool) -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": True, "breaks": breaks}).enable(["table", "strikethrough"])


def _alerts(tokens: Sequence[Token]) -> None:
    """Turn quotes that begin with `[!NOTE]` and the like into alerts."""
    for at, token in enumerate(tokens[:-2]):
        words = tokens[at + 2].children or []
        if token.type != "blockquote_open" or tokens[at + 2].type != "inline" or not words:
            continue
        kind = _ALERT.fullmatch(words[0].content)
        if kind is None or not (len(words) == 1 or words[1].type == "softbreak"):
            continue
        name = kind[1].lower()
        token.attrs["class"] = f"alert {name}"
        title = Token("html_inline", "", 0, content=f'<strong class="alert-title">{name.capitalize()}</strong><br>')
        tokens[at + 2].children = [title, *words[2:]]


def _tasks(tokens: Sequence[Token]) -> None:
    """Turn list items that begin with `[ ]` or `[x]` into boxes to look at."""
    for at, token in enumerate(tokens[:-2]):
        words = tokens[at + 2].children or []
        if token.type != "list_item_open" or not words or words[0].type != "text":
            continue
        if box := _TASK.match(words[0].content):
            token.attrs["class"] = "task"
            checked = "" if box[1] == " " else " checked"
            words[0].content = words[0].content[box.end() :]
            mark = Token("html_inline", "", 0, content=f'<input type="checkbox"{checked}> ')
            tokens[at + 2].children = [mark, *words]


def _aligned(tokens: Sequence[Token]) -> None:
    """Say by a class how a table's cell is aligned: a page has no styles in attributes."""
    for token in tokens:
        if style := token.attrs.pop("style", ""):
            token.attrs["class"] = str(style).removeprefix("text-align:")


def _links(tokens: Sequence[Token], known: Known) -> None:
    """Link addresses, people, issues and commits that are named in plain text."""
    for token in tokens:
        inside, found = 0, list[Token]()
        for word in token.children or ():
            inside += {"link_open": 1, "link_close": -1}.get(word.type, 0)
            if word.type == "text" and not inside:
                found += _linked(word.content, known)
            else:
                found.append(word)
        if token.children is not None:
            token.children = found


def _linked(text: str, known: Known) -> Iterator[Token]:
    at = 0
    for match in _LINKED.finditer(text):
        target = _target(match, known)
        if target is None:
            continue
        yield Token("text", "", 0, content=text[at : match.start()])
        kind = ' class="mention"' if match["login"] else ""
        shown = match[0][:7] if match["sha"] else match[0]
        yield Token("html_inline", "", 0, content=f'<a href="{escape(target)}"{kind}>{escape(shown)}</a>')
        at = match.end()
    yield Token("text", "", 0, content=text[at:])


def _target(match: re.Match[str], known: Known) -> str | None:
    if match["address"]:
        return match["address"]
    if match["login"]:
        return known.account(match["login"])
    return known.issue(int(match["number"])) if match["number"] else known.commit(match["sha"])
