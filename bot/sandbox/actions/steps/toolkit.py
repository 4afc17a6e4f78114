"""What every step may use: inputs, workflow commands, and the files that hand values on.

A run starts dozens of these programs, so this imports little; who asks the runner's service or a cloud has `requests`.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import NoReturn


def inputs() -> dict[str, str]:
    """Return the action's inputs."""
    return {name: str(value).strip() for name, value in json.loads(os.environ["INPUTS"]).items()}


def fail(message: str) -> NoReturn:
    """End the step with an error that the run shows."""
    print(f"::error::{message}")
    sys.exit(1)


def mask(secret: str) -> None:
    """Hide a value in everything that the run prints from now on."""
    print(f"::add-mask::{secret}", flush=True)


def hand_on(file: str, values: dict[str, str]) -> None:
    """Append to `GITHUB_ENV` or `GITHUB_OUTPUT`; the values must be single lines."""
    with Path(os.environ[file]).open("a", encoding="utf-8") as stream:
        stream.writelines(f"{name}={value}\n" for name, value in values.items())
