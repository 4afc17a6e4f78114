"""Terraform code written again as JSON, as the language's documentation says that the two belong together."""

import json

from bot.core.hcl.json_syntax.kinds import FILE, BlockKind
from bot.core.hcl.parser import body
from bot.core.hcl.syntax.ast import Block, Expression, Items, Literal, Pairs, Setting


def as_json(code: bytes) -> bytes:
    """Return the same code in JSON."""
    return json.dumps(_body(body(code), FILE), indent=1).encode()


def _body(block: Block, kind: BlockKind) -> dict[str, object]:
    found: dict[str, object] = {setting.name: _value(setting, kind) for setting in block.settings}
    for inner in block.blocks:
        below = kind.inner.get(inner.type, BlockKind(len(inner.labels)))
        place, name = found, inner.type
        for label in inner.labels:
            place, name = place.setdefault(name, {}), label  # type: ignore[assignment]
        several = place.setdefault(name, [])
        assert isinstance(several, list)
        several.append(_body(inner, below))
    return found


def _value(setting: Setting, kind: BlockKind) -> object:
    if setting.name in kind.references:
        listed = isinstance(setting.value, Items)
        return [each for each in setting.code[1:-1].split(",") if each] if listed else setting.code
    try:
        return _plain(setting.value)
    except NotPlain:
        return f"${{{setting.code}\n}}"  # a heredoc ends with its line


class NotPlain(Exception):
    """An expression that JSON has no form of its own for."""


def _plain(value: Expression) -> object:
    match value:
        case Literal(str(text)):
            return text.replace("${", "$${").replace("%{", "%%{")
        case Literal(other):
            return other
        case Items(items):
            return [_plain(item) for item in items]
        case Pairs(pairs):
            return {str(_plain(key)): _plain(item) for key, item in pairs}
        case _:
            raise NotPlain
