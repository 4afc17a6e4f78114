"""Tables of many cases, of which `make test-fast` tries a few."""

from collections.abc import Sequence

import pytest


def few(cases: Sequence[object], every: int) -> list[object]:
    """Return all of the cases, of which each one but every `every`-th is left to `make test-slow`."""
    marks = [() if number % every == 0 else pytest.mark.exhaustive for number in range(len(cases))]
    rows = [case if isinstance(case, tuple) else (case,) for case in cases]
    return [pytest.param(*row, marks=mark) for row, mark in zip(rows, marks, strict=True)]
