"""What code says of a resource, and where: attributes that neither side's code sets are the provider's own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from posixpath import join, normpath

from bot.core.hcl.parser import blocks
from bot.core.hcl.syntax.ast import Block, Literal
from bot.core.tree import Tree, is_code
from bot.errors import InvalidInput
from bot.names import StepName

_META = frozenset({"count", "for_each", "provider", "depends_on", "lifecycle", "provisioner", "connection"})


@dataclass(frozen=True, slots=True)
class Declared:
    """A resource block: the paths of the attributes it sets and of the blocks in it (without indices), its file and line."""

    paths: frozenset[str]
    blocks: frozenset[str] = frozenset()
    file: str = ""
    line: int = 0

    def sets(self, path: str) -> bool:
        """Say whether the attribute at `path` (without indices), or what it is part of, is set here, or is a block."""
        parts = path.split(".")
        return path in self.blocks or any(".".join(parts[:length]) in self.paths for length in range(1, len(parts) + 1))


def declared(code: Tree, stack: StepName) -> Mapping[str, Declared]:
    """Return the resources of a stack by their addresses without keys; those of local modules too, inside and outside.

    The code must have passed the gate, so it parses.
    """
    return dict(_module(code, stack, ""))


def declared_elsewhere(modules: Mapping[str, Tree]) -> Mapping[str, Declared]:
    """Return the resources of modules of elsewhere, by Terraform's key of each, without a place; of one that can't be read, none."""
    found: dict[str, Declared] = {}
    for key, files in modules.items():
        prefix = "".join(f"module.{part}." for part in key.split("."))
        try:
            found |= {address: replace(each, file="", line=0) for address, each in _module(files, "", prefix)}
        except InvalidInput:
            continue  # then all of its attributes count as set
    return found


def calls(code: Tree, stack: StepName) -> Mapping[str, tuple[str | None, str | None]]:
    """Return the source and version of each call of a module of elsewhere, by Terraform's key."""
    return dict(_calls(code, stack, ""))


def _calls(files: Tree, directory: str, prefix: str) -> Iterator[tuple[str, tuple[str | None, str | None]]]:
    for path in sorted(files):
        if is_code(path, files) and path.rpartition("/")[0] == directory:
            for block in blocks(path, files[path].data):
                if block.type != "module" or not block.labels:
                    continue
                key, source = f"{prefix}{block.labels[0]}", block.text("source") or ""
                if source.startswith(("./", "../")):
                    yield from _calls(files, normpath(join(directory, source)), f"{key}.")
                else:
                    yield key, (source, block.text("version"))


def _module(files: Tree, directory: str, prefix: str) -> Iterator[tuple[str, Declared]]:
    for path in sorted(files):
        if not is_code(path, files) or path.rpartition("/")[0] != directory:
            continue
        for block in blocks(path, files[path].data):
            if block.type == "resource" and len(block.labels) == 2:
                found = Declared(frozenset(_paths(block, "")), frozenset(_blocks(block, "")), path, block.line)
                yield f"{prefix}{block.labels[0]}.{block.labels[1]}", found
            elif block.type == "module" and block.labels:
                source = block.text("source") or ""
                if source.startswith(("./", "../")):
                    inside = normpath(join(directory, source))
                    yield from _module(files, inside, f"{prefix}module.{block.labels[0]}.")


def _paths(block: Block, prefix: str) -> Iterator[str]:
    for setting in block.settings:
        # Null is Terraform's word for an argument that is left out: `subnet_ids = null` leaves them to the provider.
        if setting.value != Literal(None) and (prefix or setting.name not in _META):
            yield f"{prefix}{setting.name}"
    for inner in block.blocks:
        if inner.type == "dynamic" and inner.labels:
            for content in (b for b in inner.blocks if b.type == "content"):
                yield from _paths(content, f"{prefix}{inner.labels[0]}.")
        elif prefix or inner.type not in _META:
            yield from _paths(inner, f"{prefix}{inner.type}.")


def _blocks(block: Block, prefix: str) -> Iterator[str]:
    for inner in block.blocks:
        if inner.type == "dynamic" and inner.labels:
            yield f"{prefix}{inner.labels[0]}"
            for content in (b for b in inner.blocks if b.type == "content"):
                yield from _blocks(content, f"{prefix}{inner.labels[0]}.")
        elif prefix or inner.type not in _META:
            yield f"{prefix}{inner.type}"
            yield from _blocks(inner, f"{prefix}{inner.type}.")
