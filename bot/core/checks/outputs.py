"""Outputs of stacks that others take: each must be declared in the stack's code, before anything runs."""

from collections.abc import Iterator, Sequence

from bot.core.graph import StepDocuments
from bot.core.hcl.parser import blocks
from bot.core.tree import CODE, Tree, is_code
from bot.errors import Finding
from bot.model.pipeline import FromOutput, Pipeline, Stack
from bot.model.suggest import closest
from bot.names import StepName

_UNRENDERED = tuple(f"{ending}.j2" for ending in CODE)


def output_problems(pipeline: Pipeline, files: Tree, documents: StepDocuments) -> Sequence[Finding]:
    """Return every input that takes an output which its stack does not have.

    `files` hold the stacks' directories, as they are or rendered. What a stack has of code that is still to be rendered may declare any
    output, so nothing is said of it until it is. Raises `InvalidInput` for code that does not parse.
    """
    known = {name: frozenset(_declared(files, name)) for name in pipeline.stacks if not _is_to_be_rendered(files, name)}
    found: list[Finding] = []
    for name, step in pipeline.steps.items():
        key = "inputs" if isinstance(step, Stack) else "with"
        for given, value in step.inputs.items():
            if not isinstance(value, FromOutput) or value.output in known.get(value.step, (value.output,)):
                continue
            near = closest(value.output, known[value.step])
            hint = f" Did you mean `{near}`?" if near else ""
            message = (
                f"Input of `{name}` refers to `{value.source}`, but stack `{value.step}` has no output "
                f"`{value.output}`.{hint}"
            )
            found.append(documents.finding(step, (name, key, given), message))
    return found


def _is_to_be_rendered(files: Tree, stack: StepName) -> bool:
    return any(path.rpartition("/")[0] == stack and path.endswith(_UNRENDERED) for path in files)


def _declared(files: Tree, stack: StepName) -> Iterator[str]:
    for path in files:
        if is_code(path, files) and path.rpartition("/")[0] == stack:
            for block in blocks(path, files[path].data):
                if block.type == "output" and block.labels:
                    yield block.labels[0]
