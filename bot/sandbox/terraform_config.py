"""How the sandbox runs Terraform: which program, and a CLI configuration that finds providers without asking the internet.

A filesystem mirror that lies on the disk in a conventional place is used; without one, providers are installed directly.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from bot.errors import UserError

REGISTRY = "registry.terraform.io"
PROVIDER = Path(REGISTRY, "hashicorp", "aws")
MIRROR_VARIABLE = "TF_PLUGIN_MIRROR"
CONFIG_VARIABLE = "TF_CLI_CONFIG_FILE"
DEEPEST = 3
"""Levels below a conventional place that are searched."""
MOST = 2000
"""Directories that are looked at in all, so that the search ends soon on any disk."""


def terraform() -> Path:
    """Return the program, `terraform` or else `tofu`. Raises `UserError` that says how to get it."""
    for name in ("terraform", "tofu"):
        found = shutil.which(name)
        if found is not None:
            return Path(found)
    raise UserError(
        "Neither `terraform` nor `tofu` is on PATH. Install Terraform 1.10 or newer "
        "(https://developer.hashicorp.com/terraform/install) or OpenTofu 1.10 or newer (https://opentofu.org/docs/intro/install)."
    )


def terraform_environment(directory: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Write a CLI configuration into `directory` and return the environment variables that make Terraform use it.

    `environ` is the caller's environment. A configuration file that it names and that exists is used as it is.
    """
    automation = {"TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "CHECKPOINT_DISABLE": "1"}
    named = environ.get(CONFIG_VARIABLE)
    if named and Path(named).is_file():
        return {**automation, CONFIG_VARIABLE: named}
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "terraform.rc"
    text = configuration(mirror(environ))
    # A Terraform that runs side by side may read this very file, and is confined to it: it is written once, and in one go.
    if not path.exists() or path.read_text("utf-8") != text:
        descriptor, written = tempfile.mkstemp(dir=directory)
        with open(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(written, path)
    return {**automation, CONFIG_VARIABLE: str(path)}


def configuration(found: Path | None) -> str:
    """Return the text of a CLI configuration that installs from the mirror `found`, and the rest directly."""
    lines = ["disable_checkpoint = true"]
    if found is not None:
        ours = json.dumps([f"{REGISTRY}/hashicorp/*"])
        lines += [
            "provider_installation {",
            "  filesystem_mirror {",
            f"    path    = {json.dumps(str(found))}",
            f"    include = {ours}",
            "  }",
            "  direct {",
            f"    exclude = {ours}",
            "  }",
            "}",
        ]
    return "\n".join([*lines, ""])


def mirror(environ: Mapping[str, str]) -> Path | None:
    """Return a directory in the layout of a filesystem mirror that holds the AWS provider, or None.

    Raises `UserError` if `TF_PLUGIN_MIRROR` names a directory that holds none.
    """
    named = environ.get(MIRROR_VARIABLE)
    if named:
        if not (Path(named) / PROVIDER).is_dir():
            raise UserError(f"{MIRROR_VARIABLE} is {named}, but {Path(named) / PROVIDER} is not a directory.")
        return Path(named)
    left = iter(range(MOST))
    for place in _places(environ):
        for directory in _below(place, DEEPEST, left):
            if (directory / PROVIDER).is_dir():
                return directory
    return None


def _places(environ: Mapping[str, str]) -> Iterator[Path]:
    """Yield where mirrors are kept: Terraform's implied directories first, then where administrators put things."""
    home = environ.get("HOME")
    if home:
        yield Path(home, ".terraform.d", "plugins")
        yield Path(environ.get("XDG_DATA_HOME", f"{home}/.local/share"), "terraform", "plugins")
    yield from (Path(place, "terraform", "plugins") for place in ("/usr/local/share", "/usr/share"))
    yield from (Path(place) for place in ("/usr/local/share", "/opt", "/srv", "/var/lib/terraform"))


def _below(place: Path, deepest: int, left: Iterator[int]) -> Iterator[Path]:
    """Yield `place` and the directories in it, level by level, while `left` lasts."""
    level = [place]
    for _ in range(deepest + 1):
        following: list[Path] = []
        for directory in level:
            if next(left, None) is None:
                return
            yield directory
            following += _directories(directory)
        level = following


def _directories(directory: Path) -> list[Path]:
    try:
        with os.scandir(directory) as entries:
            return sorted(Path(each.path) for each in entries if each.is_dir(follow_symlinks=False))
    except OSError:
        return []  # not there, or not ours to read
