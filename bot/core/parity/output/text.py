"""A parity report for a terminal."""

from collections.abc import Iterator, Sequence

from bot.core.hcl.address_patterns import key_of
from bot.core.parity.leaks import Leak
from bot.core.parity.output.markdown import REVISION, UNEXPLAINED, likeness, share
from bot.core.parity.report import Difference, Parity
from bot.core.plural import counted


def text(parity: Parity, leaks: Sequence[Leak]) -> str:
    """Return the report; differences that identity alone makes are counted, not listed."""
    return "\n".join(_lines(parity, leaks))


def _lines(parity: Parity, leaks: Sequence[Leak]) -> Iterator[str]:
    for each in parity.telling:
        yield f"{key_of(each.address, each.attribute)}: {_change(each)}  [{f'{each.aspect}; ' if each.aspect else ''}{_cause(each)}]"
    yield (
        f"{parity.environment} against {parity.against} by {parity.depth}: {share(parity)} match {parity.against} "
        f"({likeness(parity)}); {counted(len(parity.telling), 'differs', 'differ')} in other ways, {len(parity.unexplained)} unexplained."
    )
    yield from (f"Broken contract: {breach.message}." for breach in parity.breaches)
    yield from (f"Leak: {leak.place}:{leak.line}: {leak.message}" for leak in leaks)
    yield from (f"Not compared: {count} {rule}." for rule, count in parity.set_apart.items())


def _change(each: Difference) -> str:
    return each.kind if each.kind != "changed" else f"{each.production} → {each.clone}"


def _cause(each: Difference) -> str:
    said = [f"{cause.parameter} ({cause.origin.value})" for cause in each.causes]
    said += [REVISION] if each.is_revision else []
    said += ["waived"] if each.waiver else []
    return ", ".join(said) or UNEXPLAINED
