"""The HTML elements that are open at a place of a Markdown text, told as carefully as hiding something in them deserves.

Browsers repair HTML in their own ways, so this does not try to say what an odd text means. It follows elements that are opened
and closed in order, in the same block, in forms that every reader takes alike; after anything else it is `lost`, and nothing
that follows counts as visible.
"""

import re
from dataclasses import dataclass, field
from typing import TypeAlias

Place: TypeAlias = tuple[int, ...]
"""The blocks that enclose a text, by their positions: an element is closed where it was opened."""

_ATTRIBUTE = r"""\s+[a-zA-Z_:][a-zA-Z0-9:._-]*(?:\s*=\s*(?:[^"'=<>`\s]+|'[^']*'|"[^"]*"))?"""
_TAG = re.compile(rf"<(?P<end>/)?(?P<name>[A-Za-z][A-Za-z0-9-]*)(?:{_ATTRIBUTE})*\s*/?>")
_COMMENT = re.compile(r"<!--(?!-?>)(?P<text>.*?)-->", re.DOTALL)
_MARKUP = re.compile(r"<[A-Za-z/!?]")

_EMPTY = frozenset({"br", "hr", "img", "wbr"})
# Elements that hold text and other elements like any other.
_PLAIN = frozenset(
    [
        "a",
        "abbr",
        "b",
        "blockquote",
        "code",
        "dd",
        "del",
        "details",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "i",
        "ins",
        "kbd",
        "li",
        "mark",
        "ol",
        "p",
        "picture",
        "pre",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "summary",
        "sup",
        "tt",
        "u",
        "ul",
        "var",
    ]
)
# The others that HTML's parser knows: tables, forms, scripts and foreign elements have rules of their own there, so after them nothing
# is sure. What it does not know (`<name>` in a sentence, say) ends with the paragraph.
_ODD = frozenset(
    [
        "address",
        "annotation-xml",
        "applet",
        "area",
        "article",
        "aside",
        "audio",
        "base",
        "basefont",
        "bdi",
        "bdo",
        "bgsound",
        "big",
        "body",
        "button",
        "canvas",
        "caption",
        "center",
        "cite",
        "col",
        "colgroup",
        "command",
        "data",
        "datalist",
        "dfn",
        "dialog",
        "dir",
        "embed",
        "fieldset",
        "font",
        "footer",
        "form",
        "frame",
        "frameset",
        "head",
        "header",
        "hgroup",
        "html",
        "iframe",
        "image",
        "input",
        "isindex",
        "keygen",
        "label",
        "legend",
        "link",
        "listing",
        "main",
        "map",
        "marquee",
        "math",
        "menu",
        "menuitem",
        "meta",
        "meter",
        "multicol",
        "nav",
        "nextid",
        "nobr",
        "noembed",
        "noframes",
        "noscript",
        "object",
        "optgroup",
        "option",
        "output",
        "param",
        "plaintext",
        "portal",
        "progress",
        "rb",
        "rp",
        "rt",
        "rtc",
        "ruby",
        "script",
        "search",
        "section",
        "select",
        "slot",
        "source",
        "spacer",
        "style",
        "svg",
        "table",
        "tbody",
        "td",
        "template",
        "textarea",
        "tfoot",
        "th",
        "thead",
        "time",
        "title",
        "tr",
        "track",
        "video",
        "xmp",
    ]
)


@dataclass(slots=True)
class OpenElements:
    """Which elements are open. Feed it the raw HTML of a text in order."""

    lost: bool = False
    _open: list[tuple[str, Place]] = field(default_factory=list)

    @property
    def are_none(self) -> bool:
        return not self.lost and not self._open

    @property
    def outlive_a_paragraph(self) -> bool:
        """Whether something could still be open behind the paragraph in which all of this stands."""
        return self.lost or any(name in _PLAIN for name, _ in self._open)

    def feed(self, html: str, place: Place = ()) -> None:
        """Follow the tags in a piece of raw HTML."""
        position = 0
        while not self.lost and (found := _MARKUP.search(html, position)):
            tag, comment = _TAG.match(html, found.start()), _COMMENT.match(html, found.start())
            if tag is not None:
                self._tag(tag["name"].lower(), tag["end"] is not None, place)
                position = tag.end()
            # CommonMark's versions don't agree on `--` inside comments, so there must be nothing else to see in one.
            elif comment is not None and ("--" not in comment["text"] or not re.search("[<>]", comment["text"])):
                position = comment.end()
            else:
                self.lost = True

    def _tag(self, name: str, is_end: bool, place: Place) -> None:
        if name in _EMPTY and not is_end:
            return
        if name in _ODD:
            self.lost = True
        elif not is_end:
            self._open.append((name, place))
        elif self._open and self._open[-1] == (name, place):
            self._open.pop()
        else:
            self.lost = True
