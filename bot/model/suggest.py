"""The word that somebody probably meant."""

from collections.abc import Iterable
from difflib import SequenceMatcher


def closest(word: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known word most like `word`, if any is like it at all; ties go to the first in order."""
    best, best_ratio = None, cutoff
    for candidate in known:
        ratio = SequenceMatcher(None, word[:60].lower(), candidate.lower()).ratio()
        if ratio > best_ratio or (ratio == best_ratio and best is None):
            best, best_ratio = candidate, ratio
    return best
