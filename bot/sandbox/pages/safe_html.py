"""HTML that strangers wrote, written anew from an allow-list: what is not named here reaches no page.

Nothing is passed through: tags and attributes are written by us, text is escaped, every element is closed. So a comment can't
run a script, load anything, style the page or leave its frame. The list is what GitHub's own sanitizer leaves of a comment,
without what needs the network (images become links).
"""

import re
from collections.abc import Iterator, Mapping
from html import escape, unescape
from typing import Final
from urllib.parse import urlsplit

_PLAIN: Final = frozenset({
    "b", "blockquote", "br", "caption", "code", "dd", "del", "details", "div", "dl", "dt", "em", "h1", "h2",
    "h3", "h4", "h5", "h6", "hr", "i", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp",
    "small", "span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th",
    "thead", "tr", "tt", "u", "ul", "var", "wbr",
})  # fmt: skip
_VOID: Final = frozenset({"br", "hr", "wbr"})
_SILENT: Final = frozenset({"script", "style", "template", "title"})
"""Elements whose text is not for readers."""
CLASSES: Final = frozenset(
    {
        "alert",
        "note",
        "tip",
        "important",
        "warning",
        "caution",
        "alert-title",
        "task",
        "mention",
        "left",
        "center",
        "right",
    }
)
"""What the stylesheet knows of Markdown; classes of a stranger's own are dropped."""
DEEPEST: Final = 200
"""Elements within one another; a deeper one is left out, and its text stays."""
_SCHEMES: Final = frozenset({"http", "https", "mailto", ""})


_TAG: Final = re.compile(
    r"<(?P<close>/?)(?P<name>[a-zA-Z][a-zA-Z0-9]*+)"
    r"(?P<attributes>(?>(?:\s++[a-zA-Z_:][\w:.-]*+(?>(?:\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s\"'=<>`]++))?))*))\s*+/?>"
)
"""CommonMark's form of a tag, with nothing to try twice: the time is linear in the text. All else is text."""
_ATTRIBUTE: Final = re.compile(r"([a-zA-Z_:][\w:.-]*+)(?>(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'=<>`]++)))?)")


def safe(html: str) -> str:
    """Return HTML with nothing in it but what the allow-list has, all of it closed."""
    writer = _Writer()
    html = _without_comments(html)
    at = 0
    for tag in _TAG.finditer(html):
        writer.text(html[at : tag.start()])
        name = tag["name"].lower()
        if tag["close"]:
            writer.end(name)
        else:
            writer.start(name, _attributes(tag["attributes"]))
        at = tag.end()
    writer.text(html[at:])
    return writer.written()


def _without_comments(html: str) -> str:
    parts: list[str] = []
    at = 0
    while (start := html.find("<!--", at)) >= 0 and (end := html.find("-->", start + 4)) >= 0:
        parts.append(html[at:start])
        at = end + 3
    return "".join([*parts, html[at:]])


def _attributes(text: str) -> Mapping[str, str]:
    """Return a tag's attributes; of two with one name, a browser takes the first."""
    found: dict[str, str] = {}
    for name, double, single, bare in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), unescape(double or single or bare))
    return found


class _Writer:
    def __init__(self) -> None:
        self._parts: list[str] = []
        self._open: list[str] = []
        self._silent = ""

    def written(self) -> str:
        """Return what was written, with what is still open closed."""
        return "".join([*self._parts, *(f"</{tag}>" for tag in reversed(self._open))])

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Begin an element, if it is one of those that may be."""
        if self._silent:
            return
        if tag in _SILENT:
            self._silent = tag
        elif tag == "img":
            self._image(attributes)
        elif tag == "input":
            self._task(attributes)
        elif (tag == "a" or tag in _PLAIN) and len(self._open) < DEEPEST:
            self._parts.append(f"<{tag}{''.join(_kept(tag, attributes))}>")
            if tag not in _VOID:
                self._open.append(tag)

    def end(self, tag: str) -> None:
        """End an element with all that is open in it; of one that is not open, nothing."""
        if self._silent:
            self._silent = "" if tag == self._silent else self._silent
        elif tag in self._open:
            while (inner := self._open.pop()) != tag:
                self._parts.append(f"</{inner}>")
            self._parts.append(f"</{tag}>")

    def text(self, text: str) -> None:
        """Write text, whatever is in it."""
        if not self._silent:
            self._parts.append(escape(unescape(text), quote=False))

    def _image(self, attributes: Mapping[str, str]) -> None:
        """Write a picture as a link to it: a page loads nothing from elsewhere."""
        source, said = attributes.get("src", ""), attributes.get("alt") or "image"
        link = f' href="{escape(source)}" rel="nofollow noopener"' if _leads_somewhere(source) else ""
        self._parts.append(f"<a{link}>{escape(said)}</a>")

    def _task(self, attributes: Mapping[str, str]) -> None:
        if attributes.get("type") == "checkbox":
            checked = " checked" if "checked" in attributes else ""
            self._parts.append(f'<input type="checkbox" disabled{checked}>')


def _kept(tag: str, attributes: Mapping[str, str]) -> Iterator[str]:
    """Yield the attributes that an element keeps, written by us."""
    for name, text in attributes.items():
        if name == "class" and (known := [each for each in text.split() if each in CLASSES]):
            yield f' class="{" ".join(known)}"'
        elif (tag, name) == ("a", "href") and _leads_somewhere(text):
            yield f' href="{escape(text.strip())}" rel="nofollow noopener"'
        elif (tag, name) == ("details", "open"):
            yield " open"
        elif (tag, name) == ("ol", "start") and text.isdecimal():
            yield f' start="{int(text)}"'
        elif name in {"colspan", "rowspan"} and tag in {"td", "th"} and text.isdecimal() and 0 < int(text) <= 100:
            yield f' {name}="{int(text)}"'


def _leads_somewhere(address: str) -> bool:
    """Say whether an address is one that a link may have: no `javascript:`, however it is written."""
    if any(ord(character) <= 32 or ord(character) == 127 for character in address.strip()):
        return False
    try:
        return urlsplit(address.strip()).scheme in _SCHEMES
    except ValueError:
        return False
