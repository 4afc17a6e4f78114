"""Count what one `/clone` does on the tests' small monorepo, against what is allowed; the same on every machine."""

import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.support.clone_calls import MOST, clone_calls

WORDS = {
    "parses": "the line is parsed",
    "fetches": "git fetches",
    "comparisons": "the clone is compared by code",
    "github": "GitHub is called",
    "validations": "a manifest is validated",
}


def measure() -> list[tuple[str, float, str]]:
    """Return rows of (what, ratio to what is allowed, what is allowed)."""
    with tempfile.TemporaryDirectory() as scratch:
        found = asdict(clone_calls(Path(scratch)))
    return [
        (f"{WORDS[name]}: {count} times", count / most, f"at most {most}")
        for name, most in asdict(MOST).items()
        for count in [found[name]]
    ]
