"""What the files of one Terraform module declare, by name."""

from dataclasses import dataclass, field

from bot.core.hcl.instances import reference_of
from bot.core.hcl.local_modules import code_files
from bot.core.hcl.parser import parsed
from bot.core.hcl.syntax.ast import Block, Expression
from bot.core.tree import Tree


@dataclass(slots=True)
class ModuleCode:
    """Blocks with their files in order, and what names refer to; `unreadable` says of files why."""

    blocks: list[tuple[str, Block]] = field(default_factory=list)
    variables: dict[str, Block] = field(default_factory=dict)
    locals: dict[str, Expression] = field(default_factory=dict)
    resources: dict[str, Block] = field(default_factory=dict)
    calls: dict[str, Block] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    unreadable: dict[str, str] = field(default_factory=dict)

    def declare(self, path: str, block: Block) -> None:
        """Add a block of the file `path`."""
        self.blocks.append((path, block))
        name = block.labels[-1] if block.labels else ""
        if block.type == "variable":
            self.variables[name] = block
        elif block.type == "locals":
            self.locals |= {setting.name: setting.value for setting in block.settings}
        elif block.type == "module":
            self.calls[name] = block
        elif block.type in {"resource", "data", "ephemeral"}:
            self.resources[reference_of(block)] = block


def module_code(files: Tree, directory: str) -> ModuleCode:
    """Return what the module at `directory` declares."""
    found = ModuleCode()
    for path in code_files(files).get(directory, ()):
        try:
            top = parsed(path, files[path].data)
        except (ValueError, RecursionError) as error:  # `InvalidInput` is a ValueError; so is a number of 5,000 digits
            found.unreadable[path] = str(error)
            continue
        found.read.add(path)
        for block in top.blocks:
            found.declare(path, block)
    return found
