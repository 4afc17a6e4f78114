"""Prove a template: what its models can't say across parts, and that every purpose renders."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bot.commands.model import Clone
from bot.core.checks.outputs import output_problems
from bot.core.checks.required_providers import LOCK
from bot.core.checks.static_checks import gate
from bot.core.graph import StepDocuments, problems
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.external_references import ExternalReference, external_references
from bot.core.plural import counted
from bot.core.rendering.assemble import TemplateAt, assemble, read_hooks, text_of
from bot.core.rendering.inventory import Inventory
from bot.core.rendering.migrations import with_all
from bot.core.requests.clone import Base, CloneRequest, Draft, draft_clone
from bot.core.requests.preflight import CheckRules, code_findings, in_template
from bot.core.requests.refusal import Refused
from bot.core.requests.template_check.declaration import declaration_findings
from bot.core.requests.template_check.doubts import on_other_machines, sent_as_by_the_source
from bot.core.requests.template_check.stack_files import missing_files, unreadable_files
from bot.core.tree import Tree
from bot.errors import Finding, UserError
from bot.model.environment import HOOKS, Manifest
from bot.model.pipeline import FromParameter, Pipeline
from bot.model.policy import Policy, Quota
from bot.model.roots import DEFAULT, Roots
from bot.model.template import DECLARATION
from bot.model.yaml_document import line_of
from bot.names import EnvironmentName, Login


@dataclass(frozen=True, slots=True)
class Proof:
    """What was proved (one line each), what is wrong, what the code reaches outside, for people to judge, and what may go wrong elsewhere."""

    proved: Sequence[str]
    findings: Sequence[Finding]
    external: Sequence[ExternalReference] = ()
    doubts: Sequence[str] = ()


def check_template(
    template: TemplateAt, source: Manifest | None, asked: CloneRequest, rules: CheckRules | None = None
) -> Proof:
    """Prove `template`. With a `source` environment every purpose is drafted from it; `asked` says who and when.

    `rules` are the repository's; without them the code is held against the defaults.
    """
    rules = rules or CheckRules(Policy(), template.cloud)
    broken = [
        *declaration_findings(template),
        *unreadable_files(template, rules.policy.tool),
        *_step_findings(template),
    ]
    findings = [*broken, *missing_files(template, source)]
    # Everything that can be found at once is; only what a broken declaration or file would be blamed for waits.
    lacking = {each.path for each in findings if each.path.endswith(LOCK)}  # what to do about it is said already
    findings += [] if broken else [each for each in _code_findings(template, source, rules) if each.path not in lacking]
    proved = [
        ", ".join(
            (
                counted(len(template.files), "file"),
                counted(len(template.declaration.parameters), "parameter"),
                counted(len(template.declaration.stacks), "stack"),
            )
        )
    ]
    doubts = list(on_other_machines(template, source, _current_code(template, source), rules))
    if source is None or broken:
        return Proof(proved, findings, doubts=doubts)
    external: dict[str, ExternalReference] = {}
    refused: dict[Finding, list[str]] = {}
    for purpose in template.declaration.purposes:
        drafted = _drafted(template, source, rules, replace(asked, command=replace(asked.command, purpose=purpose)))
        if isinstance(drafted, Draft):
            proved.append(f"purpose {purpose} renders {_told_apart(drafted, source)}")
            side = CodeSide(drafted.manifest, drafted.code)
            references = external_references(drafted.comparison, side, template.declaration)
            external = {each.text: each for each in references} | external
            doubts += sent_as_by_the_source(template, source, drafted.manifest)
        elif drafted is None:
            proved.append(f"purpose {purpose} is {source.name}'s own")
        else:
            for each in drafted:
                if not {each, _as_of(source, each, template, asked)} & {*findings} and each.path not in lacking:
                    refused.setdefault(each, []).append(f"`{purpose}`")
    clones = len(template.declaration.purposes) - (source.purpose in template.declaration.purposes)
    # A leak is every purpose's.
    findings += [
        each if len(named) == clones or named[0] in each.message else _for_purposes(each, named)
        for each, named in refused.items()
    ]
    return Proof(proved, findings, [external[text] for text in sorted(external)], doubts)


def _for_purposes(finding: Finding, named: Sequence[str]) -> Finding:
    purposes = "purpose" if len(named) == 1 else "purposes"
    return replace(finding, message=f"{finding.message} So it is for the {purposes} {', '.join(named)}.")


def _as_of(source: Manifest, finding: Finding, template: TemplateAt, asked: CloneRequest) -> Finding:
    """Return what is said of the clone's directory as it is said of the source's: one fault of the template is listed once."""
    theirs, ours = (template.roots.environment(name) for name in (source.name, asked.command.name))
    return replace(finding, message=finding.message.replace(f"{ours}/", f"{theirs}/"))


def _told_apart(drafted: Draft, source: Manifest) -> str:
    theirs = drafted.comparison.source.files
    other = sum(1 for path, file in drafted.files.items() if theirs.get(path) != file)
    return f"{counted(len(drafted.files), 'file')}, of which {counted(other, 'differs', 'differ')} from {source.name}'s"


def _current(template: TemplateAt, source: Manifest) -> Manifest:
    """Return the source as it would be rendered now, with the blocks of all migrations: so they pass the gate like other code."""
    now = source.model_copy(update={"revision": template.revision, "stacks": template.declaration.stacks})
    return with_all(now, template.declaration)


def _current_code(template: TemplateAt, source: Manifest | None) -> Tree:
    if source is None:
        return {}
    try:
        return assemble(template, _current(template, source))
    except UserError:
        return {}  # said with the purpose that can't be rendered


def a_clone(source: EnvironmentName, by: Login, roots: Roots = DEFAULT) -> Clone:
    """Return a request that stands for any other."""
    name = roots.named("check", source) if roots.pair(source) else "template-check"  # short, after the name of a pair
    return Clone(source, EnvironmentName(name), owner=by)


def _code_findings(template: TemplateAt, source: Manifest | None, rules: CheckRules) -> Sequence[Finding]:
    """Return what the first job of a pull request would refuse of the code, rendered for the source or as it stands."""
    if source is None:
        where, code = template.where, {**template.files, **template.modules}
        return gate(code, template.declaration.stacks, rules.gate, where)
    current = _current(template, source)
    try:
        side = CodeSide(current, {**assemble(template, current), **template.modules})
        return in_template(template, side, code_findings(side, rules))
    except UserError:
        return ()  # said with the purpose that can't be rendered


def _drafted(
    template: TemplateAt, source: Manifest, rules: CheckRules, asked: CloneRequest
) -> Draft | Sequence[Finding] | None:
    """Return a clone for the purpose that is asked for, or why there can't be one; None for the source's own purpose."""
    purpose = asked.command.purpose
    where = f"{template.where}/{DECLARATION}"
    text = text_of(template.files[DECLARATION], where)
    line = line_of(text, ["purposes", str(purpose)])
    if purpose == source.purpose:
        return None  # proved by `envclone verify`
    try:
        current = _current(template, source)
        base = Base(
            template,
            current,
            {**assemble(template, current), **template.modules},
            Inventory({source.name: current}),
            rules.policy.model_copy(update={"quota": Quota(total=9, per_owner=9)}),
            rules.judges,
        )
    except UserError as error:
        return [Finding(where, line, f"{source.name} can't be rendered from this template: {error}")]
    drafted = draft_clone(asked, base)
    if isinstance(drafted, Refused):
        return drafted.findings or [
            Finding(where, line, f"cloning {source.name} for purpose `{purpose}` fails: {drafted.reason}")
        ]
    return drafted


def _step_findings(template: TemplateAt) -> Iterator[Finding]:
    where = template.where
    hooks_text = text_of(template.files[HOOKS], HOOKS) if HOOKS in template.files else ""
    hooks = read_hooks(_only_hooks(template.files), where).hooks
    for name, hook in hooks.items():
        for key, given in hook.inputs.items():
            if isinstance(given, FromParameter) and given.parameter not in template.declaration.parameters:
                line = line_of(hooks_text, ["hooks", name, "with", key])
                yield Finding(f"{where}/{HOOKS}", line, f"unknown parameter `{given.parameter}`.")
    pipeline = Pipeline(stacks=template.declaration.stacks, hooks=hooks)
    declaration = text_of(template.files[DECLARATION], DECLARATION)
    documents = StepDocuments(f"{where}/{DECLARATION}", declaration, f"{where}/{HOOKS}", hooks_text)
    yield from problems(pipeline, documents) or output_problems(pipeline, template.files, documents)


def _only_hooks(files: Tree) -> Tree:
    return {HOOKS: files[HOOKS]} if HOOKS in files else {}
