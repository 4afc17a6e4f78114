"""The parity of a plan in GitHub's Markdown and as data, beside the plan itself and within the same limits."""

from collections.abc import Mapping
from dataclasses import replace

from bot.core.markdown import cell, code, details
from bot.core.parity import markdown
from bot.core.parity.report import Difference, Parity
from bot.pipeline import Json


def headline(parity: Parity) -> str:
    """Return why a comparison does not hold, in one plain line for a check's title."""
    unexplained, broken = len(parity.unexplained), len(parity.breaches)
    parts = [f"{broken} broken {'contract' if broken == 1 else 'contracts'}"] if broken else []
    if unexplained:
        parts.append(
            f"{unexplained} unexplained {'difference' if unexplained == 1 else 'differences'} from {parity.against}"
        )
    return f"Parity does not hold: {' and '.join(parts)}"


def section(parity: Parity, note: str, limit: int) -> str:
    """Return the report as a section of a comment, in at most `limit` bytes: the tables go first, then the rows."""
    head = _head(parity, note)
    for text in (f"{head}\n\n{_tables(parity)}\n", f"{head}\n\n{_tables(_telling(parity))}\n"):
        if len(text.encode()) <= limit:
            return text
    shortened = "> The table of differences is too long for here; it is in `parity.json`.\n"
    return f"{head}\n\n{shortened}"


def _head(parity: Parity, note: str) -> str:
    holds = "✅ holds" if parity.holds else "❌ does not hold"
    score = f"**{parity.score:.1%}** of {parity.compared:,} compared attributes are {code(parity.against)}'s own"
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
        f"{score}{f': {said}' if said else ''}.",
    ]
    lines += [f"- **Broken contract:** {breach.message}." for breach in parity.breaches]
    if parity.unexplained:
        lines.append(
            f"**{len(parity.unexplained)} unexplained:** no parameter causes {'it' if len(parity.unexplained) == 1 else 'them'}, so "
            f"the code or {code(parity.against)} was changed by hand. Put it right, or waive it in the manifest with a reason, an "
            "owner and an expiry."
        )
    return "\n\n".join([*lines, *([f"> {note}"] if note else [])])


def _tables(parity: Parity) -> str:
    parts = [markdown.tables(replace(parity, set_apart={}))]
    if parity.set_apart:
        rows = "\n".join(f"- {count:,} {cell(rule)}" for rule, count in parity.set_apart.items())
        parts.append(details(f"{sum(parity.set_apart.values()):,} attributes are set apart by rule", rows))
    return "\n\n".join(parts)


def _telling(parity: Parity) -> Parity:
    kept = [each for each in parity.differences if each.is_unexplained or each.kind != "changed"]
    return replace(parity, differences=kept)


def data(parity: Parity) -> Mapping[str, Json]:
    """Return the report for machines; values are those that may be shown."""
    return {
        "environment": str(parity.environment),
        "against": str(parity.against),
        "depth": parity.depth,
        "holds": parity.holds,
        "score": round(parity.score, 6),
        "compared": parity.compared,
        "set_apart": dict(parity.set_apart),
        "breaches": [{"demand": b.demand, "aspect": b.aspect, "message": b.message} for b in parity.breaches],
        "differences": [_difference(each) for each in parity.differences],
    }


def _difference(each: Difference) -> Json:
    return {
        "kind": each.kind,
        "address": each.address,
        "attribute": each.attribute,
        "production": each.production,
        "clone": each.clone,
        "aspect": each.aspect,
        "causes": [{"parameter": str(cause.parameter), "origin": str(cause.origin)} for cause in each.causes],
        "revision": each.is_revision,
        "waiver": each.waiver.model_dump(mode="json") if each.waiver else None,
        "unexplained": each.is_unexplained,
        "file": each.file,
        "line": each.line,
    }
