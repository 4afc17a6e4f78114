"""A comparison of two directories as one HTML page, in the frame and the table of the parity page."""

from collections.abc import Sequence
from html import escape

from bot.core.parity.directories.report import CodeCause, DirectoryParity, Note
from bot.core.parity.output.by_cause import cause_title, places
from bot.core.parity.output.page import DifferenceTable, ReasonShown, difference_table, framed, set_apart, tiles_of
from bot.core.parity.report import Difference


def directory_page(parity: DirectoryParity) -> str:
    """Return the page."""
    causes = {id(each.difference): each.causes for each in parity.differences}

    def reasons(each: Difference) -> Sequence[ReasonShown]:
        return [_reason(cause) for cause in causes[id(each)]]

    ordered = [each.difference for each in (*parity.telling, *parity.by_identity)]
    shown = DifferenceTable((parity.theirs, parity.ours), ordered, reasons)
    alarms = _notes("Careful", parity.alarms, "alert")
    parts = [
        _numbers(parity),
        alarms,
        difference_table(shown),
        set_apart(parity.set_apart, "Not compared"),
        _notes("Not read", parity.notes),
    ]
    return framed("Parity of two directories", parity.ours, parity.theirs, "", parts)


def _numbers(parity: DirectoryParity) -> str:
    kinds = [each.difference.kind for each in parity.differences]
    return tiles_of(
        [
            ("root modules compared", str(sum(bool(each.ours and each.theirs) for each in parity.roots)), ""),
            ("values compared", f"{parity.compared:,}", ""),
            ("equal", f"{parity.equal:,}", ""),
            ("differ only in name, account or address", f"{len(parity.by_identity):,}", ""),
            ("differ in other ways", f"{len(parity.telling):,}", ""),
            ("missing", str(kinds.count("missing")), "bad" if "missing" in kinds else "good"),
            ("extra", str(kinds.count("extra")), ""),
        ]
    )


def _reason(cause: CodeCause) -> ReasonShown:
    said = f'{escape(cause_title(cause))}<br><span class="quiet">{escape(places(cause))}</span>'
    return ReasonShown(cause.name or cause.kind, said)


def _notes(title: str, notes: Sequence[Note], tone: str = "") -> str:
    if not notes:
        return ""
    items = "".join(f"<li><code>{escape(note.place)}</code> {escape(note.text)}</li>" for note in notes)
    return f'<section class="{tone}"><h2>{escape(title)}</h2><ul>{items}</ul></section>'
