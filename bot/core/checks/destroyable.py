"""Born destroyable: what would keep a clone from being destroyed again is found before the clone is made.

Two sources are held against the cloud's table of `DestroyRules`. The code as rendered, before there are credentials: what can't be seen in
it without Terraform is left to the second. The plan, after evaluation: there, what only the apply will tell is a finding.
Protected environments are not held against it: a template hangs such attributes on a parameter that tells the two apart.

What a cloud keeps for a while and then removes by itself is no finding but a remainder that a destroy's receipt names: the
recovery window of a secret, the deletion window of a key, automated backups.
"""

import posixpath
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from bot.core.cloud_facts import DestroyRule, DestroyRules
from bot.core.hcl.local_modules import code_files, reached
from bot.core.hcl.module import Module
from bot.core.hcl.parser import blocks
from bot.core.hcl.scope import ModuleAddress, Names
from bot.core.hcl.syntax.ast import Block, Setting
from bot.core.hcl.value_files import given_values, value_files
from bot.core.hcl.values import OUTPUT, plain, rules_in
from bot.core.hcl.values import HclValue as Told
from bot.core.hcl.values import Unknown as Untold
from bot.core.plans.environment_plan import StackPlan
from bot.core.plans.plan import Action, PlannedChange, without_keys
from bot.core.plans.plan_values import UNKNOWN, Masked, PlanValue, UnknownUntilApply
from bot.core.tree import Tree
from bot.errors import Finding, InvalidInput
from bot.model.modules import place_of
from bot.model.pipeline import Stack
from bot.names import StepName

PREVENTED = (
    "`lifecycle.prevent_destroy` is true, so Terraform would refuse to destroy it. It can't depend on a parameter: "
    "remove it, and use the resource's own deletion protection."
)


@dataclass(frozen=True, slots=True)
class _Declared:
    """A resource's block in the code, and where it stands."""

    path: str
    block: Block

    @property
    def name(self) -> str:
        return ".".join(self.block.labels)

    def line_of(self, attribute: str) -> int:
        """Return the line of an attribute, or of the block when it is not written there."""
        return next(self._lines(attribute), self.block.line)

    def has_written(self, attribute: str) -> bool:
        """Say whether the attribute is written there, and so not left to the provider."""
        return any(self._lines(attribute))

    def _lines(self, attribute: str) -> Iterator[int]:
        *outer, name = attribute.split(".")
        found = (block.setting(name) for block in _inside([self.block], outer))
        return (setting.line for setting in found if setting is not None)


def undestroyable_code(
    files: Tree, stacks: Mapping[StepName, Stack], where: str, rules: DestroyRules
) -> Sequence[Finding]:
    """Return what in a clone's `files` would keep it from being destroyed, as far as the code tells. What can't be parsed is the gate's."""
    found: list[Finding] = []
    for name, stack in stacks.items():
        root, elsewhere = _names(files, name, stack), Module({}, ModuleAddress("", ""), {}).names
        for declared in _resources(files, name, where):
            is_root = posixpath.dirname(declared.path) == f"{where}/{name}"
            found += _judged_code(declared, root if is_root else elsewhere, rules)
    return found


def undestroyable_plan(files: Tree, plans: Iterable[StackPlan], where: str, rules: DestroyRules) -> Sequence[Finding]:
    """Return what in a clone's plans would keep it from being destroyed."""
    found: list[Finding] = []
    for stack in plans:
        declared = _resources(files, stack.name, where)
        for change in stack.plan.changes:
            if not change.is_data and change.action not in {Action.DELETE, Action.FORGET}:
                place = _place(change, declared, f"{where}/{stack.name}")
                applying = rules_of(change.type, rules)
                found += _judged_change(change, applying, place, f"{where}/{stack.name}")
    return found


def _judged_code(declared: _Declared, names: Names, rules: DestroyRules) -> Iterator[Finding]:
    for lifecycle in _inside([declared.block], ["lifecycle"]):
        prevented = lifecycle.setting("prevent_destroy")
        if prevented is not None and _told(prevented, names) is True:
            yield Finding(declared.path, prevented.line, _message(declared.name, PREVENTED))
    there = {*(each.name for each in declared.block.settings), *(each.type for each in declared.block.blocks)}
    for rule in rules_of(declared.block.labels[0] if declared.block.labels else "", rules):
        if _is_left_out(rule, there):
            continue  # most are, and what is left out may be
        for value in _written(declared.block, rule.attribute, names):
            if not isinstance(value, UnknownUntilApply) and (complaint := violation(rule, value)):
                yield Finding(declared.path, declared.line_of(rule.attribute), _message(declared.name, complaint))


def _is_left_out(rule: DestroyRule, there: Collection[str]) -> bool:
    """Say whether a block with these settings and blocks leaves an attribute to a default with which it can be destroyed."""
    outer, _, inner = rule.attribute.partition(".")
    return outer not in there and "dynamic" not in there and (bool(inner) or violation(rule, None) is None)


def _judged_change(
    change: PlannedChange, rules: Sequence[DestroyRule], place: _Declared | None, stack: str
) -> Iterator[Finding]:
    for rule in rules:
        for value in _planned(change.after, rule.attribute.split(".")):
            if isinstance(value, UnknownUntilApply) and not (place and place.has_written(rule.attribute)):
                continue  # nobody set it, and the provider's own value comes with the apply
            if complaint := violation(rule, value.reveal() if isinstance(value, Masked) else value):
                line = place.line_of(rule.attribute) if place else 1
                yield Finding(place.path if place else stack, line, _message(change.address, complaint))


def rules_of(kind: str, rules: DestroyRules) -> Sequence[DestroyRule]:
    """Return the rules for a type of resource: its own, and those for every type that its own do not override."""
    own = rules.get(kind, ())
    said = {rule.attribute for rule in own}
    return [*own, *(rule for rule in rules.get("*", ()) if rule.attribute not in said)]


def violation(rule: DestroyRule, value: PlanValue) -> str | None:
    """Return what is wrong with a value and what it should be; None when nothing is."""
    is_unknown = isinstance(value, UnknownUntilApply)
    if not is_unknown and _plain(rule.unset if value is None else value) == rule.may_be:
        return None  # nearly always, so nothing is written before
    should = f"it must be {_shown(rule.may_be)} in a clone ({rule.why})."
    if is_unknown:
        return f"`{rule.attribute}` is known only after the apply; {should}"
    is_ = "is not set" if value is None else f"is {_shown(value)}"
    return f"`{rule.attribute}` {is_}; {should}"


def _plain(value: PlanValue) -> PlanValue:
    # Terraform takes the text for the truth value.
    return {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value


def _shown(value: PlanValue) -> str:
    match value:
        case None:
            return "unset"
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"'
        case _:
            return "set"


def _message(address: str, complaint: str) -> str:
    return f"`{address}` could not be destroyed later: {complaint}"


def _resources(files: Tree, stack: StepName, where: str) -> Sequence[_Declared]:
    found = []
    called, by_directory = reached(files, stack), code_files(files)
    below = [directory for directory in by_directory if f"{directory}/".startswith(f"{stack}/")]
    for path in (path for directory in dict.fromkeys((*below, *called)) for path in by_directory.get(directory, ())):
        found += [_Declared(place_of(where, path), block) for block in _blocks(files, path) if block.type == "resource"]
    return found


def _blocks(files: Tree, path: str) -> Sequence[Block]:
    try:
        return blocks(path, files[path].data)
    except InvalidInput:
        return ()  # the gate says so


def _names(files: Tree, name: StepName, stack: Stack) -> Names:
    """Return what names mean in a root module, as far as its files alone say."""
    given = _given(files, name)
    module = Module(files, ModuleAddress(name, f"{name}/"), {})
    asked = module.code.variables if given is None else set(stack.inputs)
    told = {key: (value, frozenset[str]()) for key, value in (given or {}).items()}
    untold = {key: (Untold(f"var.{key}", frozenset({OUTPUT})), frozenset[str]()) for key in asked}
    module.names.given = {**told, **untold}
    return module.names


def _told(setting: Setting, names: Names) -> PlanValue:
    """Return a setting's value, `UNKNOWN` if it can't be known from the code alone."""
    try:
        value, _ = names.taken(setting.value, {})
    except (InvalidInput, RecursionError):
        return UNKNOWN
    known: PlanValue = plain(value)  # type: ignore[assignment]  # JSON, once nothing in it is unknown
    return UNKNOWN if rules_in(value) else known


def _given(files: Tree, name: StepName) -> Mapping[str, Told] | None:
    """Return what the stack's files with values give to variables, the last of them counts; None if one can't be read."""
    given: dict[str, Told] = {}
    try:
        for path in value_files(files, name):
            given |= {variable: each.value for variable, each in given_values(path, files[path].data).items()}
    except InvalidInput:
        return None
    return given


def _inside(found: Sequence[Block], path: Sequence[str]) -> Sequence[Block]:
    for kind in path:
        found = [inner for block in found for inner in block.blocks if inner.type == kind]
    return found


def _written(block: Block, attribute: str, names: Names) -> Iterator[PlanValue]:
    """Yield the values of an attribute in the code; None where it is not written, which is its default."""
    *outer, name = attribute.split(".")
    for inner in _inside([block], outer):
        is_dynamic = any(each.type == "dynamic" and each.labels[:1] == (name,) for each in inner.blocks)
        setting = inner.setting(name)
        yield UNKNOWN if is_dynamic else None if setting is None else _told(setting, names)


def _planned(value: PlanValue, path: Sequence[str]) -> Iterator[PlanValue]:
    """Yield the values at a path; through a list, each one's."""
    if isinstance(value, UnknownUntilApply) or not path:
        yield value
    elif isinstance(value, Mapping):
        yield from _planned(value.get(path[0]), path[1:])
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _planned(item, path)
    elif len(path) == 1:
        yield None


def _place(change: PlannedChange, declared: Sequence[_Declared], stack: str) -> _Declared | None:
    """Return the block that a planned resource comes from, found by type and name; a root module's lies in the stack's directory."""
    name = ".".join(without_keys(change.address).split(".")[-2:])
    is_root = not change.address.startswith("module.")
    alike = [each for each in declared if each.name == name]
    return next((each for each in alike if (posixpath.dirname(each.path) == stack) is is_root), None)
