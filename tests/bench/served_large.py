"""From the comment to the pull request among 10 and 10,000 environments, as `served` measures it; it takes some minutes."""

from tests.bench import served


def measure() -> list[tuple[str, float, str]]:
    """Return rows of (what, ratio to the baseline, baseline)."""
    return served.measure((10, 10_000))
