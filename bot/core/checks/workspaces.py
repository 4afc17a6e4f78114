"""Terraform's workspaces: which stacks keep their state in one, and that it is the environment's own.

A stack has a workspace if its code says so: its root module reads `terraform.workspace`, or its backend block has a
`workspace_key_prefix`, or chooses among HCP Terraform's workspaces by `tags`. Then the runner selects the one with the environment's
name (on HCP Terraform `ENVIRONMENT_STACK`), and nothing has to be written into the code.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.core.cloud_facts import BackendFacts
from bot.core.hcl.local_modules import code_files
from bot.core.hcl.parser import blocks
from bot.core.hcl.syntax.ast import AttributeAccess, Block, NameExpression, parts_of
from bot.core.tree import Tree
from bot.model.environment import ExistingState
from bot.names import EnvironmentName, StepName

PREFIX = "workspace_key_prefix"


@dataclass(frozen=True, slots=True)
class Workspace:
    """The workspace that holds a stack's state; `is_remote` is one of HCP Terraform's, selected before `init`."""

    name: str
    is_remote: bool = False


@dataclass(frozen=True, slots=True)
class StackState:
    """Whose state it is: an environment's stack, and where its state lies if it is older than the directory."""

    owner: EnvironmentName
    stack: StepName
    existing: ExistingState | None = None


def workspace_of(files: Tree, state: StackState, backends: Mapping[str, BackendFacts]) -> Workspace | None:
    """Return the workspace that a stack's state lies in, None where that is the default one. The files must parse."""
    found = next(backend_blocks(files, state.stack), None)
    facts = backends.get(kind_of(found[1])) if found else None
    if found is None or facts is None:
        return None
    if is_chosen_by_others(found[1], facts):
        return Workspace(
            state.existing.key if state.existing else f"{state.owner}{facts.separator}{state.stack.word}", True
        )
    if not facts.workspace:
        return None
    if state.existing is not None:
        return Workspace(state.existing.workspace) if state.existing.workspace else None
    has_one = found[1].setting(PREFIX) is not None or next(workspace_reads(files, state.stack), None) is not None
    return Workspace(state.owner) if has_one else None


def is_chosen_by_others(block: Block, facts: BackendFacts) -> bool:
    """Say whether a block says by other arguments than its key which workspaces are meant (`tags`)."""
    return any(
        inner.setting(name) is not None
        for inner in block.blocks
        if inner.type == facts.key.partition(".")[0]
        for name in facts.chosen_by
    )


def workspace_reads(files: Tree, stack: str) -> Iterator[tuple[str, int]]:
    """Yield the path and line of each place in the root module in the directory `stack` that reads `terraform.workspace`."""
    for path in code_files(files).get(stack, ()):
        if not may_say(path, files[path].data, b"workspace"):
            continue
        for outer in blocks(path, files[path].data):
            for inner in outer.within():
                for setting in inner.settings:
                    if any(map(_is_workspace, parts_of(setting.value))):
                        yield path, setting.line


def may_say(path: str, data: bytes, word: bytes) -> bool:
    """Say whether code may hold a word, without a reading of it: JSON can write each letter as an escape."""
    return word in data or (path.endswith(".json") and b"\\u" in data)


def _is_workspace(value: object) -> bool:
    match value:
        case AttributeAccess(NameExpression("terraform"), "workspace"):
            return True
        case _:
            return False


def object_of(block: Block, workspace: Workspace | None, backends: Mapping[str, BackendFacts]) -> str:
    """Return the key of the object that holds a stack's state; nothing where it isn't known."""
    facts = backends.get(kind_of(block))
    key = state_text(block, facts) if facts is not None else None
    if facts is None or not key:
        return ""
    if workspace is None:
        return facts.object.format(key=key)
    return facts.workspace.format(key=key, workspace=workspace.name, prefix=block.text(PREFIX) or "env:")


def backend_blocks(files: Tree, stack: str) -> Iterator[tuple[str, Block]]:
    """Yield the `backend` and `cloud` blocks of a root module, with their files' paths."""
    for path in code_files(files).get(stack, ()):
        for outer in blocks(path, files[path].data):
            yield from ((path, b) for b in outer.blocks if outer.type == "terraform" and b.type in {"backend", "cloud"})


def kind_of(block: Block) -> str:
    """Return Terraform's name of the backend of a `backend` or `cloud` block."""
    return "cloud" if block.type == "cloud" else block.labels[0] if block.labels else ""


def state_text(block: Block, facts: BackendFacts) -> str | None:
    """Return the text that names whose state it is; the key may be an argument of an inner block (`workspaces.name`)."""
    outer, _, inner = facts.key.rpartition(".")
    found = block if not outer else next((each for each in block.blocks if each.type == outer), None)
    return found.text(inner) if found is not None else None
