"""HashiCorp's own parser as the referee: a file that it reads otherwise than `core/hcl` is refused.

Everything that decides what code may do stands on our reader, so a text that the two read differently is what somebody
would look for who wants to slip a block or a call past the checks. Held against one another: blocks, their labels, the names
of arguments, plain texts, and that nothing we take for text is a call (`core/hcl/comparison/outline`).
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import TypeAlias, cast

from bot.clients.children.warm_child import ChildEnded, WarmChild
from bot.clouds.registry import FACTS
from bot.core.checks.gate_rules import GateRules
from bot.core.hcl.comparison.outline import NotComparable, difference, outline, with_marked_texts
from bot.core.hcl.parser import parsed
from bot.core.hcl.syntax.tokens import MARK
from bot.core.tree import HCL_CODE, Tree
from bot.errors import Finding, InvalidInput, Unverifiable
from bot.model.modules import place_of
from bot.model.policy import Policy

WITHIN = timedelta(minutes=1)
"""HashiCorp's parser reads 4 MB a second; this is for a machine that is busy with other things."""

PARSER = WarmChild("bot.clients.children.hcl_child")

_KEPT = 4096
_UNFILLED = "panic HCL: value is null"
"""What becomes of a text with a null in it, where the parser's values are handed over."""
Reading: TypeAlias = Mapping[str, object]


def gate_rules(policy: Policy) -> GateRules:
    """Return what code is held against everywhere: the policy's rules, and HashiCorp's parser."""
    return GateRules(policy.gate, FACTS, disagreements, policy.roots, policy.tool)


def disagreements(files: Tree, where: str) -> Sequence[Finding]:
    """Return the files of code in `files` that HashiCorp's parser reads otherwise. What our reader refuses is left to the checks.

    Raises `Unverifiable` if the parser doesn't answer.
    """
    texts = {path: file.data for path, file in sorted(files.items()) if path.endswith(HCL_CODE) and _is_read(file.data)}
    found = _verdicts(tuple(dict.fromkeys(texts.values())))
    return [
        Finding(place_of(where, path), line, message)
        for path, data in texts.items()
        if (said := found[data]) is not None
        for line, message in [said]
    ]


def _is_read(data: bytes) -> bool:
    try:
        parsed("code", data)
    except InvalidInput:
        return False
    return True


Verdict: TypeAlias = tuple[int, str] | None


def _verdicts(texts: Sequence[bytes]) -> Mapping[bytes, Verdict]:
    """Return for each text where the two readings differ, asking only for what wasn't asked before."""
    new = [data for data in texts if data not in _known()]
    if new:
        asked = {f"{number} {kind}": text for number, data in enumerate(new) for kind, text in _versions(data)}
        read = _read(asked)
        for number, data in enumerate(new):
            if len(_known()) >= _KEPT:
                _known().clear()
            plain = read[f"{number} plain"]
            _known()[data] = verdict(data, plain, read.get(f"{number} marked", plain))
    return {data: _known()[data] for data in texts}


@lru_cache(maxsize=1)
def _known() -> dict[bytes, Verdict]:
    """Return the verdicts of this process by content."""
    return {}


def _versions(data: bytes) -> Iterator[tuple[str, str]]:
    plain, marked = data.decode(), with_marked_texts(data)
    yield "plain", plain
    if marked != plain.removeprefix(MARK):  # most have no parenthesis in a text, and nothing to be asked twice
        yield "marked", marked


def verdict(data: bytes, plain: Reading, marked: Reading) -> Verdict:
    """Return where HashiCorp's readings of a file, as it is and with its texts marked, are not ours; None where they are the same."""
    if "error" in plain:
        said = str(plain["error"])
        if said.startswith(_UNFILLED):
            return (
                1,
                'a text in this file has `null` in it (`"a${null}"`), which Terraform can\'t fill in: leave it out.',
            )
        return 1, f"HashiCorp's parser refuses this file: {said}."
    if "error" in marked:
        return (
            1,
            "HashiCorp's parser finds a function call in what looks like plain text: write the text in another way.",
        )
    try:
        place = difference(outline(parsed("code", data)), plain["tree"])
    except NotComparable as error:
        return 1, f"{error}: give them different names."
    if place is None:
        return None
    return 1, f"HashiCorp's parser reads `{place or 'this file'}` differently: write it in another way."


def _read(texts: Mapping[str, str]) -> Mapping[str, Reading]:
    try:
        return cast("Mapping[str, Reading]", PARSER.ask(texts, WITHIN))
    except (ChildEnded, OSError) as error:
        raise Unverifiable(f"HashiCorp's parser gave no answer: {error}") from error
