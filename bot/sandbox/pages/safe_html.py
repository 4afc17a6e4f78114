"""HTML that strangers wrote, written anew from an allow-list: what is not named here reaches no page.

Nothing is passed through: tags and attributes are written by us, text is escaped, every element is closed. So a comment can't
run a script, load anything, style the page or leave its frame. The list is what GitHub's own sanitizer leaves of a comment,
without what needs the network (images become links).
"""

from collections.abc import Iterator, Sequence
from html import escape
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urlsplit

Attributes = Sequence[tuple[str, str | None]]

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
_SCHEMES: Final = frozenset({"http", "https", "mailto", ""})


def safe(html: str) -> str:
    """Return HTML with nothing in it but what the allow-list has, all of it closed."""
    writer = _Writer()
    writer.feed(_without_declarations(html))
    writer.close()
    return writer.written()


def _without_declarations(html: str) -> str:
    """Return HTML without comments, and with any other `<!` or `<?` as text: the parser reads those in quadratic time."""
    parts: list[str] = []
    at = 0
    while (start := html.find("<!--", at)) >= 0 and (end := html.find("-->", start + 4)) >= 0:
        parts.append(html[at:start])
        at = end + 3
    return "".join([*parts, html[at:]]).replace("<!", "&lt;!").replace("<?", "&lt;?")


class _Writer(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._open: list[str] = []
        self._silent = 0

    def written(self) -> str:
        """Return what was written, with what is still open closed."""
        return "".join([*self._parts, *(f"</{tag}>" for tag in reversed(self._open))])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        if self._silent:
            return
        if tag == "img":
            self._image(dict(attrs))
        elif tag == "input":
            self._task(dict(attrs))
        elif tag == "a" or tag in _PLAIN:
            self._parts.append(f"<{tag}{''.join(_kept(tag, attrs))}>")
            if tag not in _VOID:
                self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif not self._silent and tag in self._open:
            while (inner := self._open.pop()) != tag:
                self._parts.append(f"</{inner}>")
            self._parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._parts.append(escape(data, quote=False))

    def _image(self, attributes: dict[str, str | None]) -> None:
        """Write a picture as a link to it: a page loads nothing from elsewhere."""
        source, said = attributes.get("src") or "", attributes.get("alt") or "image"
        link = f' href="{escape(source)}" rel="nofollow noopener"' if _leads_somewhere(source) else ""
        self._parts.append(f"<a{link}>{escape(said)}</a>")

    def _task(self, attributes: dict[str, str | None]) -> None:
        if attributes.get("type") == "checkbox":
            checked = " checked" if "checked" in attributes else ""
            self._parts.append(f'<input type="checkbox" disabled{checked}>')


def _kept(tag: str, attributes: Attributes) -> Iterator[str]:
    """Yield the attributes that an element keeps, written by us."""
    for name, value in attributes:
        text = value or ""
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
