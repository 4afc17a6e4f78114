"""`envclone parity --all`: how every clone differs from its source, a line each."""

from collections.abc import Iterator
from datetime import UTC, datetime

import typer

from bot.cli.console import DOES_NOT_HOLD, NOT_CHECKED, say, stop
from bot.clients.git.checkout import Checkout
from bot.clients.proved_before import ComparedBefore, Comparison, users_cache
from bot.core.plural import counted
from bot.runs.parity_of_all import AllCompared, compare_all


def parity_of_all(checkout: Checkout, *, as_json: bool) -> None:
    """Print how each clone differs from what it was cloned from; leave with 1 when one is not held by its purpose, 2 if one can't be read."""
    before = ComparedBefore(users_cache(), checkout.roots, checkout.policy())
    found = compare_all(checkout, datetime.now(UTC), before)
    say("\n".join(_lines(found)), lambda: [_as_data(each) for each in found.clones], as_json)
    if found.unreadable:
        stop("\n".join(map(str, found.unreadable)), NOT_CHECKED)
    if not all(each.holds for each in found.clones):
        raise typer.Exit(DOES_NOT_HOLD)


def _lines(found: AllCompared) -> Iterator[str]:
    for each in found.clones:
        others = counted(each.others, "difference", "differences")
        yield f"{each.environment} against {each.against}: {'holds' if each.holds else 'does not hold'} ({each.match:.1%} match; {others} other than identity)"
        yield from (f"    {finding}" for finding in each.findings)
    broken = sum(not each.holds for each in found.clones)
    clones = counted(len(found.clones), "clone", "clones")
    yield f"Parity holds for all of {clones}." if not broken else f"Parity does not hold for {broken} of {clones}."


def _as_data(found: Comparison) -> dict[str, object]:
    return {
        "environment": found.environment,
        "against": found.against,
        "holds": found.holds,
        "score": found.match,
        "differences": found.others,
        "findings": list(found.findings),
    }
