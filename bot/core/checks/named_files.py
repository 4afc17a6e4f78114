"""Which arguments of resources and data sources name a file, and which of these may: as for functions, those of the module's own.

The cloud's provider is known: a table says which of its arguments do (`GateFacts.files`). Of every other provider an argument is taken
by its name for one that does, wherever it stands: in the resource, in a block of it, in an object or a list. What plainly is a path
of this machine counts whatever its argument is called.
"""

import re
from collections.abc import Iterator

from bot.core.checks.bounded_paths import Bounds, bounded
from bot.core.checks.file_access import INSTEAD, ModulePlace, bodies, bounds_of, parts_in_scope
from bot.core.checks.gate_rules import GateRules
from bot.core.hcl.ast import (
    AttributeAccess,
    Block,
    Choice,
    Expression,
    Index,
    Items,
    Literal,
    NameExpression,
    Pairs,
    TemplateExpression,
)
from bot.errors import Finding

_NAMES = frozenset(
    {"config_path", "filename", "kubeconfig", "output_path", "path", "private_key_path", "source", "source_dir", "source_file"}
)  # fmt: skip
_NAMES_OF = {"helm_release": frozenset({"chart", "keyring"})}
"""Arguments of single kinds: a chart is a name, an address or a directory."""
_SAYS_FILE = re.compile(r"[a-z0-9_]*_(?:file|filename|filepath|file_path|keyfile|keyring)|keyring|keyfile|filepath")
_ELSEWHERE_TOO = frozenset({"path", "source"})
"""Below a resource: part of an address there (`http_get { path = "/ready" }`), or another resource (`boot_disk`)."""
_THIS_MACHINE = re.compile(r"~[a-z0-9._-]*/|file:|(?:\./)*\.\./")
"""How a text begins that is a path of this machine and hardly anything else."""
_OF_PROCESSES = re.compile(r"/proc/(?:self|thread-self|[0-9]+)(?:/|$)")
_WORDS = frozenset({"args", "arguments", "command", "entrypoint"})
"""What a program of a container is started with."""
_IN_CONTAINERS = re.compile(r"(?:.*_)?(?:mount_path|mount_point|sub_path|host_path)|path|" + "|".join(sorted(_WORDS)))
"""Arguments for a container or the machine that it runs on, which has processes of its own."""


def named_file_findings(block: Block, rules: GateRules, place: ModulePlace, path: str) -> Iterator[Finding]:
    """Yield the arguments in a block that name a file which isn't the module's."""
    for inner in block.within():
        if inner.type in {"resource", "data", "ephemeral"} and inner.labels:
            table, kind = rules.cloud.gate.files, inner.labels[0]
            if kind.startswith((rules.cloud.prefix, "terraform_")):
                yield from _known(inner, table.get("*", frozenset()) | table.get(kind, frozenset()), place, path)
            else:
                yield from _by_name(inner, _NAMES | _NAMES_OF.get(kind, frozenset()), place, path)


def _known(block: Block, names: frozenset[str], place: ModulePlace, path: str) -> Iterator[Finding]:
    for inner, bounds in bodies(block, bounds_of(block, place)):
        for setting in inner.settings:
            if setting.name in names - (frozenset() if inner is block else _ELSEWHERE_TOO):
                yield from _judged(setting.name, setting.value, bounds, Finding(place.at(path), setting.line, ""))


def _by_name(block: Block, names: frozenset[str], place: ModulePlace, path: str) -> Iterator[Finding]:
    for inner, bounds in bodies(block, bounds_of(block, place)):
        for setting in inner.settings:
            at = Finding(place.at(path), setting.line, "")
            below = names - _ELSEWHERE_TOO
            if setting.name in (names if inner is block else below) or _SAYS_FILE.fullmatch(setting.name):
                yield from _judged(setting.name, setting.value, bounds, at)
                continue
            for node, bound in parts_in_scope(setting.value, bounds):
                for key, item in _pairs(node):
                    if key in below or _SAYS_FILE.fullmatch(key):
                        yield from _judged(key, item, bound, at)
            yield from _elsewhere(setting.name, setting.value, at)


def _pairs(node: Expression) -> Iterator[tuple[str, Expression]]:
    for key, item in node.pairs if isinstance(node, Pairs) else ():
        yield (str(key.value) if isinstance(key, Literal) else ""), item


def _judged(name: str, value: Expression, bounds: Bounds, at: Finding) -> Iterator[Finding]:
    if not (bounded(value, bounds) or _is_made_here(value)):
        yield Finding(at.path, at.line, f"`{name}` names a file, which must be of its own module: {INSTEAD}")


def _elsewhere(name: str, whole: Expression, at: Finding) -> Iterator[Finding]:
    """Yield what does not say by its name that it is a file, and is a path of this machine all the same."""
    left = [(name, whole)]
    while left:
        name, value = left.pop()
        match value:
            case Pairs():
                left += [(key or name, item) for key, item in _pairs(value)]
            case Items(items):
                left += [(name, item) for item in items]
            case Choice(_, then, otherwise):
                left += [(name, then), (name, otherwise)]
            case TemplateExpression((Literal(str(text)), *_)) | Literal(str(text)) if _is_elsewhere(name, text):
                message = (
                    f"`{name}` is a path of the machine that plans: put the file into the module, and write its path as "
                    '"${path.module}/…", without `..`.'
                )
                yield Finding(at.path, at.line, message)
            case _:
                pass


def _is_elsewhere(name: str, text: str) -> bool:
    if "\n" in text:  # a script, or another file's content
        return False
    is_of_machine = name not in _WORDS and _THIS_MACHINE.match(text) is not None
    return is_of_machine or (_IN_CONTAINERS.fullmatch(name) is None and _OF_PROCESSES.match(text) is not None)


def _is_made_here(value: Expression) -> bool:
    """Say whether a path is that of an archive made by this code, whose own paths are judged where it is made."""
    match value:
        case AttributeAccess(
            AttributeAccess(AttributeAccess(NameExpression("data"), "archive_file"), _)
            | Index(AttributeAccess(AttributeAccess(NameExpression("data"), "archive_file"), _), _),
            "output_path",
        ):
            return True
        case Literal(None):
            return True
        case _:
            return False
