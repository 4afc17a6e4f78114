"""The parity of a plan in GitHub's Markdown, beside the plan itself and within the same limits."""

from collections.abc import Sequence
from dataclasses import replace

from bot.core.markdown import cell, code, details
from bot.core.parity.leaks import Leak, unwaived
from bot.core.parity.output import markdown
from bot.core.parity.report import Parity
from bot.core.plural import counted, joined

MOST_BREACHES = 20
MOST_LEAKS = 20


def headline(parity: Parity, leaks: Sequence[Leak]) -> str:
    """Return why a comparison does not hold, in one plain line for a check's title."""
    counts = (
        (len(unwaived(leaks)), "leak", f" of {parity.against}'s identity"),
        (len(parity.breaches), "broken contract", ""),
        (len(parity.unexplained), "unexplained difference", f" from {parity.against}"),
    )
    parts = [f"{counted(count, noun)}{rest}" for count, noun, rest in counts if count]
    return f"Parity does not hold: {joined(parts)}"


def section(parity: Parity, leaks: Sequence[Leak], note: str, limit: int) -> str:
    """Return the report as a section of a comment, in at most `limit` bytes: the tables go first, then the rows."""
    head = _head(parity, unwaived(leaks), note)
    shortened = "> Shortened to fit; the complete comparison is in `parity.json`.\n"
    for text in (f"{head}\n\n{_tables(parity)}\n", f"{head}\n\n{_tables(_telling(parity))}\n\n{shortened}"):
        if len(text.encode()) <= limit:
            return text
    return f"{head}\n\n{shortened}"


def _head(parity: Parity, leaks: Sequence[Leak], note: str) -> str:
    holds = "✅ holds" if parity.holds and not leaks else "❌ does not hold"
    score = (
        f"**{parity.score:.1%}** of {parity.compared:,} compared attributes match {code(parity.against)} "
        f"({markdown.likeness(parity)})"
    )
    counts = {
        "missing": sum(each.kind == "missing" for each in parity.differences),
        "extra": sum(each.kind == "extra" for each in parity.differences),
        "explained": sum(each.is_explained for each in parity.differences),
        "waived": sum(each.waiver is not None and not each.is_explained for each in parity.differences),
        "unexplained": len(parity.unexplained),
    }
    said = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
    lines = [
        f"### Parity with {code(parity.against)}, by {parity.depth}: {holds}",
        f"{score}{f'; of all differences, {said}' if said else ''}.",
    ]
    lines += [f"- **Broken contract:** {breach.message}." for breach in parity.breaches[:MOST_BREACHES]]
    if (more := len(parity.breaches) - MOST_BREACHES) > 0:
        lines.append(f"… and {counted(more, 'more broken contract')}.")
    lines += [f"- **Leak** at {code(leak.place)}: {leak.message}" for leak in leaks[:MOST_LEAKS]]
    lines += [f"… and {counted(len(leaks) - MOST_LEAKS, 'more leak')}."] if len(leaks) > MOST_LEAKS else []
    if parity.unexplained:
        lines.append(
            f"**{len(parity.unexplained)} unexplained:** no parameter "
            f"causes {'it' if len(parity.unexplained) == 1 else 'them'}, so the code or {code(parity.against)} was "
            "changed by hand. Revert the change, or waive it in environment.yaml with a reason, an owner and an "
            "expiry."
        )
    return "\n\n".join([*lines, *([f"> {note}"] if note else [])])


def _tables(parity: Parity) -> str:
    parts = [
        markdown.tables(replace(parity, set_apart={}), folds_explained=True)
    ]  # the pull request's text has them by cause
    if parity.set_apart:
        rows = "\n".join(f"- {count:,} {cell(rule)}" for rule, count in parity.set_apart.items())
        parts.append(
            details(
                f"{counted(sum(parity.set_apart.values()), 'attribute is', 'attributes are')} not compared, by rule",
                rows,
            )
        )
    return "\n\n".join(parts)


def _telling(parity: Parity) -> Parity:
    kept = [each for each in parity.differences if each.is_unexplained or each.kind != "changed"]
    return replace(parity, differences=kept)
