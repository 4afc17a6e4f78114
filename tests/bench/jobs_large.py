"""The steps of the plan and drift workflows for one environment among 10,000, against the same steps in a checkout of all files; it takes some minutes."""

from tests.bench import jobs


def measure() -> list[tuple[str, float, str]]:
    """Return rows of (what, ratio to the baseline, baseline)."""
    return jobs.measure((10_000,))
