"""What people read of a change: which parameter had which value, and has which now."""

import json
from collections.abc import Sequence

from bot.core.markdown import code
from bot.environment import Manifest
from bot.names import ParameterName
from bot.pipeline import Json


def changed(before: Manifest, after: Manifest) -> Sequence[ParameterName]:
    """Return the parameters whose values differ, in the template's order."""
    return [name for name, value in after.parameters.items() if before.parameters.get(name) != value]


def table(before: Manifest, after: Manifest) -> str:
    """Return every value before and after, in Markdown."""
    rows = [
        f"| {code(name)} | {code(_text(before.parameters.get(name)))} | {code(_text(after.parameters[name]))} |"
        for name in changed(before, after)
    ]
    if before.expires_at != after.expires_at:
        rows.append(f"| expires | {expiry(before)} | {expiry(after)} |")
    return "\n".join(["| | before | after |", "| --- | --- | --- |", *rows]) if rows else ""


def expiry(manifest: Manifest) -> str:
    """Return until when it lives."""
    return f"{manifest.expires_at:%Y-%m-%d %H:%M} UTC" if manifest.expires_at else "never"


def _text(value: Json) -> str:
    return "absent" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
