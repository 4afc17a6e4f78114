"""What of two root modules may not be shown: not where it is given, and not where it ends up.

A secret is what Terraform is told to keep (`sensitive = true`), or what is called so. Whoever compares has it in a file of values,
and a report goes to many more people: into logs, pages and comments. So a value is hidden by its own name, by the inputs that it
was made from, and, as the last resort, by what it holds.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from bot.core.hcl.values import Unknown, leaves
from bot.core.parity.aspects import is_secret
from bot.core.parity.directories.evaluation import EvaluatedRoot

LONGEST = 120
HIDDEN = "***"
SHORTEST_KEPT, SHORTEST_CALLED = 4, 8
"""Characters of a secret that is looked for in other texts; a name alone proves less than what Terraform is told."""
_CALLED_SECRET = re.compile(
    r"(password|passwd|secret|token|credentials?|api_?key|private_key|access_key|secret_key)s?$"
)


@dataclass(frozen=True, slots=True)
class Secrecy:
    """The inputs of two root modules that are secrets, by name, and the texts in them."""

    inputs: frozenset[str]
    texts: frozenset[str]

    def shown(self, name: str, text: str, reads: Collection[str] = ()) -> str:
        """Return a value as it may be shown; `reads` are the inputs that it was made from."""
        is_made_of_one = not self.inputs.isdisjoint(reads) or any(secret in text for secret in self.texts)
        return HIDDEN if is_made_of_one and text not in ("true", "false") else masked(name, text)


def secrecy(*sides: EvaluatedRoot) -> Secrecy:
    """Return what may not be shown of root modules that are compared."""
    sensitive = frozenset(name for side in sides for name in side.result.sensitive)
    called = frozenset(name for side in sides for name in side.inputs if _is_called_secret(name))
    return Secrecy(sensitive | called, frozenset(text for side in sides for text in _texts(side, sensitive)))


def masked(attribute: str, text: str) -> str:
    """Return a value as it may be shown: not at all where its name says that it is a secret."""
    if is_secret(attribute) or is_named_secret(attribute) or "-----BEGIN" in text:
        return HIDDEN
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def is_named_secret(attribute: str) -> bool:
    """Say whether what has this name is a secret, by its words."""
    name = attribute.rpartition(".")[2].partition("[")[0].lower()
    words = ("password", "passwd", "secret", "token", "credential", "apikey", "api_key", "private_key")
    return any(word in name for word in words) and not name.endswith(
        ("_name", "_id", "_path", "_version", "_length", "_ttl")
    )


def _is_called_secret(path: str) -> bool:
    """Say whether a name ends in a word for a secret: `token_url` and `secret_prefix` say where one is, and are in many values."""
    name = re.split(r"[.:]", path)[-1].partition("[")[0].lower()
    return _CALLED_SECRET.search(name) is not None


def _texts(side: EvaluatedRoot, sensitive: Collection[str]) -> Iterator[str]:
    for name, each in side.inputs.items():
        for path, value in leaves(each.value, name):
            shortest = SHORTEST_KEPT if name in sensitive else SHORTEST_CALLED
            is_kept = name in sensitive or _is_called_secret(path)
            if is_kept and not isinstance(value, Unknown) and len(str(value)) >= shortest:
                yield str(value)
