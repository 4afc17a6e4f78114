"""A comparison of two directories in GitHub's Markdown, for a comment or a job's summary: one table of causes, the rest folded away."""

from collections.abc import Iterator, Sequence

from bot.core.digest import digest_of
from bot.core.markdown import cell, code, details, parted, table
from bot.core.parity.directories.report import CodeCause, DirectoryDifference, DirectoryParity
from bot.core.parity.output.by_cause import (
    CauseGroup,
    JoinedValue,
    block_text,
    by_block,
    by_cause,
    joined_lists,
    one_sided,
    places,
    summary,
)
from bot.core.plural import counted

MOST_ROWS = 60
LONGEST = 80


def directory_markdown(parity: DirectoryParity) -> str:
    """Return the report with its heading."""
    return "\n\n".join(_parts(parity))


def comment_marker(ours: str, theirs: str) -> str:
    """Return the hidden text by which the comment about two directories is found again; a pull request may have several."""
    return f"<!-- envclone:comparison:{digest_of([ours, theirs])[:12]} -->"


def _parts(parity: DirectoryParity) -> Iterator[str]:
    yield f"### {code(parity.ours)} against {code(parity.theirs)}"
    yield "\n".join(cell(line) for line in summary(parity))
    for alarm in parity.alarms:
        yield f"**Careful:** {cell(alarm.place)} {cell(alarm.text)}."
    for kind, title in (("missing", "Missing from"), ("extra", "Only in")):
        found = one_sided(parity, kind)
        if found:
            yield f"**{title} {code(parity.ours)}: {len(found)}**"
            yield _rows(("Block", "Cause"), [(code(block_text(each)), _why(each)) for each in found])
    groups = by_cause(parity.telling)
    if groups:
        yield f"**Different: {counted(sum(len(group.found) for group in groups), 'value')}**"
        yield _rows(
            ("Place", parity.theirs, parity.ours, "Aspect", "Cause"),
            [row for group in groups for row in _values(group)],
        )
    identity = by_cause(parity.by_identity)
    if identity:
        rows = [row for group in identity for row in _values(group)]
        title = f"Only name, account or address: {counted(len(parity.by_identity), 'value')}"
        yield details(title, _rows(("Place", parity.theirs, parity.ours, "Aspect", "Cause"), rows))
    apart = [*(f"- {count} {cell(rule)}" for rule, count in parity.set_apart.items())]
    apart += [f"- {code(note.place)} {cell(note.text)}" for note in parity.notes]
    if apart:
        yield details("Not compared", "\n".join(apart))


def _values(group: CauseGroup) -> Iterator[tuple[str, ...]]:
    why = "<br>".join(_cause(cause) for cause in group.causes)
    for found in by_block(group.found):
        for each in joined_lists(found):
            yield (
                code(_place(each)),
                *map(code, parted(each.theirs, each.ours, LONGEST)),
                each.aspect or "",
                why if not group.is_written else _why(found[0]),
            )


def _place(each: JoinedValue) -> str:
    return f"{each.address}:{each.attribute}"


def _why(each: DirectoryDifference) -> str:
    return "<br>".join(_cause(cause) for cause in each.causes)


def _cause(cause: CodeCause) -> str:
    if cause.kind == "workspace":
        return code(cause.name)
    said = f"{cause.kind} {code(cause.name)}, " if cause.name else "written in "
    return f"{said}{code(places(cause))}"


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    more = (
        f"\n\n… and {len(rows) - MOST_ROWS} more: `envclone parity` with `--format html` shows them."
        if len(rows) > MOST_ROWS
        else ""
    )
    return table([cell(each) for each in head], rows[:MOST_ROWS]) + more
