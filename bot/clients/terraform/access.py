"""What Terraform and its providers may read and write: their code and what was installed, and nothing else of the machine.

Installing (`init`) also needs the machine's registry and git credentials, and runs no code of the repository; whatever evaluates that
code (`plan`, `apply`, `show` …) gets none of them.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from bot.clients.cage import Cage
from bot.clients.terraform.code_here import code_here
from bot.clients.terraform.workspace import environment_above
from bot.core.hcl.local_modules import MOST_MODULES, directories_read, local_calls
from bot.core.hcl.parser import blocks
from bot.core.hcl.syntax.ast import Block
from bot.core.tree import UNSAVED_STATE, File
from bot.errors import InvalidInput

_FOR_INSTALLING = (
    ".terraformrc",
    ".terraform.d",
    ".netrc",
    ".gitconfig",
    ".git-credentials",
    ".config/git",
    ".ssh",
    ".tofurc",
)
_GIT_AND_SSH = ("/etc/gitconfig", "/etc/ssh", "/etc/passwd")
"""What git and ssh read of the machine itself: without them they end before they download a module. ssh looks up its user."""
_INSTALLED = (".terraform.d/plugins", ".terraform.d/plugin-cache", ".local/share/terraform/plugins")
_CONFIG = "TF_CLI_CONFIG_FILE"
_CACHE = "TF_PLUGIN_CACHE_DIR"
_PATHS = re.compile(r'(?:#|//).*|/\*[\s\S]*?\*/|\b(?:path|plugin_cache_dir)\s*=\s*"([^"\n]+)"|"[^"\n]*"')
"""Mirrors and the cache in a CLI configuration, whose blocks may be of one line; comments and other texts are passed over.

https://developer.hashicorp.com/terraform/cli/config/config-file
"""


def access(directory: Path, private: Path, environment: Mapping[str, str], *, installs: bool) -> Cage:
    """Return what Terraform may reach for the stack in `directory`, whose plans and data lie in `private`."""
    home = Path(environment.get("HOME") or "/nonexistent")
    reads = [*_modules(directory), *_linked(directory), *(home / each for each in _INSTALLED), *_config(environment)]
    writes = [private, directory / UNSAVED_STATE]
    if cache := environment.get(_CACHE):
        (writes if installs else reads).append(Path(cache))
    if installs:
        reads += [*(home / each for each in _FOR_INSTALLING), *map(Path, _GIT_AND_SSH)]
        writes += [Path(each) for each in _configured(environment)]
    if _keeps_state_here(directory):
        writes.append(directory)
    return Cage(tuple(reads), tuple(writes))


def _config(environment: Mapping[str, str]) -> Iterator[Path]:
    if named := environment.get(_CONFIG):
        yield Path(named)
        yield from map(Path, _configured(environment))


def _configured(environment: Mapping[str, str]) -> list[str]:
    """Return the directories of providers that the machine's own configuration names."""
    named = environment.get(_CONFIG)
    if not named or not Path(named).is_file():
        return []
    return [os.path.expandvars(path) for path in _PATHS.findall(Path(named).read_text("utf-8", "replace")) if path]


def _modules(stack: Path) -> list[Path]:
    """Return the directories of the stack's code: its own, those of the repository's modules that it calls, and those that these read."""
    stack = stack.resolve()
    above = [environment_above(stack), *environment_above(stack).parents]
    root = next((each for each in stack.parents if (each / ".git").exists()), above[min(2, len(above) - 1)])
    found, left, followed = [stack], [stack], {stack}
    while left and len(found) < MOST_MODULES:
        here = left.pop()
        code = code_here(here)
        called = {Path(os.path.normpath(here / call.source)) for call in local_calls(code, "")}
        for there in sorted(called | {Path(os.path.normpath(here / each)) for each in directories_read(code, [""])}):
            # A symlink would lead wherever it likes, and the root or what is above it holds `.git` and other checkouts.
            if there.resolve() != there or root not in there.parents or ".git" in there.parts:
                continue
            found += [there] if there not in found else []
            if there in called and there not in followed:
                followed.add(there)
                left.append(there)
    return found


def _linked(stack: Path) -> list[Path]:
    """Return the files of the environment that symlinks in a stack lead to: where trees are read, they are held to lie in it."""
    stack = stack.resolve()
    environment = environment_above(stack)
    led = (place.resolve() for place in stack.rglob("*") if place.is_symlink())
    return [each for each in led if environment in each.parents and each.is_file() and ".git" not in each.parts]


def _keeps_state_here(stack: Path) -> bool:
    """Say whether Terraform writes its state beside the code: it does so unless a backend or a `cloud` block says otherwise."""
    return not any(
        inner.type == "cloud" or (inner.type == "backend" and inner.labels != ("local",))
        for path, file in code_here(stack).items()
        for block in _blocks(path, file)
        if block.type == "terraform"
        for inner in block.blocks
    )


def _blocks(path: str, file: File) -> tuple[Block, ...]:
    try:
        return blocks(path, file.data)
    except InvalidInput:
        return ()
