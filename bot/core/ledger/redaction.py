"""Sensitive values, hidden at every exit: log lines, comments, errors, evidence and the ledger.

What is known to be secret is learnt while the pipeline runs (Terraform's sensitive outputs, what hooks generate), so the
set grows; nothing ever leaves it. A value that is shorter than four characters is not hidden, because hiding it would
hide half of every text and so tell more than it keeps: such values are never put into a text in the first place.
"""

import base64
import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from urllib.parse import quote, quote_plus

from bot.core.ledger.across_lines import (
    SHORTEST_ACROSS,
    across_lines,
    merged,
    occurrences,
    places_without_ends,
    without_begun_end,
    without_ends,
)
from bot.model.pipeline import Json, texts
from bot.names import shown

HIDDEN = "***"
SHORTEST = 4
"""Characters. GitHub's own masking has no such limit, and logs full of asterisks show why there should be one."""


SHORTEST_ENCODED = 8
"""Characters of a secret that is also looked for in other codings: of a shorter one these would be ordinary letters."""

MOST_IN_JSON = 3
"""How often JSON may be written as a text in JSON."""

_SECRET_NAME = re.compile(r"TOKEN|SECRET|PASSWORD|PRIVATE_KEY|API_KEY|CREDENTIALS|DATABASE_URL")
_PUBLIC_NAME = re.compile(r"_FILE$|_PATH$|_URL$|_URI$")
"""Such a variable says where a secret is, not what it is."""

_OF_GO = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
"""What Go, and so Terraform, writes otherwise in JSON."""
_ESCAPE = re.compile(r"%[0-9A-F]{2}")


def held(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield the tokens, keys and passwords among a process's environment variables."""
    for name, value in environment.items():
        is_secret = _SECRET_NAME.search(name) and (name.endswith("DATABASE_URL") or not _PUBLIC_NAME.search(name))
        if is_secret and len(value) >= SHORTEST_ENCODED:
            yield value


class Secrets:
    """The values that must not be shown. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._needles: tuple[str, ...] = ()
        self._by_beginning: Mapping[str, tuple[str, ...]] = {}

    def add(self, value: Json) -> None:
        """Hide this value from now on; of a list or a map, every text and number in it."""
        found = {needle for text in texts(value) for needle in _forms(text)}
        with self._lock:
            # Longest first, or a secret that holds another would be hidden only in part.
            self._needles = tuple(sorted({*self._needles, *found}, key=lambda needle: (-len(needle), needle)))
            self._by_beginning = _by_beginning(self._needles)

    def hide(self, text: str) -> str:
        """Return `text` with every known secret replaced by `***`."""
        for start, end in reversed(merged(across_lines(text, self._needles))):
            text = text[:start] + HIDDEN + text[end:]
        for needle in self._needles:
            if needle in text:
                text = text.replace(needle, HIDDEN)
        return text

    def hide_in(self, value: Json) -> Json:
        """Return a JSON value with every text in it masked, keys too."""
        if isinstance(value, str):
            return self.hide(value)
        if isinstance(value, list):
            return [self.hide_in(item) for item in value]
        if isinstance(value, dict):
            return {self.hide(key): self.hide_in(item) for key, item in value.items()}
        if isinstance(value, int | float) and not isinstance(value, bool) and str(value) in self._needles:
            return HIDDEN
        return value

    def __contains__(self, text: str) -> bool:
        """Say whether a known secret is in `text`."""
        return any(needle in text for needle in self._needles) or any(True for _ in across_lines(text, self._needles))

    def places(self, text: str) -> list[tuple[int, int]]:
        """Return where in `text` secrets begin and end, in order; those that overlap are one."""
        plain = (span for needle in self._needles if needle in text for span in occurrences(text, needle))
        return merged([*plain, *across_lines(text, self._needles)])

    def beginning(self, text: str) -> int:
        """Return where in `text` begins what may be the beginning of a secret that goes on after it; its length where nothing does."""
        plain = next((place for place in range(len(text)) if self._goes_on(text, place, 1)), len(text))
        found = [plain]
        for whole in _joined(text):
            across = next((place for place in range(len(whole)) if self._goes_on(whole, place, SHORTEST_ACROSS)), None)
            if across is not None:
                found.append(places_without_ends(text)[across])
        return min(found)

    def goes_on(self, text: str) -> bool:
        """Say whether all of `text` may be the beginning of a secret."""
        return self._goes_on(text, 0, 1) or any(self._goes_on(whole, 0, SHORTEST_ACROSS) for whole in _joined(text))

    def _goes_on(self, text: str, start: int, shortest: int) -> bool:
        """Say whether a secret of so many characters begins as `text` does from `start` on, and is longer."""
        left, key = len(text) - start, text[start : start + SHORTEST]
        if left < SHORTEST:
            # In a line that has ended nearly every letter would be the beginning of some secret.
            return shortest == 1 and not text.endswith("\n") and any(each.startswith(key) for each in self._needles)
        return any(
            len(each) > left and len(each) >= shortest and each.startswith(text[start:])
            for each in self._by_beginning.get(key, ())
        )


def _joined(text: str) -> set[str]:
    """Return a text as one line: as it is, and without what may become the end of a line at its own."""
    return {without_ends(text), without_ends(without_begun_end(text))}


def _by_beginning(needles: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for needle in needles:
        found.setdefault(needle[:SHORTEST], []).append(needle)
    return {key: tuple(each) for key, each in found.items()}


def add_mask_lines(value: Json) -> Iterator[str]:
    """Yield the lines that make GitHub hide a value in what it logs itself, one for each of the value's lines.

    See https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#masking-a-value-in-a-log.
    They hold the secret, so they go to the runner and nowhere else.
    """
    for text in texts(value):
        for line in text.splitlines():
            if len(line.strip()) >= SHORTEST:
                escaped = line.strip().replace("%", "%25")
                yield f"::add-mask::{escaped}"


def _forms(text: str) -> Iterable[str]:
    """Yield the forms in which a text may turn up: as it is, line by line (logs are lines), as JSON writes it, cut for a message, and coded."""
    for form in {text, text.strip(), *(line.strip() for line in text.splitlines())}:
        if len(form) >= SHORTEST:
            yield from _as_written(form)
            yield shown(form)[1:-1].removesuffix("…")
            if len(form) >= SHORTEST_ENCODED:
                data = form.encode("utf-8", "replace")
                yield from _in_url(form)
                yield from _in_base64(data)
                yield from _in_base64(base64.b64encode(data))  # as a secret of Kubernetes holds Helm's
                yield data.hex()
                yield data.hex().upper()


def _as_written(form: str) -> Iterator[str]:
    """Yield a text as it stands in others: in JSON, also in texts in JSON (`jsonencode` in a plan that is JSON itself), in code, HTML, a shell and Python."""
    written = {form}
    for _ in range(MOST_IN_JSON):
        written |= {each for known in written for each in _in_json(known)}
    yield from written
    yield escape(form)
    yield escape(form, quote=False)
    yield form.replace("'", "'\"'\"'")
    yield repr(form)[1:-1]


def _in_json(text: str) -> Iterator[str]:
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    yield plain
    yield json.dumps(text)[1:-1]
    yield plain.translate(_OF_GO)
    yield plain.replace("/", "\\/")
    yield plain.replace("${", "$${").replace("%{", "%%{")


def _in_url(form: str) -> Iterator[str]:
    for coded in (
        quote(form, safe="", errors="replace"),
        quote(form, errors="replace"),
        quote_plus(form, errors="replace"),
    ):
        yield coded
        yield _ESCAPE.sub(lambda found: found[0].lower(), coded)


def _in_base64(data: bytes) -> Iterable[str]:
    """Yield what base64 makes of the data wherever it is in a longer text: there are three ways, by its place."""
    for before, cut in ((0, 0), (1, 2), (2, 3)):
        coded = base64.b64encode(b"\0" * before + data).decode().rstrip("=")
        whole = (
            coded[cut:] if (before + len(data)) % 3 == 0 else coded[cut:-1]
        )  # the last letter depends on what follows
        yield whole
        yield whole.replace("+", "-").replace("/", "_")
