"""Where the program is."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from bot.errors import UserError


def find_terraform(environment: Mapping[str, str]) -> Path:
    """Return the program on PATH: `terraform`, or else `tofu`. Raises `UserError` that says how to get it."""
    for name in ("terraform", "tofu"):
        found = shutil.which(name, path=environment.get("PATH"))
        if found is not None:
            return Path(found)
    raise UserError(
        "Neither `terraform` nor `tofu` is on PATH: install Terraform (https://developer.hashicorp.com/terraform/install) "
        "or OpenTofu (https://opentofu.org/docs/intro/install)."
    )
