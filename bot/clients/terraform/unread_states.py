"""Data sources of states that are not there yet: Terraform is told to read them during the apply, so a plan needs none of them.

It puts off reading a data source while any of its configuration is unknown, and `timestamp()` is unknown in every plan.
Source: https://developer.hashicorp.com/terraform/language/data-sources#data-resource-behavior
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_OVERRIDE = "envclone_unread_override.tf"
"""Terraform lets such a file have the last word. The static checks refuse any that is committed."""


@contextmanager
def without_states(directory: Path, names: Sequence[str]) -> Iterator[None]:
    """Let the root module in `directory` be planned meanwhile without these data sources of states."""
    place = directory / _OVERRIDE
    blocks = [f'data "terraform_remote_state" {json.dumps(name)} {{\n  workspace = timestamp()\n}}\n' for name in names]
    if blocks:
        place.write_text("".join(blocks), "utf-8")
    try:
        yield
    finally:
        if blocks:
            place.unlink()
