"""Split a line into words and back, with quotes as people know them from a shell, and nothing else of a shell."""

from bot.commands.typography import bare
from bot.errors import InvalidInput

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_UNESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}
# Editors and phones turn straight quotes into these, each language into its own.
_STRAIGHT = str.maketrans(dict.fromkeys("“”„‟«»「」『』", '"') | dict.fromkeys("‘’‛‹›", "'"))
_CURLY = "".join(map(chr, _STRAIGHT))


class Unbalanced(InvalidInput):
    """A quote that is opened and never closed."""


def words(line: str) -> list[str]:
    """Return the words of `line`. Inside double quotes `\\"`, `\\\\`, `\\n`, `\\t` stand for what they say."""
    found: list[str] = []
    word: str | None = None
    is_quoted, position = False, 0

    def end() -> None:
        said = word if word is None or is_quoted else bare(word)
        if said or (is_quoted and said is not None):
            found.append(said)

    while position < len(line):
        character = line[position]
        straight = character.translate(_STRAIGHT)
        if straight in "\"'":
            text, position = _quotation(line, position)
            word, is_quoted = (word or "") + text, True
            continue
        if character.isspace():
            end()
            word, is_quoted = None, False
        else:
            word = (word or "") + character
        position += 1
    end()
    return found


def quoted(word: str) -> str:
    """Return `word` so that `words` reads it as one word again."""
    is_plain = word and not any(c.isspace() or c.translate(_STRAIGHT) in "\"'" for c in word)
    if is_plain and bare(word) == word and not word.endswith("\\"):
        return word
    return '"' + "".join(_UNESCAPES.get(character, character) for character in word) + '"'


def _quotation(line: str, start: int) -> tuple[str, int]:
    opening = line[start]
    straight = opening.translate(_STRAIGHT)
    closing = (
        {straight} if opening == straight else {c for c in _CURLY if c.translate(_STRAIGHT) == straight} | {straight}
    )
    text, position = "", start + 1
    while position < len(line):
        character = line[position]
        if character in closing:
            return text, position + 1
        if character == "\\" and straight == '"' and position + 1 < len(line):
            position += 1
            text += _ESCAPES.get(line[position], line[position])
        else:
            text += character
        position += 1
    raise Unbalanced(f"A quote ({opening}) is never closed. Close it, or write the value without spaces and quotes.")
