"""What production's states ask of a person: in which workspace they lie, and what their backends were given on the command line."""

import posixpath
import re
from collections.abc import Iterator, Mapping
from typing import Final

from bot.core.checks.workspaces import PREFIX, workspace_reads
from bot.core.cloud_facts import CloudFacts
from bot.core.parity.directories.evaluation import EvaluatedRoot
from bot.errors import Finding

_CONFIGURATION: Final = re.compile(r".*\.(tf)?(backend|hcl|config|conf)")
"""How people call the files that they name after `-backend-config`."""
_POSITION: Final = re.compile(r"\[\d+\]")
_LOCK: Final = ".terraform.lock.hcl"


def has_workspace(each: EvaluatedRoot) -> bool:
    """Say whether the state of a root module lies in a workspace: its code reads which, or its backend says how their keys begin."""
    return next(_reads(each), None) is not None or any(
        address == "terraform" and at.startswith("backend.") and at.endswith(f".{PREFIX}")
        for address, at in each.leaves
    )


def states_to_decide(
    evaluated: Mapping[str, EvaluatedRoot], stacks: Mapping[str, str], cloud: CloudFacts
) -> Iterator[Finding]:
    """Yield what the code alone doesn't say of where production's states lie; paths are below the template."""
    for root, each in evaluated.items():
        yield from _unnamed_workspace(each, stacks[root])
        yield from _unwritten_backend(each, stacks[root], cloud)


def _unnamed_workspace(each: EvaluatedRoot, stack: str) -> Iterator[Finding]:
    path, line = next(_reads(each), ("", 0))
    if path and not each.root.workspace:
        yield Finding(
            f"{stack}/{path}",
            line,
            "reads `terraform.workspace`, so production's state lies in a workspace. Run this again with `--workspace NAME --anew`, where "
            "NAME is that of production (`terraform workspace list` prints them).",
        )


def _unwritten_backend(each: EvaluatedRoot, stack: str, cloud: CloudFacts) -> Iterator[Finding]:
    written = {_POSITION.sub("", at): leaf for (address, at), leaf in each.leaves.items() if address == "terraform"}
    for kind, facts in cloud.backends.items():
        own = {at: leaf for at, leaf in written.items() if f"{at}.".startswith(f"backend.{kind}.")}
        missing = [name for name in (*facts.place, facts.key) if f"backend.{kind}.{name}" not in own]
        if not own or not facts.place or not missing:
            continue
        first = min(own.values(), key=lambda leaf: leaf.line)
        files = sorted(
            path for path in each.root.files if "/" not in path and path != _LOCK and _CONFIGURATION.fullmatch(path)
        )
        where = (
            f" (`{posixpath.join(each.root.directory, files[0])}` may have them; remove it, in the template too)"
            if files
            else ""
        )
        yield Finding(
            f"{stack}/{first.file}",
            first.line,
            f"the backend `{kind}` lacks {' and '.join(f'`{name}`' for name in missing)}: what `-backend-config` gives is not read. Write that "
            f"into the block in the old directory{where}, and run this again with `--anew`.",
        )


def _reads(each: EvaluatedRoot) -> Iterator[tuple[str, int]]:
    own = {
        path: file
        for path, file in each.root.files.items()
        if "/" not in path and path not in (*each.root.variable_files, *each.result.unreadable)
    }
    return workspace_reads(own, "")
