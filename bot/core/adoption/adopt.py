"""Make a template of a production that somebody wrote by hand, so that production is rendered from it as it is.

Properties. Nothing of Terraform's is generated: a file is taken over as it is, or literals in it are replaced by parameters and
everything else stays byte for byte. Whatever can't be filled in again exactly stays as it is, and is named as left to decide.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.core.adoption.hooks import ProposedHook, proposed_hooks
from bot.core.adoption.literals import Item, LiteralAt, items, paired
from bot.core.adoption.parameters import AdoptedParameter, Parameters, declared, is_secret_at
from bot.core.adoption.search import identity_found
from bot.core.adoption.settled import AsInProduction, GivenElsewhere
from bot.core.adoption.stacks import declared_stacks, older_states, place_parameters, stack_names, state_parameters
from bot.core.adoption.states import states_to_decide
from bot.core.adoption.taken_over import taken_over, values_place
from bot.core.hcl.syntax.tokens import decoded
from bot.core.hcl.value_files import VALUES
from bot.core.parity.directories.evaluation import EvaluatedRoot, evaluated_root
from bot.core.parity.directories.likeness import Likeness, production_words
from bot.core.parity.directories.sides import RootSource, Side
from bot.core.rendering.render import ENDING
from bot.core.tree import HCL_CODE, File
from bot.errors import Finding, InvalidInput
from bot.model.pipeline import Json
from bot.model.roots import Roots
from bot.model.template import DECLARATION
from bot.model.yaml_document import dump
from bot.names import EnvironmentName, is_valid, resembles

SCHEMA = ".github/schemas/template.schema.json"
OF_THE_MODULE = frozenset({"source", "version"})
"""Arguments that take no parameter: Terraform reads them before there are values."""
_HCL = (*HCL_CODE, ".tfvars", ".tfvars.json")
_BRACES = re.compile(r"\{\{|\{%|\{#")


@dataclass(frozen=True, slots=True)
class Adoption:
    """What production becomes: the template's files with its declaration, and what its manifest says.

    `written` are production's own files, as they are to be rendered again; in `moved` of them a module's path is another one. What is
    `as_in_production` in every clone may be meant so; what is `undecided` may not stay.
    """

    files: Mapping[str, File]
    written: Mapping[str, File]
    parameters: Sequence[AdoptedParameter]
    stacks: Mapping[str, Json]
    state: Mapping[str, Json]
    moved: Sequence[str]
    undecided: Sequence[Finding]
    as_in_production: Sequence[AsInProduction] = ()
    hooks: Sequence[ProposedHook] = ()
    given_elsewhere: Sequence[GivenElsewhere] = ()


def adopt(name: str, theirs: Side, ours: Side | None, likeness: Likeness, *, roots: Roots) -> Adoption:
    """Return the template of production (`theirs`), with the parameters by which it becomes the other environment (`ours`).

    Without another environment its identity is searched for.
    """
    where, stacks = roots.template(name), stack_names(theirs.roots)
    written, moved = taken_over(theirs, stacks, roots.environment(name))
    evaluated = {root.name: evaluated_root(root) for root in theirs.roots}
    about = {n: text for each in evaluated.values() for n, text in _descriptions(each).items()}
    found, words = Parameters(likeness, about), production_words(theirs.label, name)
    others = {root.name: _counterpart(root, ours, likeness) for root in theirs.roots}
    sides = [(_read(stacks[root.name], written), _items(others[root.name])) for root in theirs.roots]
    matched = [paired(mine, other, likeness.neutral_address) for mine, other in sides]
    pairs = [pair for each, _ in matched for pair in each if pair.theirs.name not in OF_THE_MODULE]
    found.found += state_parameters(evaluated, stacks, words)
    found.found += place_parameters(evaluated, pairs, likeness.cloud)
    if ours is None:
        found.found += identity_found([item for mine, _ in sides for item in mine], words, about, likeness.cloud)
    found.add_all(pairs)
    both = {(pair.theirs.path, pair.theirs.start): pair.ours.text for pair in pairs}
    literals = [literal for mine, _ in sides for item in mine for literal in item.literals]
    files = dict(written)
    kept = [*_structural(matched)] if ours is not None else []
    undecided = [
        replace(each, path=f"{where}/{each.path}") for each in states_to_decide(evaluated, stacks, likeness.cloud)
    ]
    kept += [each for root in theirs.roots for each in _other_files(root, others[root.name], stacks[root.name])]
    for path in sorted({literal.path for literal in literals}):
        inside = [each for each in literals if each.path == path]
        filled = {each: _filled(each, both.get((each.path, each.start)), found) for each in inside}
        inexact = [each for each, text in filled.items() if text is None]
        undecided += [_secret(each, where) for each in inexact if is_secret_at(each)]
        kept += [_inexact(each) for each in inexact if not is_secret_at(each)]
        replaced = {each: text for each, text in filled.items() if text is not None and text != each.text}
        if replaced:
            files[path + ENDING] = File(_spliced(files.pop(path), path, replaced))
    spliced = {f"{where}/{path}" for path in files if path.endswith(ENDING)}
    undecided = [
        replace(each, path=each.path + ENDING) if each.path + ENDING in spliced else each for each in undecided
    ]
    # Those whose every place a longer parameter took, as a state's key with the name in it.
    found.found = [each for each in found.found if any(each.filled.encode() in file.data for file in files.values())]
    purposes = _purposes(name, ours.label if ours else "", found.found, likeness)
    declaration: dict[str, Json] = {
        "name": name,
        "description": f"Taken over from {theirs.label}.",
        "default_purpose": next(reversed(purposes)),
        "parameters": {each.name: declared(each, likeness.ours) for each in found.found},
        "purposes": purposes,
        "stacks": declared_stacks(evaluated, stacks),
        **({"unmanaged": _unmanaged(name, ours.label, found.found, likeness)} if ours is not None else {}),
    }
    files[DECLARATION] = File(dump(declaration, f"{posixpath.relpath('.', where)}/{SCHEMA}").encode())
    return Adoption(
        files,
        written,
        found.found,
        declared_stacks(evaluated, stacks),
        older_states(name, evaluated, stacks),
        moved,
        undecided,
        kept,
        proposed_hooks(evaluated, stacks, likeness.cloud),
        [
            each
            for root, (mine, other) in zip(theirs.roots, sides, strict=True)
            for each in _given_elsewhere(stacks[root.name], mine, other, others[root.name])
        ],
    )


def _read(stack: str, written: Mapping[str, File]) -> list[Item]:
    return [
        each
        for path, file in sorted(written.items())
        if path.startswith(f"{stack}/") and path.endswith(_HCL)
        for each in _readable(path, file)
    ]


def _readable(path: str, file: File) -> Sequence[Item]:
    try:
        return items(path, file.data)
    except InvalidInput:
        return ()  # the template's check says what is wrong with it


def _counterpart(root: RootSource, ours: Side | None, likeness: Likeness) -> RootSource | None:
    """Return the other environment's root module that is the same as this one."""
    if ours is None:
        return None
    names = {likeness.neutral_address(each.name, is_ours=True): each for each in ours.roots}
    other = names.get(likeness.neutral_address(root.name, is_ours=False))
    return ours.roots[0] if other is None and len(ours.roots) == 1 else other


def _items(root: RootSource | None) -> list[Item]:
    own = (
        {}
        if root is None
        else {p: f for p, f in root.files.items() if not p.startswith("../") and values_place(root, p) is not None}
    )
    return [each for path, file in sorted(own.items()) if path.endswith(_HCL) for each in _readable(path, file)]


def _other_files(root: RootSource, other: RootSource | None, directory: str) -> Iterator[AsInProduction]:
    """Yield the files that differ and are no Terraform code, so that no parameters were found in them."""
    for path, file in sorted(root.files.items()):
        same = other.files.get(path, file) if other is not None else file
        if not path.startswith("../") and not path.endswith((*_HCL, ".terraform.lock.hcl")) and same.data != file.data:
            said = "differs, and is not Terraform code: it stays as production has it."
            yield AsInProduction(f"{directory}/{path}", 1, file.data.count(b"\n") + 1, said)


def _given_elsewhere(
    stack: str, theirs: Sequence[Item], ours: Sequence[Item], root: RootSource | None
) -> Iterator[GivenElsewhere]:
    """Yield the variables of production's code that the other environment's files alone give a value."""
    declared = {each.key for each in theirs}
    for each in ours:
        path = each.literals[0].path if each.literals else ""
        is_known = f"variable {each.key}" in declared and each.key not in declared
        if root is not None and path.endswith(VALUES) and is_known:
            line = min(word.line for word in each.words)
            yield GivenElsewhere(stack, each.key, posixpath.join(root.directory, path), line)


def _structural(matched: Sequence[tuple[Sequence[object], Sequence[Item]]]) -> Iterator[AsInProduction]:
    """Yield what differs in more than values."""
    found = [
        AsInProduction(
            item.literals[0].path,
            min(word.line for word in item.words),
            max(word.line for word in item.words),
            f"`{item.key}` differs in more than values, or only production has it: every clone gets it as production has it.",
        )
        for _, others in matched
        for item in others
        if item.literals
    ]
    yield from sorted(found, key=lambda each: (each.path, each.first))


def _filled(literal: LiteralAt, other: str | None, found: Parameters) -> str | None:
    """Return what replaces a literal, the literal if nothing has to; None if it differs and can't be a parameter."""
    if literal.name in OF_THE_MODULE:
        return literal.text
    if (place := found.fixed(literal)) is not None:
        return place
    if other == literal.text:
        return literal.text
    if other is None:
        return found.searched(literal.text) if literal.kind in ("text", "list") else literal.text
    return found.explained(literal, other)


def _secret(literal: LiteralAt, directory: str) -> Finding:
    said = f"`{literal.name}` is a secret in plain text: move it to a secret store before anything is cloned."
    return Finding(f"{directory}/{literal.path}", literal.line, said)


def _inexact(literal: LiteralAt) -> AsInProduction:
    said = f"`{literal.name}` differs, but can't be filled in exactly: it stays as production has it."
    return AsInProduction(literal.path, literal.line, literal.line, said)


def _spliced(file: File, path: str, replaced: Mapping[LiteralAt, str]) -> bytes:
    """Return a file with parameters in the place of literals; braces of its own stay what they are."""
    text, at, parts = decoded(path, file.data), 0, []
    for literal, filled in sorted(replaced.items(), key=lambda pair: pair[0].start):
        parts += [_plain(text[at : literal.start]), filled]
        at = literal.end
    return "".join([*parts, _plain(text[at:])]).encode()


def _plain(text: str) -> str:
    return f"{{% raw %}}{text}{{% endraw %}}" if _BRACES.search(text) else text


def _purposes(name: str, label: str, found: Sequence[AdoptedParameter], likeness: Likeness) -> dict[str, Json]:
    if not label:
        demo: dict[str, Json] = {"description": "To show or to try.", "match": ["topology"], "differ": ["identity"]}
        return {name: {"description": "The real thing."}, "demo": demo}
    other = _called(label) or "clone"
    given = {
        each.name: each.other
        for each in found
        if "derive" not in (said := declared(each, likeness.ours)) and "allocate" not in said
    }
    return {name: {"description": "The real thing."}, other: {"description": f"As {label} is.", "set": given}}


def _called(label: str) -> str:
    """Return what the other environment is called, as a name has it."""
    called = posixpath.basename(label)
    ending = next((each for each in VALUES if called.endswith(each)), "")
    return re.sub(r"[^a-z0-9]+", "-", called.removesuffix(ending).lower()).strip("-")


def _unmanaged(name: str, label: str, found: Sequence[AdoptedParameter], likeness: Likeness) -> dict[str, Json]:
    """Return the other environment with the values that are its own: not those that all clones are to share with it, as an account."""
    other = _called(label)[: EnvironmentName.longest].rstrip("-")
    if not is_valid(EnvironmentName, other) or other == name or resembles(other, name):
        other = f"other-{other}"[: EnvironmentName.longest].rstrip("-")
    own = {
        each.name: each.other
        for each in found
        if each.is_identity and each.ours is not None and each.ours != each.theirs
        for said in [declared(each, likeness.ours)]
        if "{" in str(said.get("derive", "")) or "allocate" in said
    }
    return {other: own}


def _descriptions(each: EvaluatedRoot) -> dict[str, str]:
    """Return what variables say of themselves."""
    found: dict[str, str] = {}
    for path, file in each.root.files.items():
        if "/" in path or not path.endswith(HCL_CODE):
            continue
        for item in _readable(path, file):
            kind, _, name = item.key.partition(" ")
            said = (
                next((each.text for each in item.literals if each.name == "description"), "")
                if kind == "variable"
                else ""
            )
            if said and "\\" not in said:
                found[name] = said
    return found
