"""Sensitive values, hidden at every exit: log lines, comments, errors, evidence and the ledger.

What is known to be secret is learnt while the pipeline runs (Terraform's sensitive outputs, what hooks generate), so the
set grows; nothing ever leaves it. A value that is shorter than four characters is not hidden, because hiding it would
hide half of every text and so tell more than it keeps: such values are never put into a text in the first place.
"""

import json
import threading
from collections.abc import Iterable, Iterator

from bot.model.pipeline import Json, texts
from bot.names import shown

HIDDEN = "***"
SHORTEST = 4
"""Characters. GitHub's own masking has no such limit, and logs full of asterisks show why there should be one."""


class Secrets:
    """The values that must not be shown. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._needles: tuple[str, ...] = ()

    def add(self, value: Json) -> None:
        """Hide this value from now on; of a list or a map, every text and number in it."""
        found = {needle for text in texts(value) for needle in _forms(text)}
        with self._lock:
            # Longest first, or a secret that holds another would be hidden only in part.
            self._needles = tuple(sorted({*self._needles, *found}, key=lambda needle: (-len(needle), needle)))

    def hide(self, text: str) -> str:
        """Return `text` with every known secret replaced by `***`."""
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
        """Say whether a known secret stands in `text`."""
        return any(needle in text for needle in self._needles)


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
    """Yield the forms in which a text may turn up: as it is, line by line (logs are lines), as JSON writes it, and cut for a message."""
    for form in {text, text.strip(), *(line.strip() for line in text.splitlines())}:
        if len(form) >= SHORTEST:
            yield form
            yield json.dumps(form)[1:-1]
            yield json.dumps(form, ensure_ascii=False)[1:-1]
            yield shown(form)[1:-1].removesuffix("…")
