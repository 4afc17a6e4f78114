"""A comparison of two directories for a terminal: what is missing first, then what differs by cause, names and addresses counted."""

from collections.abc import Iterator, Sequence

from bot.core.hcl.address_patterns import key_of
from bot.core.parity.directories.report import CodeCause, CodePlace, DirectoryDifference, DirectoryParity
from bot.core.parity.output.by_cause import (
    CauseGroup,
    block_text,
    by_block,
    by_cause,
    cause_title,
    joined_lists,
    one_sided,
    places,
    summary,
)
from bot.core.plural import counted

MOST_PLACES = 4
"""Values below a cause or a block that are listed; the other formats list all."""
MOST_BLOCKS = 20
LONGEST = 60
"""Characters of a value."""


def directory_text(parity: DirectoryParity) -> str:
    """Return the report."""
    return "\n".join(_lines(parity))


def _lines(parity: DirectoryParity) -> Iterator[str]:
    yield f"{parity.ours} against {parity.theirs}"
    yield from summary(parity)
    for note in parity.alarms:
        yield from ("", f"Careful: {note.place} {note.text}.")
    for kind, title in (("missing", f"Missing from {parity.ours}"), ("extra", f"Only in {parity.ours}")):
        found = one_sided(parity, kind)
        if found:
            yield from ("", f"{title}: {len(found)}")
            yield from _one_sided(found)
    yield from _different(parity)
    yield from _by_name(parity)
    if parity.set_apart or parity.notes:
        yield from ("", "Not compared")
        yield from (f"  {count} {rule}" for rule, count in parity.set_apart.items())
        yield from (f"  {note.place} {note.text}" for note in parity.notes)


def _one_sided(found: Sequence[DirectoryDifference]) -> Iterator[str]:
    """Yield blocks that only one side has: a cause of several once, above them, and the others each with its own."""
    causes: dict[str, list[str]] = {}
    for each in found:
        causes.setdefault(_why(each), []).append(block_text(each))
    yield from _columns([(blocks[0], why) for why, blocks in causes.items() if len(blocks) == 1])
    for why, blocks in causes.items():
        if len(blocks) > 1:
            yield f"  {why}"
            yield from (f"      {block}" for block in blocks)


def _different(parity: DirectoryParity) -> Iterator[str]:
    groups = by_cause(parity.telling)
    if groups:
        count = sum(len(group.found) for group in groups)
        yield from ("", f"Different ({parity.theirs} → {parity.ours}): {counted(count, 'value')}")
    for group in groups:
        if not group.is_written:
            yield from _group(group)
    yield from _written([group for group in groups if group.is_written])


def _by_name(parity: DirectoryParity) -> Iterator[str]:
    if not parity.by_identity:
        return
    yield from ("", f"Only name, account or address: {counted(len(parity.by_identity), 'value')}")
    written = 0
    for group in by_cause(parity.by_identity):
        if group.is_written:
            written += len(group.found)
        else:
            yield f"  {'; '.join(cause_title(cause) for cause in group.causes)}  ({counted(len(group.found), 'value')})"
    if written:
        yield f"  written in the code  ({counted(written, 'value')})"


def _group(group: CauseGroup) -> Iterator[str]:
    for cause in group.causes:
        yield f"  {cause_title(cause)}  {places(cause)}".rstrip()
    lines = [line for found in by_block(group.found) for line in _values(found, group)]
    yield from (f"      {line}" for line in lines[:MOST_PLACES])
    if len(lines) > MOST_PLACES:
        yield f"      and {len(lines) - MOST_PLACES} more"


def _written(found: Sequence[CauseGroup]) -> Iterator[str]:
    """Yield what is written differently in the code itself, block by block."""
    if not found:
        return
    blocks = by_block([each for group in found for each in group.found])
    yield f"  written in the code of {counted(len(blocks), 'block')}"
    for block in blocks[:MOST_BLOCKS]:
        first = block[0]
        yield f"    {first.difference.address}  {places(CodeCause('code', here=_here(first), there=first.there))}"
        lines = [
            f"{joined.attribute}: {_cut(joined.theirs)} → {_cut(joined.ours)}{_aspect(joined.aspect)}"
            for joined in joined_lists(block)
        ]
        yield from (f"      {line}" for line in lines[:MOST_PLACES])
        if len(lines) > MOST_PLACES:
            yield f"      and {len(lines) - MOST_PLACES} more"
    if len(blocks) > MOST_BLOCKS:
        yield f"    and {counted(len(blocks) - MOST_BLOCKS, 'more block')}: see `--format html` or `--format json`"


def _values(found: Sequence[DirectoryDifference], group: CauseGroup) -> Iterator[str]:
    said = {(change.theirs, change.ours) for cause in group.causes for change in cause.changes}
    for joined in joined_lists(found):
        change = "" if (joined.theirs, joined.ours) in said else f": {_cut(joined.theirs)} → {_cut(joined.ours)}"
        yield f"{key_of(joined.address, joined.attribute)}{change}{_aspect(joined.aspect)}"


def _aspect(aspect: str | None) -> str:
    return f"  [{aspect}]" if aspect else ""


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _here(each: DirectoryDifference) -> CodePlace | None:
    is_there = each.there is not None and (each.there.path, each.there.line) == (
        each.difference.file,
        each.difference.line,
    )
    return None if is_there else CodePlace(each.difference.file, each.difference.line)


def _why(each: DirectoryDifference) -> str:
    named = [cause for cause in each.causes if cause.name]
    if named:
        return "by " + "; ".join(f"{cause_title(cause)}  {places(cause)}".rstrip() for cause in named)
    return f"{each.difference.file}:{each.difference.line}"


def _columns(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    wide = min(max((len(first) for first, _ in rows), default=0), 60)
    yield from (f"  {first:<{wide}}  {second}" for first, second in rows)
