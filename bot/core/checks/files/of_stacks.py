"""Which files each stack must have, and which no environment may: looked at by their names, before any code is."""

import posixpath
from collections.abc import Collection, Iterator
from dataclasses import replace

from bot.core.checks.files.by_name import misplaced
from bot.core.checks.module_sources import is_test_of, tested_module_complaints
from bot.core.checks.required_providers import LOCK, locked_providers
from bot.core.hcl.local_modules import is_outside
from bot.core.hcl.syntax.tokens import NotHcl
from bot.core.hcl.value_files import given_values, value_files
from bot.core.tree import MOST_FILES, Tree
from bot.errors import Finding, InvalidInput
from bot.model.environment import MANIFEST
from bot.model.modules import place_of
from bot.model.policy import Tool
from bot.names import StepName


def unreadable(path: str, error: InvalidInput) -> Finding:
    """Return what is wrong with code that could not be parsed."""
    if isinstance(error, NotHcl):
        return Finding(path, error.finding.line, f"{error.finding.message} What can't be read is not run.")
    return Finding(path, 1, f"{error}. Code that can't be parsed is not run.")


def too_many_files(where: str) -> Finding:
    """Return what is said of an environment that has more files than any is read with."""
    return Finding(where, 1, f"more than {MOST_FILES:,} files: keep what Terraform doesn't read elsewhere.")


def stack_file_findings(
    files: Tree, stacks: Collection[StepName], called: frozenset[str], where: str, tool: Tool = "terraform"
) -> Iterator[Finding]:
    """Yield the files that the stacks lack, or may not have; `called` are the directories of all modules that they call."""
    for stack in stacks:
        if f"{stack}/{LOCK}" not in files:
            yield Finding(
                f"{where}/{stack}/{LOCK}",
                1,
                "missing, so any provider version could be installed. Run `terraform init -backend=false` in the directory "
                "of an environment, and commit the file that it writes in the template.",
            )
        else:
            yield from _unlocked(f"{where}/{stack}/{LOCK}", files[f"{stack}/{LOCK}"].data)
        for path in value_files(files, stack):
            try:
                given_values(path, files[path].data)
            except InvalidInput as error:  # Terraform may read it all the same, and nobody would have seen its values
                yield unreadable(place_of(where, path), error)
    above = {each for stack in stacks for each in _directories_above(stack)}
    for path in sorted(files):
        message = misplaced(path, tool) if not is_outside(path) or posixpath.dirname(path) in called else None
        if posixpath.basename(path) == MANIFEST and posixpath.dirname(path) in above:
            message = "the stacks below would be taken for those of another environment. Rename it, or remove it."
        if message is not None:
            yield Finding(place_of(where, path), 1, message)
        elif any(is_test_of(stack, path) for stack in stacks):
            try:
                yield from (
                    Finding(place_of(where, path), *each) for each in tested_module_complaints(path, files[path].data)
                )
            except InvalidInput as error:
                yield unreadable(place_of(where, path), error)


def _directories_above(stack: str) -> Iterator[str]:
    while stack := posixpath.dirname(stack):
        yield stack


def _unlocked(path: str, data: bytes) -> Iterator[Finding]:
    try:
        locked = locked_providers(data)
    except InvalidInput as error:
        found = unreadable(path, error)
        yield replace(
            found,
            message=f"{found.message} Remove the file, run `terraform init -backend=false` in the directory of an environment, and commit "
            "the one that it writes in the template.",
        )
        return
    for address, provider in locked.items():
        if not provider.has_hashes:
            message = (
                f"no checksum of `{address}`, so whatever is offered as that version would run: remove its block, run `terraform init`, and "
                "commit the file."
            )
            yield Finding(path, provider.line, message)
