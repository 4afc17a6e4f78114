"""What arguments come to that are written as an expression: also `join("/", ["", "etc"])`, a local or a variable may be a path.

Asked only of types of resources whose provider isn't known, so most stacks are not evaluated. What hangs on another resource is followed to
what the code gives that one (`followed`). What a cloud makes up is not known, and neither is what a stack is handed by others: the plan has
that (`planned`).
"""

import posixpath
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bot.core.checks.gate_rules import GateRules
from bot.core.checks.paths.followed import Followed
from bot.core.checks.paths.of_machine import allowed, complaint, is_of_machine
from bot.core.hcl.attributes import META
from bot.core.hcl.local_modules import code_files
from bot.core.hcl.module import Module
from bot.core.hcl.parser import blocks
from bot.core.hcl.result import Given, Thing
from bot.core.hcl.scope import EvaluationChoices, ModuleAddress
from bot.core.hcl.syntax.ast import Block
from bot.core.hcl.value_files import given_values, value_files
from bot.core.hcl.values import TOO_LARGE, HclValue, Unknown, not_evaluated
from bot.core.tree import Tree
from bot.errors import Finding, InvalidInput
from bot.model.modules import place_of

_HIDES = frozenset(
    {"base64decode", "base64gunzip", "csvdecode", "pathexpand", "regex", "regexall", "rsadecrypt", "strrev", "textdecodebase64", "urldecode"}
)  # fmt: skip
"""Functions that make a text which nobody sees in the code. Used on what is written there, they have no other purpose."""
_MADE = {not_evaluated(name): name for name in _HIDES}
_POSITIONS = re.compile(r"(?:\[\d+\])+$")
_LAST = re.compile(r"(?:^|\.)([A-Za-z_][\w-]*)$|\[\"((?:[^\"\\]|\\.)*)\"\]$")


@dataclass(frozen=True, slots=True)
class StackCode:
    """The code of a stack: in which directories it lies, the stack's own first, and which variables it gets from other steps.

    `installed` are the directories of the modules that `init` has brought, by Terraform's key of each, and `free` those of modules that
    may compute which files they read.
    """

    code: Tree
    directories: Sequence[str]
    inputs: Collection[str] = ()
    installed: Mapping[str, str] = field(default_factory=dict)
    free: Collection[str] = ()


def evaluated_path_findings(of: StackCode, rules: GateRules, where: str) -> Iterator[Finding]:
    """Yield the arguments of a stack that come to a path of the machine which plans."""
    kinds = _unknown_kinds(of.code, of.directories, rules)
    if not kinds:
        return
    stack = of.directories[0]
    try:
        given = _given(of.code, stack, of.inputs)
        choices = EvaluationChoices(follows=True, installed=of.installed)
        module = Module(of.code, ModuleAddress(stack, f"{stack}/"), given, choices=choices)
        things = list(module.evaluated().things.values())
        written = Followed(things, rules)
    except (InvalidInput, RecursionError) as error:
        reason = str(error) if isinstance(error, InvalidInput) else "they refer to one another too often."
        message = f"its expressions can't be evaluated, so nobody can say which files they name: {reason}"
        yield Finding(place_of(where, stack), 1, message)
        return
    for thing in things:
        if (kind := _kind_of(thing, kinds.get((thing.file, thing.line), ()))) is not None:
            yield from _of_thing(thing, kind, written, where, is_free=posixpath.dirname(thing.file) in of.free)


def _of_thing(thing: Thing, kind: str, written: Followed, where: str, *, is_free: bool) -> Iterator[Finding]:
    for at, leaf in thing.leaves.items():
        name, place = _argument(at), place_of(where, leaf.file)
        is_hidden = isinstance(leaf.value, Unknown) and (
            TOO_LARGE in leaf.value.rules or _hidden_in(leaf.value) is not None
        )
        if name in META or allowed(kind, name, written.rules.policy) or (is_free and is_hidden):
            continue
        if isinstance(leaf.value, Unknown) and TOO_LARGE in leaf.value.rules:
            message = f"`{name}` is too large to be evaluated, so it may be a path: write the text itself."
            yield Finding(place, leaf.line, message)
        elif isinstance(leaf.value, Unknown) and (made := _hidden_in(leaf.value)) is not None:
            message = (
                f"`{made}` makes a text for `{name}` that can't be seen here, so it may be a path: write the text itself, or, if it is not a file, "
                f"have `{kind}.{name}` added to the policy's `gate.paths`."
            )
            yield Finding(place, leaf.line, message)
        elif isinstance(leaf.value, Unknown):
            if (of := written.path_in(name, leaf.value)) is not None:
                given = f"`{name}` depends on `{of}`, which is given a path of the machine that plans: " if of else ""
                yield Finding(place, leaf.line, f"{given}{complaint(kind, name)}")
        elif isinstance(leaf.value, str) and is_of_machine(name, leaf.value, is_known=False):
            yield Finding(place, leaf.line, complaint(kind, name))


def _kind_of(thing: Thing, unknown: Collection[str]) -> str | None:
    """Return the type of resources that a thing is of, or a `check` has inside, if it is one of these. JSON may have all in one line."""
    kind = thing.block.rsplit(".", 2)[-2].rpartition("/")[2] if "." in thing.block else ""
    return kind if kind in unknown else min(unknown, default=None) if kind == "check" else None


def _hidden_in(value: Unknown) -> str | None:
    return next((_MADE[rule] for rule in sorted(value.rules) if rule in _MADE), None)


def _argument(at: str) -> str:
    found = _LAST.search(_POSITIONS.sub("", at))
    return (found[1] or found[2]) if found else at


def _unknown_kinds(
    code: Tree, directories: Sequence[str], rules: GateRules
) -> Mapping[tuple[str, int], Collection[str]]:
    """Return the types of resources of unknown providers, by where their blocks stand."""
    found: dict[tuple[str, int], set[str]] = {}
    paths = code_files(code)
    for path in (each for directory in directories for each in paths.get(directory, ())):
        for block in _blocks(path, code[path].data):
            for inner in block.within():
                is_resource = inner.type in {"resource", "data", "ephemeral"} and inner.labels
                if is_resource and not rules.knows_files_of(inner.labels[0]):
                    found.setdefault((path, block.line), set()).add(inner.labels[0])
    return found


def _blocks(path: str, data: bytes) -> Sequence[Block]:
    try:
        return blocks(path, data)
    except InvalidInput:
        return ()  # reported by the other checks


def _given(code: Tree, stack: str, inputs: Collection[str]) -> Given:
    found: dict[str, HclValue] = {}
    for path in value_files(code, stack):
        found |= {name: each.value for name, each in given_values(path, code[path].data).items()}
    return {name: (value, frozenset()) for name, value in found.items() if name not in inputs}
