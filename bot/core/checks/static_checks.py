"""The static gate: what code may do is decided before anything of it is run.

A plan is not harmless. Providers, modules, some data sources and functions run code or read files while planning, with
whatever credentials the process has. So before `terraform init` the code is held against an allow-list that comes from the
policy of the default branch; what the gate can't read, it refuses. Source of the list: Terraform's language documentation
(https://developer.hashicorp.com/terraform/language), "what runs at plan time".
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from bot.core.checks.file_access import ModulePlace, call_findings
from bot.core.checks.files.by_name import misplaced
from bot.core.checks.files.of_stacks import stack_file_findings, too_many_files, unreadable
from bot.core.checks.gate_rules import GateRules, without_ref
from bot.core.checks.known_texts import KnownTexts, known_texts
from bot.core.checks.module_sources import (
    local_module_findings,
    source_complaints,
)
from bot.core.checks.named_files import named_file_findings
from bot.core.checks.paths.evaluated import StackCode, evaluated_path_findings
from bot.core.checks.providers.config import backend_complaints, machine_complaints, provider_complaints
from bot.core.checks.remote_states import KIND as REMOTE_STATE
from bot.core.checks.remote_states import remote_state_findings
from bot.core.checks.required_providers import local_names_of, provider_of, source_of
from bot.core.hcl.local_modules import directories_read, is_outside, locals_of, places_outside, reached, with_shadowed
from bot.core.hcl.parser import blocks, parsed
from bot.core.hcl.syntax.ast import Block
from bot.core.tree import MOST_FILES, Tree
from bot.errors import Finding, InvalidInput
from bot.model.modules import place_of
from bot.model.pipeline import Stack
from bot.model.roots import Roots
from bot.names import StepName

__all__ = ["GateRules", "gate"]

_TERRAFORM_BLOCKS = frozenset({"backend", "cloud", "provider_meta", "required_providers"})
POST_RENDERER = "postrender"
"""Of the provider helm: a block, and since its version 3 an argument."""
_RUNNING = frozenset({"provisioner", "connection", POST_RENDERER})
_INSTEAD = {
    "external": "declare a hook.",
    "http": "declare a hook.",
}


def gate(code: Tree, stacks: Mapping[StepName, Stack], rules: GateRules, where: str) -> Sequence[Finding]:
    """Return everything in an environment's `code` that may not be planned; `where` is its directory, for messages.

    `code` are its own files and those of the modules outside that it calls (`core/hcl/local_modules`).
    """
    if len(code) > MOST_FILES:
        return [too_many_files(where)]
    reaches: dict[str, tuple[str, ...]] = {stack: reached(code, stack) for stack in stacks}
    read = {stack: _readable(code, directories_read(code, found), rules, where) for stack, found in reaches.items()}
    called = frozenset(directory for found in reaches.values() for directory in found)
    findings = [*stack_file_findings(code, stacks, called, where, rules.tool)]
    texts: dict[str, Mapping[str, KnownTexts]] = {
        stack: known_texts(code, reaches[stack], stacks[stack].inputs) for stack in stacks
    }
    # What OpenTofu doesn't read is held against the same rules: an older one would, and so would Terraform.
    paths = with_shadowed(code)
    # What no stack reaches is held against the same rules, as if the directory at its top were a stack.
    places: dict[tuple[str, str], None] = {(each, stack): None for stack, found in reaches.items() for each in found}
    places |= {(directory, _root_of(directory, stacks)): None for directory in paths if not is_outside(directory)}
    judged: dict[Finding, None] = {}
    for directory, root in places:
        if root in reaches or directory not in called:
            names = local_names_of(code, directory)
            place = ModulePlace(
                code,
                directory,
                root,
                where,
                _callable(names, rules),
                texts.get(root, {}).get(directory, {}),
                locals_of(code, directory),
                tuple(stacks),
                rules.policy.functions,
                reaches.get(root, ()),
                place_of(where, directory) if is_outside(directory) else "",
                directory in _free([directory], rules, where),
                read.get(root, ()),
            )
            is_stack = directory in reaches or directory not in called
            found = _module_findings(place, paths.get(directory, ()), rules, is_stack=is_stack)
            judged |= dict.fromkeys(found)
            judged |= dict.fromkeys(_missing_modules(place, paths.get(directory, ()), rules.roots))
    for name, each in stacks.items():
        judged |= dict.fromkeys(
            evaluated_path_findings(
                StackCode(code, reaches[name], each.inputs, free=_free(reaches[name], rules, where)), rules, where
            )
        )
    judged_files = {path: code[path] for directory, _ in places for path in paths.get(directory, ())}
    return [*findings, *judged] or rules.referee(judged_files, where)


def _readable(code: Tree, directories: Sequence[str], rules: GateRules, where: str) -> tuple[str, ...]:
    """Return those of the directories that are part of the code with all that is in them, so that what is read there is reviewed."""
    if not directories:
        return ()
    name, whole = rules.roots.name_at(where), tuple(f"{each}/" for each in places_outside(code))
    there = (each for each in directories if any(path.startswith(f"{each}/") for path in code))
    return tuple(
        each
        for each in there
        if not is_outside(each) or (f"{each}/".startswith(whole) and rules.roots.module(each, name) is not None)
    )


def _free(directories: Sequence[str], rules: GateRules, where: str) -> frozenset[str]:
    """Return the directories of the modules that may compute which files they read."""
    return frozenset(each for each in directories if is_outside(each) and rules.reads_freely(place_of(where, each)))


def _root_of(directory: str, stacks: Collection[StepName]) -> str:
    """Return the stack that a directory lies in, or else the directory at its top."""
    return next(
        (each for each in stacks if f"{directory}/".startswith(f"{each}/")), directory.split("/", maxsplit=1)[0]
    )


def _callable(local_names: Mapping[str, str], rules: GateRules) -> frozenset[str]:
    """Return the local names of providers whose functions may be called: those that may run anyway."""
    own = {name for name, source in local_names.items() if source in rules.providers}
    implied = {source.removeprefix("hashicorp/") for source in rules.providers if source.startswith("hashicorp/")}
    return frozenset(own | (implied - local_names.keys()) | {"terraform"})


def _module_findings(
    place: ModulePlace, paths: Sequence[str], rules: GateRules, *, is_stack: bool
) -> Iterator[Finding]:
    code, local_names = place.files, local_names_of(place.files, place.directory)
    for path in paths:
        try:
            whole = parsed(path, code[path].data)
        except InvalidInput as error:
            yield unreadable(place.at(path), error)
            continue
        for setting in whole.settings:
            message = f"`{setting.name} = …` stands outside any block: put it into `locals`, or into the block that it belongs to."
            yield Finding(place.at(path), setting.line, message)
        for block in whole.blocks:
            yield from (Finding(place.at(path), line, message) for line, message in _judged(block, rules, local_names))
            if not is_stack:
                yield from (Finding(place.at(path), *each) for each in machine_complaints(block, rules))
            yield from call_findings(block, place, path)
            yield from named_file_findings(block, rules, place, path)
            yield from remote_state_findings(block, place, path, rules)


def _missing_modules(place: ModulePlace, paths: Sequence[str], roots: Roots) -> Iterator[Finding]:
    for path in paths:
        try:
            found = blocks(path, place.files[path].data)
        except InvalidInput:
            continue  # reported by the other checks
        for block in found:
            yield from local_module_findings(block, place, path, roots)


def downloaded_findings(files: Tree, rules: GateRules, where: str, source: str = "") -> Sequence[Finding]:
    """Return what a downloaded module, with all that lies below its directory, may not do; `where` names it in messages.

    `source` is what was downloaded, as the code that calls it says it.
    The modules that it calls are downloaded, too, and are judged for themselves.
    """
    names = _callable(local_names_of(files, ""), rules)
    place = ModulePlace(
        files,
        "",
        "",
        where,
        names,
        locals=locals_of(files, ""),
        functions=rules.policy.functions,
        known_as=without_ref(source),
        reads_freely=rules.reads_freely(source),
    )
    paths = with_shadowed(files).get("", ())
    named = ((path, misplaced(path, rules.tool)) for path in sorted(files) if "/" not in path)
    found = [Finding(place.at(path), 1, message) for path, message in named if message is not None]
    found += _module_findings(place, paths, rules, is_stack=False)
    return found or rules.referee({path: files[path] for path in paths}, where)


def _judged(block: Block, rules: GateRules, local_names: dict[str, str]) -> Iterator[tuple[int, str]]:
    match block.type:
        case "terraform":
            yield from _terraform(block, rules)
        case "provider":
            yield from _provider(block, rules, local_names)
        case "resource" | "data" | "ephemeral":
            yield from _resource(block, rules, local_names)
        case "module":
            yield from source_complaints(block, rules)
            yield from _programs(block, rules)
        case "import":
            yield from _import(block, rules)
        case "variable" | "output" | "locals" | "moved" | "removed" | "check":
            yield from _programs(block, rules)
            yield from (
                judged
                for inner in block.within()
                if inner.type in {"data", "resource", "ephemeral"} and inner is not block
                for judged in _resource(inner, rules, local_names)
            )
        case other:
            yield block.line, f"`{other}` blocks are not allowed. Remove it."


def _terraform(block: Block, rules: GateRules) -> Iterator[tuple[int, str]]:
    for setting in block.settings:
        if setting.name != "required_version":
            yield setting.line, f"`{setting.name}` in the terraform block is not allowed: leave it out."
    for inner in block.blocks:
        if inner.type not in _TERRAFORM_BLOCKS:
            yield inner.line, f"`{inner.type}` in the terraform block is not allowed: leave it out."
        elif inner.type == "provider_meta":
            continue  # a word for the provider's statistics
        elif inner.type == "required_providers":
            for setting in inner.settings:
                source = source_of(setting.name, setting.value)
                if source not in rules.providers:
                    yield inner.line, _provider_complaint(source, rules)
        else:
            yield from backend_complaints(inner, rules)


def _provider(block: Block, rules: GateRules, local_names: dict[str, str]) -> Iterator[tuple[int, str]]:
    name = block.labels[0] if block.labels else "?"
    source = local_names.get(name, f"hashicorp/{name}")
    if source in rules.providers:
        yield from provider_complaints(block, source, rules)
        yield from _programs(block, rules)
    else:
        yield block.line, _provider_complaint(source, rules)


def _resource(block: Block, rules: GateRules, local_names: dict[str, str]) -> Iterator[tuple[int, str]]:
    kind = block.labels[0] if block.labels else "?"
    source = provider_of(block, local_names)
    if source not in rules.providers:
        yield block.line, _provider_complaint(source, rules)
    is_state = (block.type, kind) == ("data", REMOTE_STATE)  # `remote_state_findings` looks where it lies
    if block.type != "resource" and not is_state and not rules.allows_data(kind):
        what = "data source" if block.type == "data" else "ephemeral resource"
        instead = _INSTEAD.get(
            kind, "make what it returns a parameter, or have it added to the policy's `gate.data_sources`."
        )
        yield block.line, f"{what} `{kind}` runs or fetches something while planning: {instead}"
    elif block.type != "resource" and kind not in rules.policy.data_sources:
        yield from _addressed(block, rules.cloud.gate.addresses.get(kind, frozenset()))
    yield from _programs(block, rules)


def _addressed(block: Block, arguments: Collection[str]) -> Iterator[tuple[int, str]]:
    for setting in (each for inner in block.within() for each in inner.settings if each.name in arguments):
        message = (
            f"`{setting.name}` says whom `{block.labels[0]}` asks while planning: leave it out, or have the data source added to the "
            "policy's `gate.data_sources`."
        )
        yield setting.line, message


def _programs(block: Block, rules: GateRules) -> Iterator[tuple[int, str]]:
    if rules.policy.provisioners:
        return
    for inner in block.within():
        made = inner.labels[0] if inner.type == "dynamic" and inner.labels else inner.type
        if made in _RUNNING:
            yield inner.line, f"a `{made}` runs programs: declare a hook instead."
        for setting in inner.settings:
            if setting.name == POST_RENDERER:
                yield setting.line, f"`{setting.name}` runs a program: declare a hook instead."


def _import(block: Block, rules: GateRules) -> Iterator[tuple[int, str]]:
    yield from _programs(block, rules)
    if not rules.policy.imports:
        message = (
            "an `import` block takes over what exists: remove it once production is imported, or set the policy's `gate.imports`, and "
            "have only the protected environment get the file (`files` in template.yaml)."
        )
        yield block.line, message


def _provider_complaint(source: str, rules: GateRules) -> str:
    return (
        f"provider `{source}` is not in the policy's `gate.providers` ({', '.join(rules.providers)}): "
        "leave it out, or have it added."
    )
