"""What only an environment may have that exists already: `import` blocks, which take over what somebody made before.

`moved` and `removed` blocks are harmless in a clone: they speak of what is in the state, and a clone's begins empty.
"""

from collections.abc import Sequence

from bot.core.hcl.local_modules import code_files
from bot.core.hcl.parser import blocks
from bot.core.tree import Tree
from bot.errors import Finding
from bot.names import StepName


def adopted_by_clones(code: Tree, stacks: Sequence[StepName], where: str) -> Sequence[Finding]:
    """Return the `import` blocks by which a clone would take over what is another's; Terraform reads them in root modules only.

    The files must have passed the gate, so they parse. One with a `for_each` may be empty in clones, and its plan shows it.
    """
    return [
        Finding(
            f"{where}/{path}",
            block.line,
            "a clone has nothing to import, and must not take over what is production's. Keep `import` blocks in a file of their own, "
            f"and have only production get it: write `files: {{{path}: {{purpose: [production]}}}}` in template.yaml, with its purpose. "
            "Or give the block a `for_each` that is empty in clones.",
        )
        for stack in stacks
        for path in code_files(code).get(stack, ())
        for block in blocks(path, code[path].data)
        if block.type == "import" and block.setting("for_each") is None
    ]
