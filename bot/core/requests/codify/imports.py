"""What exists and is in no state: `import` blocks for it, as somebody names each with its id, and then the code that Terraform writes for them.

Both come into a file of their own in the stack. What is imported stays as it is: a plan that would change it is refused.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from bot.commands.model import Codify
from bot.core.hcl.local_modules import code_files
from bot.core.hcl.parser import blocks
from bot.core.hcl.syntax.ast import AttributeAccess, Block, Literal, NameExpression
from bot.core.markdown import code
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.plans.environment_plan import StackPlan
from bot.core.plans.from_state import StateResource, import_blocks
from bot.core.plans.plan import Action
from bot.core.rendering.assemble import read_pipeline
from bot.core.requests.change import Changed, ChangeSubject
from bot.core.requests.preflight import refusals
from bot.core.requests.refusal import Refused
from bot.core.tree import File, Tree
from bot.errors import InvalidInput, UserError
from bot.model.pipeline import Stack
from bot.model.policy import PATH as POLICY
from bot.names import StepName, shown

IMPORTED: Final = "imported.tf"
_NAMED: Final = re.compile(r"(?:([\w-]+)/)?(([a-z][\w-]*)\.([A-Za-z_][\w-]*))=(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class OpenImport:
    """An `import` block whose resource has no code yet."""

    address: str
    id: str

    def known(self) -> StateResource:
        """Return the resource as far as the block tells of it."""
        kind, _, name = self.address.partition(".")
        return StateResource(kind, name, {"id": self.id})


def names_imports(command: Codify) -> bool:
    """Say whether a command names what is to be imported, rather than what has drifted."""
    return any(_NAMED.fullmatch(each) for each in command.addresses)


def draft_import(command: Codify, subject: ChangeSubject, files: Tree, now: datetime) -> Changed | Refused:
    """Return the environment with `import` blocks for what the command names, or why that can't be."""
    manifest, policy = subject.manifest, subject.policy
    if manifest.source is not None:
        return Refused(
            f"{code(manifest.name)} is a clone, and its destroy would delete what it imports. Name the environment that owns it: "
            f"{code(f'/codify {manifest.source} {command.addresses[0]}')}. What every clone should have belongs in the template."
        )
    if not policy.gate.imports:
        return Refused(
            f"The policy allows no `import` blocks. Set `imports: true` under `gate` in {code(POLICY)}, then comment again."
        )
    try:
        asked = [_asked(each, files, subject) for each in command.addresses]
        added = dict(files)
        for stack, wanted in asked:
            path = f"{stack}/{IMPORTED}"
            _refuse_known(stack, wanted, added)
            before = added[path].data.decode() + "\n" if path in added else ""
            added[path] = File((before + import_blocks([wanted.known()])).encode())
    except UserError as error:
        return Refused(str(error))
    refused = refusals(CodeSide(manifest, {**added, **subject.template.modules}), None, subject.rules, now)
    if refused:
        return Refused(f"With these `import` blocks, the pull request's check would fail: {refused[0]}")
    return Changed(manifest, added, is_codified=True)


def _asked(text: str, files: Tree, subject: ChangeSubject) -> tuple[StepName, OpenImport]:
    found = _NAMED.fullmatch(text)
    name = subject.manifest.name
    if found is None:
        raise UserError(
            f"{shown(text)} names no id, and the others do. Name what is imported in a command of its own: "
            f"{code(f'/codify {name} <stack>/<address>=<id>')}."
        )
    if "_" not in found[3]:  # `module.x`, `data.x`: only what a provider manages is imported
        raise UserError(
            f"{code(found[2])} is not a resource. Write its type and a name: {code(f'/codify {name} <stack>/<type>.<name>={found[5]}')}."
        )
    where = subject.template.roots.environment(name)
    stacks = [each for each, step in read_pipeline(files, where).steps.items() if isinstance(step, Stack)]
    stack = next((each for each in stacks if each == found[1] or (found[1] is None and len(stacks) == 1)), None)
    if stack is None:
        listed = " or ".join(code(f"{each}/{found[2]}={found[5]}") for each in stacks)
        raise UserError(f"Say which stack of {code(name)} gets {code(found[2])}: {listed}.")
    return stack, OpenImport(found[2], found[5])


def _refuse_known(stack: StepName, wanted: OpenImport, files: Tree) -> None:
    found = _blocks(stack, files)
    if wanted.address in _declared(found):
        raise UserError(
            f"{code(f'{stack}/{wanted.address}')} is in the code already. Choose another name for what is imported."
        )
    if any(_target(each) == wanted.address for each in found):
        raise UserError(f"{code(f'{stack}/{wanted.address}')} is imported already.")


def open_imports(stack: StepName, files: Tree) -> Sequence[OpenImport]:
    """Return what a stack imports that has no code. Raises `InvalidInput`."""
    found = _blocks(stack, files)
    declared = _declared(found)
    asked = (
        (_target(each), each.setting("id"))
        for each in found
        if each.type == "import" and each.setting("for_each") is None
    )
    return [
        OpenImport(target, str(id_.value.value))
        for target, id_ in asked
        if target is not None and target not in declared and id_ is not None and isinstance(id_.value, Literal)
    ]


def changed_imports(files: Tree, stacks: Iterable[StackPlan]) -> Mapping[StepName, Sequence[str]]:
    """Return what the plans would change of what is imported by a file of ours, by stack."""
    found: dict[StepName, Sequence[str]] = {}
    for stack in stacks:
        file = files.get(f"{stack.name}/{IMPORTED}")
        ours = (
            {_target(each) for each in blocks(IMPORTED, file.data) if each.type == "import"}
            if file is not None
            else set()
        )
        changed = [
            each.address
            for each in stack.plan.changes
            if each.is_import and each.action is not Action.NO_OP and each.address in ours
        ]
        if changed:
            found[stack.name] = changed
    return found


def with_code(stack: StepName, written: str, files: Tree) -> Tree | None:
    """Return the files with the code that Terraform wrote for what a stack imports; None if that isn't what is lacking.

    Whoever may write a check can say that Terraform wrote something: so nothing but the resources that are asked for is taken.
    """
    lacking = {each.address for each in open_imports(stack, files)}
    path = f"{stack}/{IMPORTED}"
    try:
        given = blocks(path, written.encode())
    except InvalidInput:
        return None
    if path not in files or not lacking or {each.type for each in given} != {"resource"}:
        return None
    if {".".join(each.labels) for each in given} != lacking or len(given) != len(lacking):
        return None
    return {**files, path: File(files[path].data.rstrip() + b"\n\n" + written.strip().encode() + b"\n")}


def _blocks(stack: StepName, files: Tree) -> Sequence[Block]:
    return [block for path in code_files(files).get(stack, ()) for block in blocks(path, files[path].data)]


def _declared(found: Iterable[Block]) -> set[str]:
    return {".".join(each.labels) for each in found if each.type == "resource" and len(each.labels) == 2}


def _target(block: Block) -> str | None:
    """Return the address that an `import` block names, if it is a single resource of the stack itself."""
    to = block.setting("to") if block.type == "import" else None
    if to is None or not isinstance(to.value, AttributeAccess) or not isinstance(to.value.of, NameExpression):
        return None
    return f"{to.value.of.text}.{to.value.name}"
