"""The word that somebody probably meant."""

import re
from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher

SHORTEST_STEM = 4
"""Letters: with fewer, `for`, `a` or `the` would be a word of nearly every description."""


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


def described(word: str, descriptions: Mapping[str, str]) -> str | None:
    """Return the one name whose description has `word`, perhaps in another form (`showing`, `show`), if no other name or description has."""
    stem = re.sub("(?:ing|s)$", "", word.lower())
    if len(stem) < SHORTEST_STEM:
        return None
    found = [name for name, text in descriptions.items() if _begins(stem, f"{name} {text}")]
    return found[0] if len(found) == 1 and _begins(stem, descriptions[found[0]]) else None


def _begins(stem: str, text: str) -> bool:
    return any(word.startswith(stem) for word in re.findall("[a-z]+", text.lower()))
