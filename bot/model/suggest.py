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


def abbreviated(word: str, known: Iterable[str]) -> str | None:
    """Return the one known word that `word` is the beginning of, or one of the parts of (`cpu` of `app_cpu`), if there is just one."""
    said = word.lower()
    parts = [each for each in known if len(said) > 2 and (each.startswith(said) or said in each.split("_"))]
    return parts[0] if len(parts) == 1 else None
