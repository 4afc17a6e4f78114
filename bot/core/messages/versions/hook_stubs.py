"""Hooks to paste for what can't be code: each checks whether a thing is as somebody wants it, and sets it."""

import re
from collections.abc import Iterator

from bot.core.hcl.address_patterns import of_stack
from bot.core.markdown import details
from bot.model.yaml_document import dump

MOST = 5
"""Stubs that are shown: whoever has more to keep by hand changes the template's design first."""
LONGEST_NAME = 40
_NAMED = re.compile(r"^- `([a-z][^`]*/[^`]+)`: ", re.MULTILINE)


def hook_stubs(notes: str) -> str:
    """Return a section with stubs of hooks for the resources that notes name; nothing when they name none."""
    hooks = dict(_stubs(notes))
    if not hooks:
        return ""
    text = dump({"hooks": hooks}, "").partition("\n")[2]
    said = (
        "To keep one of these, add a hook like this to the template's `hooks.yaml`, with a program that checks the value (`check`) and sets it (`apply`), "
        "and let the resource in the template ignore what the hook sets (`lifecycle { ignore_changes = […] }`). Plans and drift checks then run its check."
    )
    return details("Hooks for what can't be code", f"{said}\n\n```yaml\n{text.rstrip()}\n```")


def _stubs(notes: str) -> Iterator[tuple[str, object]]:
    for stack, address in [of_stack(named) for named in _NAMED.findall(notes)][:MOST]:
        name = re.sub(r"[^a-z0-9]+", "-", f"keep-{stack}-{address}".lower())[:LONGEST_NAME].strip("-")
        program = ["hooks/keep.py", f"{stack}/{address}"]
        yield (
            name,
            {
                "description": f"Keeps {stack}/{address} as it was set outside the code.",
                "needs": [stack],
                "run": {"check": [*program], "apply": [*program]},
                "undo": {"none": "it is destroyed with its stack's resources"},
            },
        )
