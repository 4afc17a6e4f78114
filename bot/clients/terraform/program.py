"""Where the program is."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from bot.errors import UserError
from bot.model.policy import Tool


def find_terraform(environment: Mapping[str, str], tool: Tool = "terraform") -> Path:
    """Return the program on PATH: `terraform`, or else `tofu`, and that alone if OpenTofu is the tool. Raises `UserError` that says how to get it."""
    for name in ("terraform", "tofu") if tool == "terraform" else ("tofu",):
        found = shutil.which(name, path=environment.get("PATH"))
        if found is not None:
            return Path(found)
    if tool == "opentofu":
        raise UserError(
            "`tofu` is not on PATH, and the policy's `tool` is opentofu: install OpenTofu (https://opentofu.org/docs/intro/install). In a workflow, "
            "run `envclone init` and commit what it writes."
        )
    raise UserError(
        "Neither `terraform` nor `tofu` is on PATH: install Terraform (https://developer.hashicorp.com/terraform/install) "
        "or OpenTofu (https://opentofu.org/docs/intro/install)."
    )
