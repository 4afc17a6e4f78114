"""Publish one clone into a monorepo of 10,000 environments, against git's own ways; it takes some minutes."""

from tests.bench import monorepo


def measure() -> list[tuple[str, float, str]]:
    """Return rows of (what, ratio to the baseline, baseline)."""
    return monorepo.measure((10_000,))
