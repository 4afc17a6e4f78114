"""How long a test waits for what must come: far beyond what is needed, so that a busy machine fails none."""

from typing import Final

PATIENCE: Final = 300
"""Seconds. A test may take twice as long in all (`timeout` in pyproject.toml)."""
