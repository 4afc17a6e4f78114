"""Prove a template: what its models can't say across parts, and that every purpose renders."""

import posixpath
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from bot.commands.model import Clone
from bot.core.checks.files.by_name import misplaced
from bot.core.checks.files.unready import unready
from bot.core.checks.files.unset import unset
from bot.core.checks.outputs import output_problems
from bot.core.checks.required_providers import LOCK, of_one_platform, superfluous_providers
from bot.core.checks.static_checks import gate
from bot.core.graph import StepDocuments, problems
from bot.core.hcl.comparison.structure import check_syntax
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.external_references import ExternalReference, external_references, outbound_alike
from bot.core.plural import counted
from bot.core.rendering.assemble import TemplateAt, assemble, read_hooks, text_of
from bot.core.rendering.inventory import Inventory
from bot.core.rendering.migrations import problems as migration_problems
from bot.core.rendering.migrations import with_all
from bot.core.rendering.parameter_rules import problems as rule_problems
from bot.core.rendering.parameter_types import checked
from bot.core.rendering.parameter_values import ENVIRONMENT, references
from bot.core.rendering.render import ENDING
from bot.core.requests.clone import Base, CloneRequest, Draft, draft_clone
from bot.core.requests.preflight import CheckRules, code_findings, in_template
from bot.core.requests.refusal import Refused
from bot.core.tree import CODE, OPENTOFU, Tree
from bot.errors import Finding, InvalidInput, UserError
from bot.model.environment import HOOKS, Manifest
from bot.model.pipeline import FromParameter, Json, Pipeline
from bot.model.policy import Policy, Quota, Tool
from bot.model.roots import DEFAULT, Roots
from bot.model.template import DECLARATION
from bot.model.yaml_document import line_of
from bot.names import EnvironmentName, Login, ParameterName


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
        *_declaration_findings(template),
        *_syntax_findings(template, rules.policy.tool),
        *_step_findings(template),
    ]
    findings = [*broken, *_file_findings(template, source)]
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
    doubts = list(_doubts(template, source, rules))
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
            doubts += _sent_as_by_the_source(template, source, drafted.manifest)
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


def _doubts(template: TemplateAt, source: Manifest | None, rules: CheckRules) -> Iterator[str]:
    """Yield what holds here, and may not on the machines that plan."""
    variables = {name for account in rules.policy.accounts.values() for name in account.variables}
    with suppress(UserError):  # said with the purpose that can't be rendered
        code = {} if source is None else assemble(template, _current(template, source))
        yield from unset(code, template.declaration.stacks, variables)
        yield from unready(code, template.declaration.stacks, rules.cloud.backends)
        for stack, address in superfluous_providers(code, template.declaration.stacks):
            advice = _in_its_directory(template, source, stack, "terraform init -backend=false")
            yield (
                f"the {LOCK} of `{stack}` names `{address}`, which no code uses: `terraform init` fails for an environment whose state has nothing "
                f"of it. To have it removed, {advice}."
            )
    if of_one := [posixpath.dirname(path) for path in of_one_platform(template.files)]:
        advice = _in_its_directory(template, source, of_one[0], "terraform providers lock -platform=linux_amd64")
        more = "; the same for each other" if len(of_one) > 1 else ""
        yield (
            f"a lock file has the checksum of one platform alone ({', '.join(of_one)}). If that is not the runners', {advice}{more}."
        )


def _sent_as_by_the_source(template: TemplateAt, source: Manifest, clone: Manifest) -> Iterator[str]:
    """Yield the outbound parameters that a clone shares with the source, though neither its purpose nor `shared` says so."""
    purpose = template.declaration.purposes[clone.purpose]
    names = [
        f"`{name}`"
        for name in outbound_alike(clone, source, template)
        if not {"outbound", f"parameter:{name}"} & {*purpose.match, *purpose.differ}
    ]
    if names:
        have, them = ("has", "it") if len(names) == 1 else ("have", "them")
        yield (
            f"{', '.join(names)} {have} {source.name}'s value in clones for `{clone.purpose}`, too, and reaches outside. `set` {them} in that purpose, "
            f"and add `outbound` to its `differ`. If clones may share {them}, list the value under `shared`, or leave out `outbound: true`."
        )


def _current(template: TemplateAt, source: Manifest) -> Manifest:
    """Return the source as it would be rendered now, with the blocks of all migrations: so they pass the gate like other code."""
    now = source.model_copy(update={"revision": template.revision, "stacks": template.declaration.stacks})
    return with_all(now, template.declaration)


def _in_its_directory(template: TemplateAt, source: Manifest | None, stack: str, command: str) -> str:
    """Say where to run a command of Terraform's that writes a stack's lock file: it reads no `.tf.j2`."""
    place = f"{template.where}/{stack}"
    rendered_ones = (path.removesuffix(ENDING) for path in template.files if path.endswith(ENDING))
    if not any(path.startswith(f"{stack}/") and path.endswith(CODE) for path in rendered_ones):
        return f"run `{command}` in {place}, and commit the file"
    rendered = f"{template.roots.environment(source.name if source else template.roots.named('NAME', template.declaration.name))}/{stack}"
    return f"run `{command}` in {rendered}, and copy the {LOCK} that it writes to {place}"


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


def _declaration_findings(template: TemplateAt) -> Iterator[Finding]:
    where = f"{template.where}/{DECLARATION}"
    text = text_of(template.files[DECLARATION], where)
    for place, problem in (
        *_parameter_problems(template),
        *_purpose_problems(template),
        *_chosen_file_problems(template),
        *_unmanaged_problems(template),
        *migration_problems(template.declaration),
    ):
        yield Finding(where, line_of(text, place), problem)
    for position, problem in rule_problems(template.declaration):
        yield Finding(where, line_of(text, ["rules", position]), problem)


def _parameter_problems(template: TemplateAt) -> Iterator[tuple[Sequence[str], str]]:
    declared = template.declaration.parameters
    former = Counter(old for parameter in declared.values() for old in parameter.renamed_from)
    for name, parameter in declared.items():
        for old in parameter.renamed_from:
            if old in declared or former[old] > 1:
                yield (
                    ("parameters", name, "renamed_from"),
                    f"`{old}` is {'still' if old in declared else 'also'} another parameter's name.",
                )
        for reference in references(parameter.derive or ""):
            if reference != ENVIRONMENT and reference not in declared:
                yield ("parameters", name, "derive"), f"unknown parameter `{reference}`."
        if parameter.default is not None:
            place = ("parameters", name, "default")
            yield from ((place, problem) for problem in _value_problems(template, name, parameter.default))
            if parameter.identity:
                yield (
                    place,
                    "an identity parameter can't have a default: clones would share it. `derive` or allocate it, or `set` it in each purpose.",
                )


def _purpose_problems(template: TemplateAt) -> Iterator[tuple[Sequence[str], str]]:
    declared, purposes = template.declaration.parameters, template.declaration.purposes
    if template.declaration.default_purpose not in purposes:
        yield ("default_purpose",), f"unknown purpose `{template.declaration.default_purpose}`."
    for purpose_name, purpose in purposes.items():
        for name, value in purpose.set.items():
            place = ("purposes", purpose_name, "set", name)
            if name not in declared:
                yield place, f"unknown parameter `{name}`."
            elif not (isinstance(value, str) and references(value)):
                yield from ((place, problem) for problem in _value_problems(template, name, value))
        for wanted in (*purpose.match, *purpose.differ):
            parameter = wanted.removeprefix("parameter:")
            if parameter != wanted and parameter not in declared:
                yield ("purposes", purpose_name), f"unknown parameter `{parameter}`."


def _chosen_file_problems(template: TemplateAt) -> Iterator[tuple[Sequence[str], str]]:
    declared, rendered = template.declaration, {path.removesuffix(ENDING) for path in template.files}
    for path, when in declared.files.items():
        if path not in rendered:
            yield (
                ("files", path),
                f"`{path}` is not a file of the template. Name it as it is rendered, without `{ENDING}`.",
            )
        for purpose in when.purpose:
            if purpose not in declared.purposes:
                yield ("files", path), f"unknown purpose `{purpose}`."
        for name, value in when.parameter.items():
            if name not in declared.parameters:
                yield ("files", path), f"unknown parameter `{name}`."
            else:
                yield from ((("files", path), problem) for problem in _value_problems(template, name, value))


def _unmanaged_problems(template: TemplateAt) -> Iterator[tuple[Sequence[str], str]]:
    for environment, values in template.declaration.unmanaged.items():
        for name, value in values.items():
            place = ("unmanaged", environment, name)
            if name not in template.declaration.parameters:
                yield place, f"unknown parameter `{name}`."
            else:
                yield from ((place, problem) for problem in _value_problems(template, name, value))


def _value_problems(template: TemplateAt, name: ParameterName, value: Json) -> Iterator[str]:
    try:
        checked(name, template.declaration.parameters[name], value)
    except InvalidInput as error:
        yield str(error)


def _file_findings(template: TemplateAt, source: Manifest | None) -> Iterator[Finding]:
    where = template.where
    for stack in template.declaration.stacks:
        files = [path for path in template.files if path.startswith(f"{stack}/")]
        if not any(path.removesuffix(ENDING).endswith(CODE) for path in files):
            yield Finding(f"{where}/{DECLARATION}", 1, f"stack `{stack}` has no Terraform files in {where}/{stack}/.")
        elif f"{stack}/{LOCK}" not in files:
            advice = _in_its_directory(template, source, stack, "terraform init -backend=false")
            message = f"missing, so any provider version could be installed. {advice[0].upper()}{advice[1:]}."
            yield Finding(f"{where}/{stack}/{LOCK}", 1, message)


def _syntax_findings(template: TemplateAt, tool: Tool) -> Iterator[Finding]:
    where = template.where
    for path, file in template.files.items():
        name = path.removesuffix(ENDING)
        if name.endswith(OPENTOFU) and (message := misplaced(name, tool)):
            # Said first: without these files the code lacks what others refer to.
            yield Finding(f"{where}/{path}", 1, message)
        elif path.endswith((*CODE, ".tfvars", ".tfvars.json")):
            try:
                check_syntax(path, file.data)
            except InvalidInput as error:
                yield Finding(f"{where}/{path}", 1, str(error))


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
