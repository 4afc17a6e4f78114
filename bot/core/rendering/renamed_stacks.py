"""Stacks that another revision of the template calls otherwise: what an environment says by their names follows."""

from collections.abc import Iterator, Mapping

from bot.core.tree import File, Tree
from bot.model.environment import Manifest, Waiver
from bot.model.pipeline import Stack
from bot.names import StepName


def renamed(before: Mapping[StepName, Stack], after: Mapping[StepName, Stack]) -> dict[StepName, StepName]:
    """Return the stacks that have another name afterwards, with that; afterwards may be an earlier revision."""
    found: dict[StepName, StepName] = {}
    new = {name: stack for name, stack in after.items() if name not in before}
    for former_of in (_former_names, _later_names):
        for name, stack in new.items():
            former = (old for old in former_of(name, stack, before) if old not in after and old not in found)
            old = next(former, None) if name not in found.values() else None
            if old is not None:
                found[old] = name
    return found


def called(files: Tree, names: Mapping[StepName, StepName]) -> dict[str, File]:
    """Return the files with renamed stacks' directories under their new names."""
    return {_path(path, names): file for path, file in files.items()}


def with_new_names(manifest: Manifest, names: Mapping[StepName, StepName]) -> Manifest:
    """Return the manifest with the new names in what it says of single stacks: waivers, and states that are older than it."""
    if not names:
        return manifest
    state = {names.get(stack, stack): each for stack, each in manifest.state.items()} if manifest.state else None
    return manifest.model_copy(
        update={"waivers": tuple(_waiver(each, names) for each in manifest.waivers), "state": state or manifest.state}
    )


def _former_names(_: StepName, stack: Stack, before: Mapping[StepName, Stack]) -> Iterator[StepName]:
    yield from (old for old in stack.renamed_from if old in before)


def _later_names(name: StepName, _: Stack, before: Mapping[StepName, Stack]) -> Iterator[StepName]:
    yield from (other for other, each in before.items() if name in each.renamed_from)


def _waiver(waiver: Waiver, names: Mapping[StepName, StepName]) -> Waiver:
    return waiver.model_copy(update={"what": _path(waiver.what, names)})


def _path(path: str, names: Mapping[StepName, StepName]) -> str:
    old = next((each for each in names if path.startswith(f"{each}/")), None)
    return path if old is None else f"{names[old]}{path.removeprefix(old)}"
