"""The shape of the code: which rooms import which, how large they are, and that a name means one thing."""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import bot

ROOT = Path(bot.__file__).parent
LARGEST = 20
"""Files of a room at one level: more than that and nobody finds anything by its folder's name."""


OF_SEVERAL_MODULES = frozenset({
    "checks/test_idioms.py",
    "hcl/test_console.py",
    "hcl/test_hostile.py",
    "hcl/test_template_files.py",
    "parity/by_code/test_cut_off.py",
    "parity/by_code/test_mutations.py",
    "rendering/test_hostile.py",
    "rollout/test_rollout.py",
    "test_no_cloud.py",
})  # fmt: skip
"""Tests of the core that hold a property of several modules, or of all of them: they are named for the property."""


def modules() -> Mapping[str, Path]:
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        name = ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path
    return found


MODULES = modules()
PARENTS = {name.rpartition(".")[0] for name, path in MODULES.items() if path.name == "__init__.py"}


def room_of(module: str) -> str:
    """Return the package of a module; the module itself where other packages lie beside it, as the root's and a registry do."""
    package = module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]
    return module if package in PARENTS else package


@cache
def parsed(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text("utf-8"))


def imports(module: str) -> Iterator[str]:
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.module in MODULES:
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                yield inner if inner in MODULES else node.module


def circles(arrows: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the strongly connected components of more than one room, each in order (Tarjan)."""
    number: dict[str, int] = {}
    lowest: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(room: str) -> None:
        number[room] = lowest[room] = len(number)
        stack.append(room)
        for other in sorted(arrows.get(room, ())):
            if other not in number:
                visit(other)
                lowest[room] = min(lowest[room], lowest[other])
            elif other in stack:
                lowest[room] = min(lowest[room], number[other])
        if lowest[room] == number[room]:
            component = stack[stack.index(room) :]
            del stack[stack.index(room) :]
            if len(component) > 1:
                found.append(sorted(component))

    for room in sorted(arrows):
        if room not in number:
            visit(room)
    return found


def test_no_rooms_import_one_another_in_a_circle() -> None:
    arrows: dict[str, set[str]] = defaultdict(set)
    for module in MODULES:
        arrows[room_of(module)] |= {room_of(other) for other in imports(module)} - {room_of(module)}
    assert circles(arrows) == []


def test_a_circle_is_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == [["b", "c"]]


def test_no_room_has_more_files_than_anybody_can_look_through() -> None:
    sizes = Counter(path.parent.relative_to(ROOT) for path in MODULES.values() if path.name != "__init__.py")
    assert {str(room): count for room, count in sizes.items() if count > LARGEST} == {}


def test_a_test_of_the_core_is_named_for_its_module() -> None:
    tests = Path(__file__).parent / "core"
    unfound = {
        str(path.relative_to(tests))
        for path in tests.rglob("test_*.py")
        if not (ROOT / "core" / path.relative_to(tests).parent / path.name.removeprefix("test_")).exists()
    }
    assert unfound == OF_SEVERAL_MODULES, "name tests/core/<room>/test_<module>.py for bot/core/<room>/<module>.py"


def test_a_public_class_name_means_one_thing() -> None:
    named: dict[str, list[str]] = defaultdict(list)
    for module in MODULES:
        for node in parsed(module).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                named[node.name].append(module)
    assert {name: where for name, where in named.items() if len(where) > 1} == {}
