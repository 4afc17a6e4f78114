"""Which keys of Terraform's JSON are blocks, as far as the language itself says so.

Source: https://developer.hashicorp.com/terraform/language/syntax/json. What a key of a resource is, an argument or a block, only the
schema of its provider says. So an object there is read as both: an argument for whoever evaluates, and a block for the checks as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class BlockKind:
    """A kind of block: how many labels it has, the blocks in it, and which of its arguments are references and no texts.

    In an open one, an object that is not one of these blocks is read both as an argument and as a block.
    """

    labels: int = 0
    inner: Mapping[str, "BlockKind"] = field(default_factory=dict)
    references: frozenset[str] = frozenset()
    is_open: bool = False


_PLAIN = BlockKind()
_BELOW: dict[str, BlockKind] = {}
INNER = BlockKind(inner=_BELOW, is_open=True)
"""A block that only a provider knows."""
_DYNAMIC = BlockKind(1, {"content": INNER}, frozenset({"iterator"}))
_BELOW["dynamic"] = _DYNAMIC
_LIFECYCLE = BlockKind(
    0, {"precondition": _PLAIN, "postcondition": _PLAIN}, frozenset({"ignore_changes", "replace_triggered_by"})
)
_PROVISIONER = BlockKind(1, {"connection": INNER}, frozenset({"when", "on_failure"}), is_open=True)
_RESOURCE = BlockKind(
    2,
    {"lifecycle": _LIFECYCLE, "connection": INNER, "provisioner": _PROVISIONER, "dynamic": _DYNAMIC},
    frozenset({"depends_on", "provider"}),
    is_open=True,
)
_TERRAFORM = BlockKind(
    0,
    {
        "backend": BlockKind(1, is_open=True),
        "cloud": BlockKind(0, {"workspaces": _PLAIN}, is_open=True),
        "provider_meta": BlockKind(1),
        "required_providers": _PLAIN,
    },
    is_open=True,
)

FILE = BlockKind(
    0,
    {
        "check": BlockKind(1, {"data": _RESOURCE, "assert": _PLAIN}),
        "data": _RESOURCE,
        "ephemeral": _RESOURCE,
        "import": BlockKind(0, references=frozenset({"to", "provider"})),
        "locals": _PLAIN,
        "module": BlockKind(1, references=frozenset({"depends_on", "providers"})),
        "moved": BlockKind(0, references=frozenset({"from", "to"})),
        "output": BlockKind(1, {"precondition": _PLAIN}, frozenset({"depends_on"})),
        "provider": BlockKind(1, _BELOW, is_open=True),
        "removed": BlockKind(
            0, {"lifecycle": _LIFECYCLE, "connection": INNER, "provisioner": _PROVISIONER}, frozenset({"from"})
        ),
        "resource": _RESOURCE,
        "terraform": _TERRAFORM,
        "variable": BlockKind(1, {"validation": _PLAIN}, frozenset({"type"})),
    },
)
"""What is in a file. Any other key there is a block that Terraform doesn't know."""
