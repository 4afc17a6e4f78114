"""Is a clone another environment than its source, or the same one under another name?

Whoever applies a clone that is its source changes production, so nothing of this may be left to a review.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from bot.core.checks.backend import state_keys
from bot.core.checks.workspaces import backend_blocks, workspace_reads
from bot.core.cloud_facts import CloudFacts
from bot.core.hcl.parser import blocks
from bot.core.hcl.syntax.ast import Block, Literal
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.rendering.assemble import TemplateAt, chosen_files, read_hooks, rendered_files, text_of
from bot.core.rendering.parameter_values import references
from bot.core.tree import CODE as ENDINGS
from bot.core.tree import Tree
from bot.errors import Finding
from bot.model.environment import Manifest
from bot.model.pipeline import FromParameter
from bot.model.template import DECLARATION
from bot.model.yaml_document import line_of
from bot.names import ParameterName, StepName

_LOCK = ".terraform.lock.hcl"


def unread(template: TemplateAt, source: Manifest, clone: Manifest) -> Sequence[Finding]:
    """Return the parameters with `identity: true` that change no file: what they should tell apart is one and the same in both."""
    where = f"{template.where}/{DECLARATION}"
    text = text_of(template.files[DECLARATION], where)
    found: list[Finding] = []
    ours = rendered_files(template, clone)
    for name in _deciding(template, source, clone):
        with_theirs = clone.model_copy(update={"parameters": {**clone.parameters, name: source.parameters[name]}})
        if ours == rendered_files(template, with_theirs):
            message = (
                f"`{name}` has `identity: true`, but changes no file: write `{{{{ {name} }}}}` where `{source.name}` is named, or leave "
                "the parameter out."
            )
            found.append(Finding(where, line_of(text, ["parameters", str(name)]), message))
    return found


def _deciding(template: TemplateAt, source: Manifest, clone: Manifest) -> Iterator[ParameterName]:
    """Yield the identity parameters that differ and reach an environment by nothing but files."""
    declared, hooks = template.declaration, read_hooks(chosen_files(template, clone.purpose, clone.parameters), ".")
    derived = {each for parameter in declared.parameters.values() for each in references(parameter.derive or "")}
    inputs = {
        each.parameter
        for hook in hooks.hooks.values()
        for each in hook.inputs.values()
        if isinstance(each, FromParameter)
    }
    for name, parameter in declared.parameters.items():
        theirs = source.parameters.get(name)
        differs = theirs is not None and theirs != clone.parameters.get(name)
        if parameter.identity and differs and name not in derived and name not in inputs:
            yield name


def not_apart(source: CodeSide, clone: CodeSide, cloud: CloudFacts, where: str) -> Sequence[Finding]:
    """Return where a clone is its source: a stack with the same state, or with the same code. Both sides passed the gate.

    `where` is the clone's directory.
    """
    found = (each for stack in clone.manifest.stacks for each in _shared(stack, source, clone, cloud))
    return [replace(each, path=f"{where}/{each.path}") for each in found]


def _shared(stack: StepName, source: CodeSide, clone: CodeSide, cloud: CloudFacts) -> Iterator[Finding]:
    theirs = source.manifest.name
    ours = backend_blocks(clone.files, stack)
    keys = [state_keys(side.files, side.manifest, cloud).get(stack) for side in (source, clone)]
    for (path, block), (_, other) in zip(ours, backend_blocks(source.files, stack), strict=False):
        if keys[0] is not None and keys[0] == keys[1] and _place(block) == _place(other):
            yield Finding(
                path,
                block.line,
                f"stack `{stack}` has the state of `{theirs}`: let its place come from a parameter with `identity: true`.",
            )
            return
    mine = _code(clone.files, stack)
    if mine == _code(source.files, stack) and not any(True for _ in workspace_reads(clone.files, stack)):
        first = next(filter(None, (_first_resource(clone.files, path) for path in mine)), None)
        if first is not None:
            yield Finding(
                first[0],
                first[1],
                f"stack `{stack}` is, file for file, that of `{theirs}`: let what tells them apart (names, accounts, the state's key) come "
                "from parameters with `identity: true`.",
            )


def _place(block: Block) -> Sequence[tuple[str, object]]:
    """Return what a backend's block says, as far as it is written out."""
    return sorted((each.name, each.value.value) for each in block.settings if isinstance(each.value, Literal))


def _code(files: Tree, stack: StepName) -> Tree:
    return {path: file for path, file in files.items() if path.startswith(f"{stack}/") and not path.endswith(_LOCK)}


def _first_resource(files: Tree, path: str) -> tuple[str, int] | None:
    if not path.endswith(ENDINGS):
        return None
    return next(((path, each.line) for each in blocks(path, files[path].data) if each.type == "resource"), None)
