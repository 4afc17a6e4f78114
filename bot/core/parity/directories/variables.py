"""Values of a root module's variables from the files that Terraform reads, each with its line."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.hcl.value_files import VALUES, given_values, value_files
from bot.core.hcl.values import HclValue
from bot.core.parity.directories.report import CodePlace, Note
from bot.core.parity.directories.sides import RootSource
from bot.errors import InvalidInput

UNREAD = (
    "has values that Terraform doesn't read by itself: name it with `--var-file` or `--against-var-file` to use them"
)


@dataclass(frozen=True, slots=True)
class StatedValue:
    """A variable's value and where it is given."""

    value: HclValue
    place: CodePlace


def stated_values(root: RootSource) -> tuple[Mapping[str, StatedValue], list[Note]]:
    """Return the values by variable, later files over earlier ones as in Terraform, and notes on files that are not read."""
    found: dict[str, StatedValue] = {}
    notes: list[Note] = []
    read = [*value_files(root.files, ""), *root.variable_files]
    for path in read:
        try:
            values = given_values(path, root.files[path].data)
        except InvalidInput as error:
            notes.append(Note(f"its values are not read: {error}", root.place(path, 1).path, is_unread=True))
            continue
        found |= {name: StatedValue(each.value, root.place(path, each.line)) for name, each in values.items()}
    if not root.variable_files:
        notes += [
            Note(UNREAD, root.place(path, 1).path)
            for path in sorted(root.files)
            if _is_values(path) and path not in read
        ]
    return found, notes


def _is_values(path: str) -> bool:
    return "/" not in path and path.endswith(VALUES)
