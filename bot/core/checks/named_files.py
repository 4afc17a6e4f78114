"""Which arguments of resources and data sources name a file, and which of these may: as for functions, those of the module's own.

The cloud's provider is known: a table says which of its arguments do (`GateFacts.files`). Of every other provider an argument is taken
by its name for one that does, wherever it stands: in the resource, in a block of it, in an object or a list. What plainly is a path
of this machine counts whatever its argument is called.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from bot.core.checks.bounded_paths import Bounds, bounded, is_made_here, written_out
from bot.core.checks.file_access import ModulePlace, bodies, bounds_of, parts_in_scope
from bot.core.checks.files.by_name import STATE
from bot.core.checks.gate_rules import GateRules
from bot.core.checks.paths.of_machine import allowed, complaint, is_of_machine
from bot.core.hcl.syntax.ast import Block, Choice, Expression, Items, Literal, Pairs, Setting, TemplateExpression
from bot.errors import Finding

_NAMES = frozenset(
    {"config_path", "filename", "kubeconfig", "output_path", "path", "private_key_path", "source", "source_dir", "source_file"}
)  # fmt: skip
_NAMES_OF = {
    "helm_release": frozenset({"chart", "keyring"}),
    "template_dir": frozenset({"destination_dir"}),
    "tfe_slug": frozenset({"source_path"}),
}
"""Arguments of single kinds: a chart is a name, an address or a directory."""
_OF_FILES = ("archive_", "local_", "template_")
"""Types whose every file is one."""
_KEPT = {"null_": "triggers", "random_": "keepers", "time_": "triggers"}
"""What these providers only compare with what it was before, whatever its keys are called. Source: their documentation."""
_SAYS_FILE = re.compile(r"[a-z0-9_]*_(?:file|filename|filepath|file_path|keyfile|keyring)|keyring|keyfile|filepath")
_ELSEWHERE_TOO = frozenset({"path", "source"})
"""Below a resource: part of an address there (`http_get { path = "/ready" }`), or another resource (`boot_disk`)."""


def named_file_findings(block: Block, rules: GateRules, place: ModulePlace, path: str) -> Iterator[Finding]:
    """Yield the arguments in a block that name a file which isn't the module's; some are written to, so what functions read is no excuse."""
    place = replace(place, read=()) if place.read else place
    for inner in block.within():
        if inner.type in {"resource", "data", "ephemeral"} and inner.labels:
            table, kind = rules.cloud.gate.files, inner.labels[0]
            if rules.is_of_cloud(kind):
                yield from _known(inner, table.get("*", frozenset()) | table.get(kind, frozenset()), place, path)
            else:
                yield from _by_name(inner, rules, place, path)


def _known(block: Block, names: frozenset[str], place: ModulePlace, path: str) -> Iterator[Finding]:
    for inner, bounds in bodies(block, bounds_of(block, place)):
        for setting in inner.settings:
            if setting.name in names - (frozenset() if inner is block else _ELSEWHERE_TOO):
                yield from _judged(
                    setting.name, setting.value, bounds, Finding(place.at(path), setting.line, place.instead)
                )


def _by_name(block: Block, rules: GateRules, place: ModulePlace, path: str) -> Iterator[Finding]:
    kind = block.labels[0]
    names = _NAMES | _NAMES_OF.get(kind, frozenset())
    kept = next((name for begun, name in _KEPT.items() if kind.startswith(begun)), "")
    for inner, bounds in bodies(block, bounds_of(block, place)):
        for setting in inner.settings:
            at = Finding(place.at(path), setting.line, _instead(kind, setting.name, place))
            below = names - _ELSEWHERE_TOO
            if kept in (setting.name, inner.type) or allowed(kind, setting.name, rules.policy):
                continue
            if setting.name in (names if inner is block else below) or _SAYS_FILE.fullmatch(setting.name):
                yield from _judged(setting.name, setting.value, bounds, at)
                continue
            for node, bound in parts_in_scope(setting.value, bounds):
                for key, item in _pairs(node):
                    if (key in below or _SAYS_FILE.fullmatch(key)) and not allowed(kind, key, rules.policy):
                        yield from _judged(key, item, bound, replace(at, message=_instead(kind, key, place)))
            yield from _elsewhere(kind, setting, rules, at)


def _pairs(node: Expression) -> Iterator[tuple[str, Expression]]:
    for key, item in node.pairs if isinstance(node, Pairs) else ():
        yield (str(key.value) if isinstance(key, Literal) else ""), item


def _instead(kind: str, name: str, place: ModulePlace) -> str:
    """Return what to do where an argument names a file, or only seems to."""
    if kind.startswith(_OF_FILES):
        return place.instead
    return f"{place.instead} If it is not a file, have `{kind}.{name}` added to the policy's `gate.paths`."


def _judged(name: str, value: Expression, bounds: Bounds, at: Finding) -> Iterator[Finding]:
    """Yield what is wrong with an argument that names a file; `at` has the place, and what to do instead."""
    if not (bounds.is_free or bounded(value, bounds) or is_made_here(value, bounds) or value == Literal(None)):
        yield Finding(at.path, at.line, f"`{name}` names a file, which must be of its own module: {at.message}")
    elif _is_state(written_out(value, bounds)):
        # An apply that finds one beside the code takes it for what Terraform itself has left there.
        yield Finding(
            at.path, at.line, f"`{name}` names a state, which is Terraform's own: give the file another name."
        )


def _is_state(value: Expression) -> bool:
    last = value.parts[-1] if isinstance(value, TemplateExpression) and value.parts else value
    return isinstance(last, Literal) and isinstance(last.value, str) and last.value.endswith(STATE)


def _elsewhere(kind: str, setting: Setting, rules: GateRules, at: Finding) -> Iterator[Finding]:
    """Yield what does not say by its name that it is a file, and is a path of this machine all the same."""
    is_known = rules.knows_files_of(kind)
    left = [(setting.name, setting.value)]
    while left:
        name, value = left.pop()
        match value:
            case Pairs():
                left += [(key or name, item) for key, item in _pairs(value)]
            case Items(items):
                left += [(name, item) for item in items]
            case Choice(_, then, otherwise):
                left += [(name, then), (name, otherwise)]
            case TemplateExpression((Literal(str(text)), *_)) | Literal(str(text)) if is_of_machine(
                name, text, is_known=is_known
            ) and not allowed(kind, name, rules.policy):
                yield Finding(at.path, at.line, complaint(kind, name))
            case _:
                pass
