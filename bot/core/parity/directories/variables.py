"""Values of a root module's variables from the files that Terraform reads, each with its line."""

import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.core.hcl.module import Module
from bot.core.hcl.parser import body
from bot.core.hcl.scope import ModuleAddress
from bot.core.hcl.values import HclValue
from bot.core.parity.directories.report import CodePlace, Note
from bot.core.parity.directories.sides import RootSource
from bot.core.tree import File
from bot.errors import InvalidInput

VALUES = (".tfvars", ".tfvars.json")
STANDARD = ("terraform.tfvars", "terraform.tfvars.json")
UNREAD = (
    "has values that Terraform doesn't read by itself: name it with `--var-file` or `--against-var-file` to use them"
)
AUTOMATIC = (".auto.tfvars", ".auto.tfvars.json")


@dataclass(frozen=True, slots=True)
class StatedValue:
    """A variable's value and where it is given."""

    value: HclValue
    place: CodePlace


def stated_values(root: RootSource) -> tuple[Mapping[str, StatedValue], list[Note]]:
    """Return the values by variable, later files over earlier ones as in Terraform, and notes on files that are not read."""
    found: dict[str, StatedValue] = {}
    notes: list[Note] = []
    read = list(_in_order(root))
    for path in read:
        try:
            values = _json_values(root.files[path]) if path.endswith(".json") else _hcl_values(root.files[path])
        except (ValueError, RecursionError) as error:
            reason = str(error) if isinstance(error, InvalidInput) else "it is no JSON object"
            notes.append(Note(f"its values are not read: {reason}", root.place(path, 1).path, is_unread=True))
            continue
        found |= {name: StatedValue(value, root.place(path, line)) for name, (value, line) in values.items()}
    if not root.variable_files:
        notes += [
            Note(UNREAD, root.place(path, 1).path)
            for path in sorted(root.files)
            if _is_values(path) and path not in read
        ]
    return found, notes


def _in_order(root: RootSource) -> Iterator[str]:
    """Yield the files with values in the order in which Terraform reads them."""
    yield from (path for path in STANDARD if path in root.files)
    yield from sorted(path for path in root.files if posixpath.dirname(path) == "" and path.endswith(AUTOMATIC))
    yield from root.variable_files


def _is_values(path: str) -> bool:
    return "/" not in path and path.endswith(VALUES)


def _hcl_values(file: File) -> dict[str, tuple[HclValue, int]]:
    lines = {setting.name: setting.line for setting in body(file.data).settings}
    whole = File(b"".join((b"locals {\n", file.data, b"\n}\n")))
    module = Module({"values.tf": whole}, ModuleAddress("", ""), {})
    return {name: (module.names.named("local", name), line) for name, line in lines.items()}


def _json_values(file: File) -> dict[str, tuple[HclValue, int]]:
    found = json.loads(file.data)
    if not isinstance(found, dict):
        raise ValueError("no object")
    text = file.data.decode("utf-8", "replace")
    return {name: (value, _line_of(text, name)) for name, value in found.items() if not name.startswith("//")}


def _line_of(text: str, name: str) -> int:
    """Return the line of the first key of that name: the file's own, or one inside another value in a file that repeats it."""
    match = re.search(rf"{re.escape(json.dumps(name))}\s*:", text)
    return text.count("\n", 0, match.start()) + 1 if match else 1
