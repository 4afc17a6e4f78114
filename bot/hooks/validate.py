"""What is wrong with declared hooks, found before anything runs: kinds, inputs and outputs that there are not, and undos."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from pydantic import ValidationError

from bot.clients.hcl_referee import disagreements
from bot.core.checks.gate_rules import Judges
from bot.core.checks.outputs import output_problems
from bot.core.graph import StepDocuments, problems
from bot.core.rendering.assemble import TemplateAt, read_hooks, text_of
from bot.core.tree import Tree
from bot.errors import Finding, UserError
from bot.hooks.registry import AnyKind, kind_of
from bot.hooks.verbs import complaints
from bot.model.environment import HOOKS, MANIFEST, Manifest
from bot.model.pipeline import FromOutput, FromParameter, Hook, Json, Literally, Pipeline, Stack
from bot.model.suggest import closest
from bot.model.template import DECLARATION
from bot.model.yaml_document import DocumentPath
from bot.names import ParameterName


def template_findings(template: TemplateAt, source: Manifest | None) -> Sequence[Finding]:
    """Return what is wrong with a template's hooks; the values of parameters are those of its `source` environment."""
    where = template.where
    parameters = source.parameters if source is not None else {}
    documents = StepDocuments(
        f"{where}/{DECLARATION}",
        text_of(template.files[DECLARATION], DECLARATION),
        f"{where}/{HOOKS}",
        text_of(template.files[HOOKS], HOOKS) if HOOKS in template.files else "",
    )
    pipeline = Pipeline.of(template.declaration.stacks, read_hooks(template.files, where))
    undecided = template.declaration.parameters.keys() - parameters.keys()
    return hook_problems(pipeline, parameters, documents, undecided)


def step_findings(code: Tree, manifest: Manifest, where: str) -> Sequence[Finding]:
    """Return what is wrong with an environment's steps, `hooks.yaml` included; `where` is its directory."""
    return pipeline_findings(code, manifest, Pipeline.of(manifest.stacks, read_hooks(code, where)), where)


JUDGES = Judges(disagreements, step_findings)
"""Who is asked of an environment's code, wherever it is held against the checks."""


def pipeline_findings(files: Tree, manifest: Manifest, pipeline: Pipeline, where: str) -> Sequence[Finding]:
    """Return what is wrong with how the steps of an environment are declared, with file and line: the graph first."""
    documents = StepDocuments(
        f"{where}/{MANIFEST}",
        text_of(files[MANIFEST], f"{where}/{MANIFEST}"),
        f"{where}/{HOOKS}",
        text_of(files[HOOKS], f"{where}/{HOOKS}") if HOOKS in files else "hooks: {}\n",
    )
    return problems(pipeline, documents) or [
        *hook_problems(pipeline, manifest.parameters, documents),
        *output_problems(pipeline, files, documents),
    ]


def hook_problems(
    pipeline: Pipeline,
    parameters: Mapping[ParameterName, Json],
    documents: StepDocuments,
    undecided: Collection[ParameterName] = (),
) -> Sequence[Finding]:
    """Return what is wrong with the hooks of a pipeline.

    `parameters` are the environment's; those that are `undecided` exist, but have no value yet.
    """
    found = [
        documents.finding(hook, (name, *place), f"`{name}`: {message}")
        for name, hook in pipeline.hooks.items()
        for place, message in _hook_problems(hook, parameters, undecided)
    ]
    for name, step in pipeline.steps.items():
        key = "inputs" if isinstance(step, Stack) else "with"
        for given, value in step.inputs.items():
            if isinstance(value, FromOutput) and (message := _output_problem(pipeline, value)):
                found.append(documents.finding(step, (name, key, given), f"`{name}`: {message}"))
    return found


def _hook_problems(
    hook: Hook, parameters: Mapping[ParameterName, Json], undecided: Collection[ParameterName]
) -> Iterator[tuple[DocumentPath, str]]:
    try:
        kind = kind_of(hook)
    except UserError as error:
        yield ("uses",), str(error)
        return
    known: dict[str, Json] = {}
    for name, value in hook.inputs.items():
        if isinstance(value, FromParameter) and value.parameter in undecided:
            continue
        if isinstance(value, FromParameter) and value.parameter not in parameters:
            near = closest(value.parameter, parameters)
            yield (
                ("with", name),
                f"there is no parameter `{value.parameter}`." + (f" Did you mean `{near}`?" if near else ""),
            )
        elif isinstance(value, FromParameter):
            known[name] = parameters[value.parameter]
        elif isinstance(value, Literally):
            known[name] = value.value
    yield from _input_problems(kind, hook, known)
    if hook.uses is not None and hook.undo is None and not kind.can_undo(hook.inputs.keys()):
        yield (), f"`{hook.uses}` has nothing to undo as declared here: write `undo: {{none: <reason>}}`."


def _input_problems(kind: AnyKind, hook: Hook, known: Mapping[str, Json]) -> Iterator[tuple[DocumentPath, str]]:
    try:
        kind.inputs.model_validate(dict(known))
    except ValidationError as error:
        for item, message in zip(error.errors(include_input=False), complaints(error), strict=True):
            # What another step will give is missing here, and what concerns several inputs can't be judged yet.
            is_unknown_yet = len(known) < len(hook.inputs) and (not item["loc"] or item["loc"][0] not in known)
            if not (is_unknown_yet and (not item["loc"] or item["loc"][0] in hook.inputs)):
                place = ("with", str(item["loc"][0])) if item["loc"] else ("with",)
                yield place, message
    for name in hook.inputs:
        if name not in known and name not in kind.inputs.model_fields and kind.inputs.model_config["extra"] == "forbid":
            yield ("with", name), f"`{name}` is not an input of this kind"


def _output_problem(pipeline: Pipeline, value: FromOutput) -> str | None:
    source = pipeline.hooks.get(value.step)
    if source is None or source.uses is None:
        return None
    try:
        outputs = kind_of(source).outputs
    except UserError:
        return None  # said at the hook itself
    if value.output in outputs:
        return None
    near = closest(value.output, outputs)
    return f"`{source.uses}` has no output `{value.output}`." + (f" Did you mean `{near}`?" if near else "")
