"""Terraform's workspaces of a production that is taken over: which stacks have their state in one, and of which nobody said which."""

from collections.abc import Iterator, Mapping

from bot.core.checks.workspaces import PREFIX, workspace_reads
from bot.core.parity.directories.evaluation import EvaluatedRoot
from bot.errors import Finding


def has_workspace(each: EvaluatedRoot) -> bool:
    """Say whether the state of a root module lies in a workspace: its code reads which, or its backend says how their keys begin."""
    return next(_reads(each), None) is not None or any(
        address == "terraform" and at.startswith("backend.") and at.endswith(f".{PREFIX}")
        for address, at in each.leaves
    )


def unnamed_workspaces(evaluated: Mapping[str, EvaluatedRoot], stacks: Mapping[str, str]) -> Iterator[Finding]:
    """Yield where code says that production's state lies in a workspace, if nobody said in which; paths are below the template."""
    for root, each in evaluated.items():
        path, line = next(_reads(each), ("", 0))
        if path and not each.root.workspace:
            yield Finding(
                f"{stacks[root]}/{path}",
                line,
                "reads `terraform.workspace`, so production's state lies in a workspace. Run this again with `--workspace NAME --anew`, where "
                "NAME is that of production (`terraform workspace list` prints them).",
            )


def _reads(each: EvaluatedRoot) -> Iterator[tuple[str, int]]:
    own = {
        path: file
        for path, file in each.root.files.items()
        if "/" not in path and path not in (*each.root.variable_files, *each.result.unreadable)
    }
    return workspace_reads(own, "")
