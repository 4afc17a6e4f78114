"""The shape of the code: which rooms import which, how large they are, and that a name means one thing."""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

import bot

ROOT = Path(bot.__file__).parent
LARGEST = 20
"""Files of a room at one level, its `__init__.py` among them: more than that and nobody finds anything by its folder's name."""

POSSESSIVE = re.compile(r"\)(?:[*+?]|\{[0-9,]+\})\+")

OF_SEVERAL_MODULES = frozenset({
    "cli/local/test_clone_of_the_past.py",
    "cli/local/test_law_11.py",
    "cli/serving/test_flood.py",
    "cli/serving/test_service_killed.py",
    "cli/test_missing.py",
    "cli/test_sandbox_visit.py",
    "cli/test_start.py",
    "cli/test_unreadable.py",
    "cli/test_usage.py",
    "clients/git/test_modules.py",
    "clients/objects/test_faults.py",
    "clients/objects/test_races.py",
    "clients/terraform/test_backends.py",
    "clients/terraform/test_variables.py",
    "clouds/test_facts.py",
    "commands/test_bounds.py",
    "core/checks/test_idioms.py",
    "core/hcl/test_console.py",
    "core/hcl/test_hostile.py",
    "core/hcl/test_template_files.py",
    "core/parity/by_code/test_cut_off.py",
    "core/parity/by_code/test_mutations.py",
    "core/parity/by_plan/test_registry_module.py",
    "core/rendering/test_hostile.py",
    "core/rollout/test_rollout.py",
    "core/test_no_cloud.py",
    "hooks/aws/test_inputs.py",
    "hooks/aws/test_killed_anywhere.py",
    "hooks/test_secrets_kept.py",
    "hooks/test_written_elsewhere.py",
    "jobs/test_expiry.py",
    "jobs/test_store.py",
    "runs/apply/test_apply_extended.py",
    "runs/apply/test_apply_killed.py",
    "runs/apply/test_apply_taken_over.py",
    "runs/apply/test_migrations.py",
    "runs/drift/test_codify_on_aws.py",
    "runs/plan/test_attack.py",
    "runs/plan/test_stories.py",
    "runs/test_turns.py",
    "sandbox/github/test_openapi.py",
    "sandbox/pages/test_browser.py",
    "sandbox/pages/test_pages.py",
    "sandbox/test_actions_rules.py",
    "sandbox/test_actions_runner.py",
    "sandbox/test_actions_service.py",
    "sandbox/test_actions_whole.py",
    "service/commands/test_clone_of_the_past.py",
    "service/previews/test_preview.py",
    "service/rollouts/test_meanwhile.py",
    "service/rollouts/test_taken_back.py",
    "service/test_bound.py",
    "service/test_comments_as_written.py",
    "service/test_nested_monorepo.py",
    "service/test_refusals.py",
    "service/test_renamed_repository.py",
    "service/test_strangers.py",
    "service/test_suggestions.py",
    "web/test_image.py",
    "web/test_operate.py",
})  # fmt: skip
"""Tests that hold a property of several modules, or of a whole room: they are named for the property."""


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
    for node in _statements(parsed(module)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name in MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.module in MODULES:
            for name in node.names:
                inner = f"{node.module}.{name.name}"
                yield inner if inner in MODULES else node.module


def _statements(within: ast.AST) -> Iterator[ast.AST]:
    """Yield all statements; what is inside of expressions, most of a module, imports nothing."""
    for each in ast.iter_child_nodes(within):
        if isinstance(each, ast.stmt | ast.excepthandler | ast.match_case):
            yield each
            yield from _statements(each)


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


@pytest.mark.slow
def test_no_rooms_import_one_another_in_a_circle() -> None:
    arrows: dict[str, set[str]] = defaultdict(set)
    for module in MODULES:
        arrows[room_of(module)] |= {room_of(other) for other in imports(module)} - {room_of(module)}
    assert circles(arrows) == []


def test_a_circle_is_found() -> None:
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == [["b", "c"]]


def test_no_room_has_more_files_than_anybody_can_look_through() -> None:
    sizes = Counter(path.parent.relative_to(ROOT) for path in MODULES.values())
    assert {str(room): count for room, count in sizes.items() if count > LARGEST} == {}


def test_a_test_is_named_for_its_module_or_room() -> None:
    tests = Path(__file__).parent
    rooms = [each for each in tests.iterdir() if (ROOT / each.name / "__init__.py").exists()]
    unfound = {
        path.relative_to(tests).as_posix()
        for room in rooms
        for path in room.rglob("test_*.py")
        if not _tested(path.relative_to(tests))
    }
    assert unfound == OF_SEVERAL_MODULES, "name tests/<room>/test_<module>.py for bot/<room>/<module>.py"


def _tested(test: Path) -> bool:
    """Say whether a test is named for a module, or for the room of that name, at the same place in `bot/`."""
    module = ROOT / test.parent / test.name.removeprefix("test_")
    return module.exists() or (module.with_suffix("") / "__init__.py").exists()


def test_a_public_class_name_means_one_thing() -> None:
    named: dict[str, list[str]] = defaultdict(list)
    for module in MODULES:
        for node in parsed(module).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                named[node.name].append(module)
    assert {name: where for name, where in named.items() if len(where) > 1} == {}


def test_each_request_of_a_test_says_how_long_it_waits() -> None:
    """`httpx` gives up after five seconds, which a server of ours may take on a busy machine."""
    asking = {"get", "post", "put", "patch", "delete", "head", "request", "stream", "Client", "AsyncClient"}
    hasty = [
        f"{path.relative_to(ROOT.parent)}:{call.lineno}"
        for path in sorted((ROOT.parent / "tests").rglob("*.py"))
        if "httpx." in (text := path.read_text("utf-8"))
        for call in ast.walk(ast.parse(text))
        if isinstance(call, ast.Call)
        if isinstance(call.func, ast.Attribute) and call.func.attr in asking
        if isinstance(call.func.value, ast.Name) and call.func.value.id == "httpx"
        if "timeout" not in {word.arg for word in call.keywords}
    ]
    assert hasty == []


def test_no_pattern_repeats_a_group_possessively() -> None:
    """Python before 3.11.5 keeps what such a group read before it failed (https://github.com/python/cpython/issues/106052): `(?>(…)*)` is right."""
    wrong = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and POSSESSIVE.search(node.value)
    ]
    assert wrong == []


def test_a_group_repeated_possessively_is_found() -> None:
    found = [
        each
        for each in (r"(?:a|b)*+", r"(a)?+", r"(a){2,3}+", "a++", "[a)]*+b", r"(?>(?:a)*)")
        if POSSESSIVE.search(each)
    ]
    assert found == [r"(?:a|b)*+", r"(a)?+", r"(a){2,3}+"]
