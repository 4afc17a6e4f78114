"""Single changes to the files of a rendered clone, as a person might make them by hand, each with what it is."""

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import yaml

from bot.core.tree import File, Tree

_SETTING = re.compile(
    r'^(?P<indent> +)(?P<name>[a-z_]+)(?P<space> *= *)(?P<value>"[^"$\n]*"|\d+|true|false)(?P<rest> *(#.*)?)$'
)
_REFERENCE = re.compile(r"\bvar\.[a-z_]+|\beach\.(key|value)|\baws_[a-z0-9_.]+\.(id|arn|name)\b")
_HEAD = re.compile(r"^(resource|data|output|provider|locals|variable) ?(.*)\{$")


@dataclass(frozen=True)
class Mutation:
    """One change: of which kind, where, and the files that it leaves.

    `cause` is the parameter that is right to name; a person's change has none, and naming one would be wrong.
    """

    kind: str
    what: str
    files: Tree
    cause: str | None = None


def mutations(files: Tree) -> Iterator[Mutation]:
    """Yield single changes of every kind."""
    for path, file in sorted(files.items()):
        if path.endswith(".tf"):
            yield from _of_code(path, file.data.decode(), files)
        elif path.endswith("terraform.tfvars.json"):
            yield from _of_values(path, json.loads(file.data), files)
        elif path == "hooks.yaml":
            yield from of_hooks(path, file.data.decode(), files)
        elif path != "environment.yaml":
            yield from _of_file(path, file, files)


def _put(files: Tree, path: str, text: str) -> Tree:
    return {**files, path: File(text.encode(), files[path].executable if path in files else False)}


def _of_code(path: str, text: str, files: Tree) -> Iterator[Mutation]:
    lines = text.split("\n")

    def edited(at: int, *new: str) -> Tree:
        return _put(files, path, "\n".join([*lines[:at], *new, *lines[at + 1 :]]))

    for at, line in enumerate(lines):
        where = f"{path}:{at + 1}"
        if found := _SETTING.match(line):
            head = f"{found['indent']}{found['name']}{found['space']}"
            yield Mutation(
                "attribute", f"{where} {line.strip()}", edited(at, f"{head}{_other(found['value'])}{found['rest']}")
            )
            yield Mutation("attribute removed", f"{where} {line.strip()}", edited(at))
        elif (
            "=" in line
            and (found := _REFERENCE.search(line))
            and not line.lstrip().startswith(("#", "for_each", "count"))
        ):
            new = line[: found.start()] + '"by-hand"' + line[found.end() :]
            if "${" not in line:
                yield Mutation("reference", f"{where} {line.strip()}", edited(at, new))
        if (head_found := _HEAD.match(line)) and line.startswith(("resource", "data", "output")):
            end = lines.index("}", at)
            cut = "\n".join([*lines[:at], *lines[end + 1 :]])
            yield Mutation("block removed", f"{where} {line}", _put(files, path, cut))
            if (
                line.startswith("resource")
                and "for_each" not in "".join(lines[at:end])
                and "count " not in "".join(lines[at:end])
            ):
                yield Mutation("count 0", f"{where} {line}", edited(at, line, "  count = 0"))
                yield Mutation("count 2", f"{where} {line}", edited(at, line, "  count = 2"))
                yield Mutation(
                    "condition", f"{where} {line}", edited(at, line, '  count = var.name == "production" ? 1 : 0')
                )
            if head_found[1] == "resource":
                renamed = re.sub(r'^(resource "[^"]+" ")([^"]+)"', r'\1by_hand"', line)
                twin = "\n".join([*lines, renamed, *lines[at + 1 : end + 1], ""])
                yield Mutation("resource added", f"{where} {line}", _put(files, path, twin))
                yield Mutation("attribute added", f"{where} {line}", edited(at, line, '  by_hand = "yes"'))
                yield Mutation(
                    "block added", f"{where} {line}", edited(at, line, "  by_hand {", "    yes = true", "  }")
                )


def _other(value: str) -> str:
    if value.startswith('"'):
        return f'"{value[1:-1]}-by-hand"'
    return {"true": "false", "false": "true"}.get(value) or str(int(value) + 1)


def _of_values(path: str, values: dict[str, object], files: Tree) -> Iterator[Mutation]:
    for key, value in values.items():
        if isinstance(value, bool):
            other: object = not value
        elif isinstance(value, int):
            other = value + 1
        elif isinstance(value, list):
            other = value[:-1] if len(value) > 1 else [*value, "10.9.0.0/16"]
        else:
            other = f"{value}x"
        yield Mutation("value", f"{path} {key}", _put(files, path, json.dumps({**values, key: other})))
    yield Mutation("value", f"{path} by_hand", _put(files, path, json.dumps({**values, "by_hand": 1})))


def of_hooks(path: str, text: str, files: Tree) -> Iterator[Mutation]:
    """Yield single changes to a file of hooks."""
    hooks = yaml.safe_load(text)["hooks"]

    def put(changed: object) -> Tree:
        return _put(files, path, yaml.safe_dump({"hooks": changed}))

    for name, hook in hooks.items():
        yield Mutation("hook removed", name, put({key: value for key, value in hooks.items() if key != name}))
        yield Mutation("hook added", name, put({**hooks, f"{name}-by-hand": copy.deepcopy(hook)}))
        yield Mutation("hook", f"{name} timeout", put({**hooks, name: {**hook, "timeout": "7m"}}))
        for key in hook["with"]:
            given = {**hook["with"], key: {"value": "by-hand"}}
            yield Mutation("hook input", f"{name} {key}", put({**hooks, name: {**hook, "with": given}}))
            left = {other: value for other, value in hook["with"].items() if other != key}
            yield Mutation("hook input", f"{name} without {key}", put({**hooks, name: {**hook, "with": left}}))


def _of_file(path: str, file: File, files: Tree) -> Iterator[Mutation]:
    yield Mutation("file", f"{path} +", {**files, path: File(file.data + b"\n", file.executable)})
    yield Mutation("file mode", path, {**files, path: File(file.data, not file.executable)})
    yield Mutation("file removed", path, {key: value for key, value in files.items() if key != path})
    yield Mutation("file added", path, {**files, f"{path}.by-hand": file})
