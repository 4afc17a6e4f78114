"""Migrations: what an environment of an older revision needs once, when it is brought to a newer one.

Values are rewritten. Blocks (`moved`, `removed` and `import`) go into a file of their stack. The manifest names the migrations that an environment has come through, so its directory is still what its template renders from its manifest. A
block stays until the template drops its migration: nobody has to know whether its apply succeeded, and Terraform passes over what it has done. So
whatever is killed, and whatever is skipped, a state meets each block in the order of the revisions, and once.
"""

from collections.abc import Iterator, Mapping, Sequence

from bot.core.hcl.parser import blocks
from bot.core.rendering.parameter_types import checked, text
from bot.core.tree import File
from bot.errors import InvalidInput
from bot.model.environment import Manifest
from bot.model.pipeline import Json
from bot.model.template import Migration, Template
from bot.names import MigrationName, ParameterName, StepName

FILE = "migrations.tf"
ALLOWED = frozenset({"moved", "removed", "import"})


def pending(former: Template, template: Template) -> dict[MigrationName, Migration]:
    """Return the migrations that an environment of the former revision has not had, in order."""
    return {name: each for name, each in template.migrations.items() if name not in former.migrations}


def rewritten(
    values: Mapping[ParameterName, Json], migrations: Mapping[MigrationName, Migration]
) -> dict[ParameterName, Json]:
    """Return the values as the migrations leave them, one after the other."""
    found = dict(values)
    for migration in migrations.values():
        for name, becomes in migration.values.items():
            if name in found:
                found[name] = becomes.get(text(found[name]), found[name])
    return found


def migrated(manifest: Manifest, former: Template, template: Template) -> tuple[MigrationName, ...] | None:
    """Return the migrations with blocks that an environment has come through once it is at the later template; None if there are none."""
    due = {*(manifest.migrated or ()), *pending(former, template)}
    return tuple(name for name, each in template.migrations.items() if each.blocks and name in due) or None


def with_all(manifest: Manifest, template: Template) -> Manifest:
    """Return the manifest of an environment that has come through all migrations of the template."""
    found = tuple(name for name, each in template.migrations.items() if each.blocks)
    return manifest.model_copy(update={"migrated": found or None})


def block_files(template: Template, manifest: Manifest) -> dict[str, File]:
    """Return the files that hold the blocks of the migrations which the manifest names. Raises `InvalidInput`."""
    return {
        f"{stack}/{FILE}": File("\n".join(parts).encode())
        for stack in template.stacks
        if (parts := list(_parts(template, manifest, stack)))
    }


def _parts(template: Template, manifest: Manifest, stack: StepName) -> Iterator[str]:
    for name in manifest.migrated or ():
        migration = template.migrations.get(name)
        if migration is None or stack not in migration.blocks:
            continue
        found = _written(name, migration.blocks[stack], is_clone=manifest.source is not None)
        if found:
            yield f"# {name}: {' '.join(migration.description.split())}\n{found}\n"


def _written(name: MigrationName, code: str, *, is_clone: bool) -> str:
    """Return the blocks for an environment. What a clone needs is its own, so it is made there, and never imported."""
    problem = next(iter(_block_problems(name, code)), None)
    if problem is not None:
        raise InvalidInput(problem)
    kept = code
    for block in reversed(blocks(str(name), code.encode()) if is_clone else ()):
        if block.type == "import":
            kept = kept[: block.begin] + kept[block.end :].lstrip()
    return kept.strip() if blocks(str(name), kept.encode()) else ""


def problems(template: Template) -> Iterator[tuple[Sequence[str], str]]:
    """Yield what is wrong with the migrations, each with its place in the declaration."""
    for migration, each in template.migrations.items():
        for name, becomes in each.values.items():
            place: Sequence[str] = ("migrations", migration, "values", name)
            if name not in template.parameters:
                yield place, f"unknown parameter `{name}`. A migration names parameters as they are called now."
                continue
            for value in becomes.values():
                try:
                    checked(name, template.parameters[name], value)
                except InvalidInput as error:
                    yield place, str(error)
        for stack, code in each.blocks.items():
            place = ("migrations", migration, "blocks", stack)
            if stack not in template.stacks:
                yield place, f"unknown stack `{stack}`. A migration names stacks as they are called now."
            for problem in _block_problems(migration, code):
                yield place, problem


def _block_problems(migration: MigrationName, code: str) -> Sequence[str]:
    """Return what is wrong with the blocks that a migration has for a stack."""
    try:
        found = blocks(f"migration {migration}", code.encode())
    except InvalidInput as error:
        return [str(error)]
    other = [f"`{each.type}` in line {each.line}" for each in found if each.type not in ALLOWED]
    if other:
        return [
            f"a migration may have only `moved`, `removed` and `import` blocks, and no {', '.join(other)}: write that in a file of the stack."
        ]
    return [] if found else ["no block: leave the stack out."]
