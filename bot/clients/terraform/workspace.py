"""The workspace of a stack: which one it is, by its code and manifest, and how it is planned before it exists.

Terraform makes a workspace as soon as anything is planned in it: it writes an empty state, which the role that plans may not. So a
workspace that is not there yet is planned with an empty state of its own, in a private directory: a file beside the code says so
while that plan is made.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.clients.terraform.code_here import code_here
from bot.core.checks.workspaces import StackState, Workspace, may_say, workspace_of
from bot.core.cloud_facts import CloudFacts
from bot.core.rendering.assemble import read_manifest
from bot.core.tree import File
from bot.model.environment import MANIFEST
from bot.names import StepName

_APART = "envclone_override.tf"
"""Terraform lets such a file have the last word. The static checks refuse any that is committed."""


def environment_above(directory: Path) -> Path:
    """Return the directory of the environment whose stack lies in `directory`: the nearest with a manifest, or the one above."""
    return next((each for each in directory.parents if (each / MANIFEST).is_file()), directory.parent)


def workspace_at(directory: Path, cloud: CloudFacts) -> Workspace | None:
    """Return the workspace of the stack in `directory`, with the manifest of its environment; None for the default one."""
    environment = environment_above(directory)
    name, manifest = directory.relative_to(environment).as_posix(), environment / MANIFEST
    files = {f"{name}/{path}": file for path, file in code_here(directory).items()}
    if not manifest.is_file() or not any(may_say(path, file.data, b"workspace") for path, file in files.items()):
        return None
    said = read_manifest({MANIFEST: File(manifest.read_bytes())}, environment.name)
    stack = StepName(name)
    return workspace_of(files, StackState(said.name, stack, (said.state or {}).get(stack)), cloud.backends)


@dataclass(frozen=True, slots=True)
class Lent:
    """A state to work on in place of the module's own, in the workspace of this name; empty for none."""

    state: bytes = field(default=b"", repr=False)
    workspace: str | None = None


@contextmanager
def state_apart(directory: Path, private: Path, lent: Lent) -> Iterator[None]:
    """Let the root module in `directory` have its state in `private` meanwhile: what it is lent, else an empty one."""
    place = directory / _APART
    where = {"path": private / "apart.tfstate", "workspace_dir": private / "apart"}
    if lent.state:
        default = (
            where["path"] if lent.workspace is None else where["workspace_dir"] / lent.workspace / "terraform.tfstate"
        )
        default.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        default.touch(mode=0o600)
        default.write_bytes(lent.state)
    lines = "".join(f"    {name} = {json.dumps(str(path))}\n" for name, path in where.items())
    place.write_text(f'terraform {{\n  backend "local" {{\n{lines}  }}\n}}\n', "utf-8")
    try:
        yield
    finally:
        place.unlink()
