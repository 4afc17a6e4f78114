"""The commands in a comment: only in text that a reader sees as the author's own words.

Quotes, code (fenced, indented or inline), HTML blocks and HTML comments are other people's words, examples, or hidden;
a command there is none. Markdown is read by markdown-it, so that the rule is GitHub's (CommonMark) and not a guess.
"""

import re

from markdown_it import MarkdownIt

LONGEST_BODY = 65_536
"""GitHub's own bound of a comment, in characters."""

_HIDDEN = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_CODE = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_MARKDOWN = MarkdownIt("commonmark")
_OTHERS_WORDS = {"blockquote_open": 1, "blockquote_close": -1}


def command_lines(body: str) -> list[str]:
    """Return the visible lines of `body` that begin with a slash, in order."""
    text = body[:LONGEST_BODY].replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    source = text.split("\n")
    depth, found = 0, []
    for token in _MARKDOWN.parse(text):
        depth += _OTHERS_WORDS.get(token.type, 0)
        if token.type == "inline" and token.map is not None and depth == 0:
            found += _lines("\n".join(source[token.map[0] : token.map[1]]))
    return found


def _lines(paragraph: str) -> list[str]:
    # What is blanked keeps a mark, so that a line can't begin to look like a command once something before it is gone.
    visible = _HIDDEN.sub("\ufffd", paragraph)
    visible = _CODE.sub(lambda match: "\ufffd" if "\n" in match[0] else match[0], visible)
    return [line.strip() for line in visible.split("\n") if line.strip().startswith("/")]
