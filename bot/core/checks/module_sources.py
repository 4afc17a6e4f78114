"""Which modules code may call: those of the repository, and those of elsewhere that the policy names."""

import posixpath
from collections.abc import Iterator

from bot.core.checks.file_access import ModulePlace
from bot.core.checks.gate_rules import GateRules, ref_of, without_ref
from bot.core.checks.versions import is_exact
from bot.core.hcl.local_modules import is_outside, local_directory
from bot.core.hcl.parser import body
from bot.core.hcl.syntax.ast import Block
from bot.errors import Finding
from bot.model.roots import Roots


def source_complaints(block: Block, rules: GateRules) -> Iterator[tuple[int, str]]:
    """Yield why a module's source can't be used, with its line; a local one is judged by `local_module_findings`."""
    setting, source = block.setting("source"), block.text("source")
    if source is None:
        shown = setting.code if setting else ""
        message = f"module source `{shown}` must be plain text, so that it can be checked against the policy."
        yield block.line, message
    elif source.startswith(("/", "~", ".\\", "..\\")):
        yield (
            block.line,
            f"module source `{source}` is a path of one machine: write it relative (`./…`, `../…`) with `/`.",
        )
    elif local_directory("", source) is not None:
        return
    elif rules.module_entry(source) is None:
        message = (
            f"module source `{source}` is not in the policy's `gate.module_sources`. Use a module of the repository (`./…`, "
            "`../…`), or add it to the policy."
        )
        yield block.line, message
    elif not _is_pinned(block, source, rules):
        message = (
            f"module source `{source}` is not pinned: add `?ref=` with a tag or commit, or an exact `version`. A registry module may "
            f"keep a range if the policy's `gate.module_sources` gives one (`{source} >= 5.0, < 6`); `{without_ref(source)} *` there "
            "takes any version, whatever it is on the day."
        )
        yield block.line, message


def _is_pinned(block: Block, source: str, rules: GateRules) -> bool:
    entry = rules.module_entry(source)
    if ref_of(source) is not None or (entry is not None and entry.is_free):
        return True
    version = block.text("version")
    return version is not None and (is_exact(version) or bool(entry and entry.versions))


def local_module_findings(block: Block, place: ModulePlace, path: str, roots: Roots) -> Iterator[Finding]:
    """Yield why a module of the repository can't be used: it is not there, or it is not the repository's."""
    source = block.text("source") if block.type == "module" else None
    directory = local_directory(place.directory, source) if source is not None else None
    if directory is None or any(found == directory for found in map(posixpath.dirname, place.files)):
        return
    if is_outside(directory) and roots.module(directory, roots.name_at(place.where)) is None:
        message = f"module source `{source}` leaves the repository, or is all of it: move the module into `modules/`."
    elif ".terraform" in directory.split("/"):
        message = (
            f"module source `{source}` is where `terraform init` puts what it downloads: write the module's own source and version, as in "
            "`git::https://…//DIRECTORY?ref=…`."
        )
    else:
        message = (
            f"module source `{source}` is not the directory of a module: correct the path. Modules lie below the stack, beside it, or "
            "in a directory of the repository (`modules/…`), never in another environment or a template."
        )
    yield Finding(place.at(path), block.line, message)


TESTS = (".tftest.hcl", ".tftest.json", ".tofutest.hcl", ".tofutest.json")
TESTS_DIRECTORY = "tests"
"""Where `terraform init` reads tests, besides the root module's own directory."""


def is_test_of(stack: str, path: str) -> bool:
    """Say whether a file of an environment is a test that `terraform init` reads with a stack."""
    return path.endswith(TESTS) and posixpath.dirname(path) in {stack, f"{stack}/{TESTS_DIRECTORY}"}


def tested_module_complaints(path: str, data: bytes) -> Iterator[tuple[int, str]]:
    """Yield what `terraform init` would install for a test, with its line: modules that nobody has looked at. Raises `InvalidInput`."""
    if path.endswith(".json"):
        yield 1, "tests in JSON are not allowed. Write it as .tftest.hcl, or remove it."
        return
    for inner in (each for block in body(data).blocks for each in block.within()):
        if inner.type == "module":
            message = "`terraform init` installs the module that a test runs: remove this block, and test the module in a directory of its own."
            yield inner.line, message
