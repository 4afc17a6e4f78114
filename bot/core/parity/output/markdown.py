"""A parity report in GitHub's Markdown: what a reviewer needs to decide, missing and unexplained first, identity folded away."""

from collections.abc import Iterator, Sequence

from bot.core.hcl.address_patterns import key_of
from bot.core.markdown import cell, code, details, parted, table
from bot.core.parity.by_code.external_references import ExternalReference, reached
from bot.core.parity.report import Cause, Difference, Parity
from bot.core.plural import counted
from bot.core.rendering.parameter_values import Origin
from bot.names import ParameterName

MOST_ROWS = 60
"""Rows of a table that are shown; GitHub cuts a body at 65,536 characters, and nobody reads more."""
MOST_OUTSIDE = 20
"""Addresses outside that are named."""
LONGEST = 80
"""Characters of a value that are shown in a table, for the same reason."""

ORIGINS = {
    Origin.OVERRIDE: "set with `--set`",
    Origin.PURPOSE: "set by the purpose",
    Origin.DERIVED: "name, account or address (derived)",
    Origin.ALLOCATED: "name, account or address (allocated)",
    Origin.SOURCE: "copied from the source",
    Origin.DEFAULT: "the template's default",
}
REVISION = "another revision of the template"
UNEXPLAINED = "unexplained"
OTHER = "other"
"""The aspect of what belongs to none."""


def verdict(parity: Parity) -> str:
    """Return what a reader takes away: score, counts, what is not explained, and the broken contracts."""
    found, unexplained = parity.differences, parity.unexplained
    telling = parity.telling
    missing, extra = (sum(each.kind == kind for each in found) for kind in ("missing", "extra"))
    revision = sum(each.is_revision for each in found)
    waived = sum(each.waiver is not None and not each.is_explained for each in found)
    whole = f", including {missing} missing and {extra} extra" if missing or extra else ""
    differ = f"{counted(len(telling), 'differs', 'differ')} in other ways{whole}"
    parts = [f"{share(parity)} match {code(parity.against)}: {likeness(parity)}. {differ}."]
    if unexplained:
        parts.append(
            f"**{len(unexplained):,} of {len(found):,} differences are unexplained**: no parameter causes them, so one of the two "
            "environments was edited by hand."
        )
    elif found and not revision and not waived:
        parts.append("Every one is explained by a parameter.")
    if revision:
        parts.append(f"{counted(revision, 'is', 'are')} due to different revisions of the template.")
    if waived:
        parts.append(f"{counted(waived, 'is', 'are')} waived.")
    broken = "\n".join(f"- **Broken contract:** {breach.message}." for breach in parity.breaches[:MOST_ROWS])
    if (more := len(parity.breaches) - MOST_ROWS) > 0:
        broken += f"\n- … and {counted(more, 'more broken contract')}."
    return "\n\n".join(filter(None, [" ".join(parts), broken]))


def outside(external: Sequence[ExternalReference], alike: Sequence[ParameterName], source: str) -> Iterator[str]:
    """Yield what reaches the same outside of a clone as of its source: by parameters of the same value, and by its code."""
    if alike:
        yield f"**These still reach the same outside systems as {source}**: {', '.join(map(code, alike))}."
    if external:
        shown = [
            f"{code(each.text)} ({code(f'{each.path}:{each.line}')}{each.more_places})"
            for each in external[:MOST_OUTSIDE]
        ]
        more = len(external) - MOST_OUTSIDE
        said = reached([*shown, *([f"{counted(more, 'more address', 'more addresses')}"] if more > 0 else [])])
        yield said[0].upper() + said[1:]


def share(parity: Parity) -> str:
    """Return the score with what it is a share of."""
    return f"{parity.score:.1%} of {parity.compared:,} attributes"


def likeness(parity: Parity) -> str:
    """Return how many attributes are equal, and how many only differ by identity."""
    return f"{counted(parity.equal, 'is', 'are')} equal, {counted(len(parity.by_identity), 'differs', 'differ')} only in name, account or address"


def tables(parity: Parity, *, folds_explained: bool = False) -> str:
    """Return the differences: what tells something first, identity folded away, and what could not be compared.

    `folds_explained` where the reader has seen by another table what the parameters change.
    """
    telling, identity = sorted(parity.telling, key=_order), parity.by_identity
    folded = [each for each in telling if each.causes] if folds_explained else []
    shown = [each for each in telling if each not in folded]
    parts = [] if telling else ["Nothing differs but name, account and address."]
    parts += [_rows(parity, shown)] if shown else []
    parts += [details(counted(len(folded), "explained difference"), _rows(parity, folded))] if folded else []
    if identity:
        parts.append(
            details(
                f"Name, account and address: {counted(len(identity), 'expected difference')}", _rows(parity, identity)
            )
        )
    if parity.set_apart:
        listed = "\n".join(f"- {count} {cell(rule)}" for rule, count in parity.set_apart.items())
        parts.append(
            details(
                f"{counted(sum(parity.set_apart.values()), 'place is', 'places are')} compared by code only", listed
            )
        )
    return "\n\n".join(parts)


def report(parity: Parity) -> str:
    """Return the whole report with its heading."""
    holds = "holds" if parity.holds else "does not hold"
    head = f"### Parity of {code(parity.environment)} with {code(parity.against)}, by {parity.depth}: {holds}"
    return "\n\n".join([head, verdict(parity), tables(parity)])


def why(cause: Cause) -> str:
    """Return a cause with whose decision it was."""
    return f"{code(cause.parameter)}: {ORIGINS[cause.origin]}"


def because(each: Difference) -> str:
    """Return why a difference is there, as a table's cell."""
    said = [why(cause) for cause in each.causes]
    if each.is_revision:
        said.append(REVISION)
    if each.waiver is not None:
        waiver = each.waiver
        said.append(f"waived until {waiver.expires_at:%Y-%m-%d} by {cell(waiver.owner)}: {cell(waiver.reason)}")
    return ", ".join(said) or f"**{UNEXPLAINED}**"


def _rows(parity: Parity, found: Sequence[Difference]) -> str:
    rows = [
        (
            code(key_of(each.address, each.attribute)),
            *sides(each.production, each.clone),
            each.aspect or OTHER,
            because(each),
        )
        for each in found[:MOST_ROWS]
    ]
    more = f"\n\n… and {len(found) - MOST_ROWS} more: see the files." if len(found) > MOST_ROWS else ""
    return table(("Place", parity.against, parity.environment, "Aspect", "Cause"), rows) + more


def sides(production: str, clone: str, absent: str = "**missing**") -> tuple[str, str]:
    """Return both sides of a difference as cells of a table; of long ones the part where they differ."""
    theirs, ours = (code(text) if text else absent for text in parted(production, clone, LONGEST))
    return theirs, ours


def _order(each: Difference) -> tuple[bool, bool, str, str]:
    return each.kind == "changed", not each.is_unexplained, each.address, each.attribute
