"""Variables of stacks that get no value, so that a plan fails, and the files whose values nobody reads."""

import posixpath
from collections.abc import Collection, Iterator, Mapping, Set

from bot.core.checks.workspaces import backend_blocks
from bot.core.hcl.declarations import module_code
from bot.core.hcl.value_files import VALUES, given_values, value_files
from bot.core.tree import Tree
from bot.errors import InvalidInput
from bot.model.pipeline import Stack
from bot.names import StepName


def unset(code: Tree, stacks: Mapping[StepName, Stack], given: Collection[str]) -> Iterator[str]:
    """Yield what to do about each variable without a value; `given` are the environment variables that some account's Terraform gets.

    A workspace of HCP Terraform has values of its own, so nothing is said of a stack whose state is there.
    """
    for name, stack in stacks.items():
        if any(block.type == "cloud" or "remote" in block.labels for _, block in backend_blocks(code, name)):
            continue
        beside = [path for path in sorted(code) if posixpath.dirname(path) == name and path.endswith(VALUES)]
        read = [*value_files(beside, name)]
        have = {*stack.inputs, *(each.removeprefix("TF_VAR_") for each in given)}.union(
            *(_named(path, code[path].data) for path in read)
        )
        declared = module_code(code, name).variables
        lacking = {each for each, block in declared.items() if block.setting("default") is None and each not in have}
        for path in (path for path in beside if path not in read):
            if there := lacking & _named(path, code[path].data):
                lacking -= there
                automatic = posixpath.basename(path).replace(".tfvars", ".auto.tfvars")
                yield f"{path} is read only with `-var-file`, which envclone never passes: rename it to {automatic}."
        if lacking:
            yield _said(name, sorted(lacking))


def _said(stack: str, names: list[str]) -> str:
    one = names[0]
    listed = ", ".join(f"`{each}`" for each in names)
    return (
        f"stack `{stack}` has no value for {listed}, so its plan fails: write it into {stack}/terraform.tfvars, give it as one of the "
        f"stack's `inputs`, or, if it is secret, name `TF_VAR_{one}` in the `variables` of the policy's accounts."
    )


def _named(path: str, data: bytes) -> Set[str]:
    """Return the variables to which a file gives values; none where it can't be read, which other checks say."""
    try:
        return given_values(path, data).keys()
    except InvalidInput:
        return frozenset()
