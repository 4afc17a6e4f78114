"""Where a stack's state lies: in the bucket of its own account, under its own environment's name (law 5)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.core.hcl.ast import Block
from bot.core.hcl.parser import blocks
from bot.core.tree import Tree
from bot.errors import Finding
from bot.names import EnvironmentName, StepName


@dataclass(frozen=True, slots=True)
class StatePlace:
    """Where the state of an environment belongs: `backend` is Terraform's name of the kind of backend."""

    owner: EnvironmentName
    bucket: str
    backend: str


def misplaced(files: Tree, stacks: Sequence[StepName], place: StatePlace, where: str) -> Sequence[Finding]:
    """Return every stack whose backend is not `place.bucket`, or whose state key is not `<owner>/<stack>/…`.

    The files must have passed the gate, so they parse. `where` is the environment's directory, for messages.
    """
    found: list[Finding] = []
    keys: dict[str, StepName] = {}
    for stack in stacks:
        backends = list(_backends(files, stack))
        if not backends:
            message = f'no `backend "{place.backend}"`: the state would be lost with the runner. Add one.'
            found.append(Finding(f"{where}/{stack}/backend.tf", 1, message))
        for path, block in backends:
            at = f"{where}/{path}"
            if block.labels != (place.backend,):
                continue
            if block.text("bucket") != place.bucket:
                found.append(
                    Finding(at, block.line, f"the state must be in the account's `state_bucket`, `{place.bucket}`.")
                )
            key = block.text("key") or ""
            if not key.startswith(f"{place.owner}/{stack}/") or ".." in key:
                found.append(Finding(at, block.line, f"the state's key must begin with `{place.owner}/{stack}/`."))
            if keys.setdefault(key, stack) != stack:
                found.append(Finding(at, block.line, f"the state's key is that of stack `{keys[key]}`."))
    return found


def state_keys(files: Tree, stacks: Sequence[StepName]) -> Mapping[StepName, str]:
    """Return the key of each stack's state in its bucket; a stack without a plain one is left out."""
    found = {stack: block.text("key") for stack in stacks for _, block in _backends(files, stack)}
    return {stack: key for stack, key in found.items() if key}


def _backends(files: Tree, stack: StepName) -> Iterator[tuple[str, Block]]:
    for path in sorted(files):
        if path.endswith(".tf") and path.rpartition("/")[0] == stack:
            for outer in blocks(path, files[path].data):
                yield from ((path, b) for b in outer.blocks if outer.type == "terraform" and b.type == "backend")
