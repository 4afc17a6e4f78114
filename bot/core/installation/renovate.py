"""Renovate's configuration, where a monorepo has one: it must leave alone what is rendered, and the files as they were shipped."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final, Self

from bot.core.installation.files import PRISTINE
from bot.model.roots import Roots

PLACES: Final = (
    "renovate.json",
    "renovate.jsonc",
    "renovate.json5",
    ".github/renovate.json",
    ".github/renovate.jsonc",
    ".github/renovate.json5",
    ".renovaterc",
    ".renovaterc.json",
    ".renovaterc.jsonc",
    ".renovaterc.json5",
)
"""Where Renovate looks, in its order; the first that is there counts."""
_DESCRIPTION: Final = "Rendered by envclone, or kept as it was shipped: never edited"
_WIDELY: Final = {"description", "matchFileNames", "enabled"}
"""The keys of a rule that holds for every package of its files."""


@dataclass(frozen=True, slots=True)
class RenovateConfiguration:
    """A configuration as its text, what it leaves alone, and where one more package rule goes."""

    text: str
    closed: frozenset[str]
    rules_end: int | None
    """Of the list of package rules: where its bracket closes."""
    is_empty: bool
    """Whether nothing stands before the new rule in its list or, without a list, in the object."""

    @classmethod
    def of(cls, text: str) -> Self | None:
        """Read a configuration; None for what is more than plain JSON (comments, say), which only a person can edit."""
        try:
            found = json.loads(text)
        except ValueError:
            return None
        if not isinstance(found, dict):
            return None
        ignored, rules = found.get("ignorePaths", []), found.get("packageRules", [])
        if not isinstance(ignored, list) or not isinstance(rules, list):
            return None
        closed = {str(path) for path in (*ignored, *chain.from_iterable(map(_closed, rules)))}
        has_rules = "packageRules" in found
        end = _ends(text)["packageRules"] if has_rules else None
        return cls(text, frozenset(closed), end, is_empty=not (rules if has_rules else found))

    def left_open(self, roots: Roots) -> Sequence[str]:
        """Return the paths that Renovate must not change and still would."""
        return [path for path in kept_paths(roots) if path not in self.closed]

    def excepting(self, paths: Sequence[str]) -> str:
        """Return the text with a rule for these paths, everything else as it was.

        Rules add up, whereas a repository's own `ignorePaths` would replace those of the presets that it extends.
        """
        if self.rules_end is not None:
            return self._with(f"\n    {rule(paths)}\n  ", self.rules_end - 1)
        return self._with(f'\n  "packageRules": [\n    {rule(paths)}\n  ]\n', self.text.rindex("}"))

    def _with(self, item: str, at: int) -> str:
        return f"{self.text[:at].rstrip()}{'' if self.is_empty else ','}{item}{self.text[at:]}"


def kept_paths(roots: Roots) -> Sequence[str]:
    """Return what nobody but envclone may change."""
    return (*(f"{root}/**" for root in roots.of_environments), f"{PRISTINE}/**")


def rule(paths: Sequence[str]) -> str:
    """Return the package rule that keeps Renovate from these paths."""
    return json.dumps({"description": _DESCRIPTION, "matchFileNames": list(paths), "enabled": False})


def _closed(found: object) -> Sequence[object]:
    """Return the files that a package rule leaves alone, whatever their packages."""
    if not isinstance(found, dict) or found.get("enabled") is not False or not found.keys() <= _WIDELY:
        return ()
    files = found.get("matchFileNames", ())
    return files if isinstance(files, list) else ()


def _ends(text: str) -> dict[str, int]:
    """Return where the value of each key ends in the text of an object."""
    ends: dict[str, int] = {}
    decoder, at = json.JSONDecoder(), _word(text, _word(text, 0) + len("{"))
    while text[at] != "}":
        key, end = decoder.raw_decode(text, at)
        _, ends[key] = decoder.raw_decode(text, _word(text, _word(text, end) + len(":")))
        at = _word(text, ends[key])
        if text[at] == ",":
            at = _word(text, at + 1)
    return ends


def _word(text: str, at: int) -> int:
    """Return where the next word begins, behind blanks."""
    return len(text) - len(text[at:].lstrip())
