"""The values of an environment before and after a change, as every text about the change names them."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.core.markdown import code, table
from bot.core.parity.output.markdown import MOST_ROWS, sides
from bot.core.plural import counted
from bot.core.rendering.parameter_types import text
from bot.model.environment import Manifest
from bot.names import ParameterName


def changed(before: Manifest, after: Manifest) -> Sequence[ParameterName]:
    """Return the parameters whose values differ, in the template's order."""
    return [name for name, value in after.parameters.items() if before.parameters.get(name) != value]


def values_table(before: Manifest, after: Manifest) -> str:
    """Return every value before and after, in Markdown; nothing when nothing differs."""
    rows = [(code(name), *before_and_after(before, after, name)) for name in changed(before, after)[:MOST_ROWS]]
    rows += [(what, was, now) for what, was, now, _ in moments(before, after)]
    if before.revision != after.revision:
        rows.append(("template revision", code(before.revision[:12]), code(after.revision[:12])))
    return f"{table(('Parameter', 'Before', 'After'), rows)}{more_values(before, after)}" if rows else ""


def moments(before: Manifest, after: Manifest) -> Iterator[tuple[str, str, str, str]]:
    """Yield the moments of the manifest that change: what it is, before, after, and which command asks for it."""
    if before.expires_at != after.expires_at:
        yield "expires", expiry(before), expiry(after), "set with `/extend`"
    if before.repaired_at != after.repaired_at:
        yield "repair", "", _moment(after.repaired_at), "requested with `/repair`"
    if before.data_reset_at != after.data_reset_at:
        yield "data", "", _moment(after.data_reset_at), "requested with `/reset --data`"


def expiry(manifest: Manifest) -> str:
    """Return until when it lives."""
    return _moment(manifest.expires_at)


def before_and_after(before: Manifest, after: Manifest, name: ParameterName) -> tuple[str, str]:
    """Return the cells of a parameter: its value before and after."""
    return sides(text(before.parameters.get(name)), text(after.parameters[name]), absent=code(""))


def more_values(before: Manifest, after: Manifest) -> str:
    """Say how many values a table leaves out, if it leaves any out."""
    more = len(changed(before, after)) - MOST_ROWS
    return f"\n\n… and {counted(more, 'more parameter')}: see the manifest." if more > 0 else ""


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC" if moment else "never"
