"""Which providers a module's local names stand for (`required_providers`), and which version of each its lock file lets run.

Sources: https://developer.hashicorp.com/terraform/language/providers/requirements,
https://developer.hashicorp.com/terraform/language/files/dependency-lock
"""

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from bot.core.checks.gate_rules import BUILT_IN
from bot.core.checks.versions import is_within
from bot.core.hcl.declarations import module_code
from bot.core.hcl.local_modules import calls_elsewhere, reached
from bot.core.hcl.parser import blocks
from bot.core.hcl.syntax.ast import Block, Expression, Items, Literal, Pairs, Setting
from bot.core.tree import Tree, is_code
from bot.errors import Finding, InvalidInput
from bot.model.modules import place_of


def local_names_of(files: Tree, directory: str) -> dict[str, str]:
    """Return the providers' local names of a root module and their sources."""
    found: dict[str, str] = {}
    for path, file in files.items():
        if posixpath.dirname(path) != directory or not is_code(path, files):
            continue
        try:
            top = blocks(path, file.data)
        except InvalidInput:
            continue  # reported where it stands
        for block in (inner for outer in top if outer.type == "terraform" for inner in outer.blocks):
            if block.type == "required_providers":
                found |= {setting.name: source_of(setting.name, setting.value) for setting in block.settings}
    return found


def source_of(name: str, requirement: Expression) -> str:
    """Return the source address that an entry of `required_providers` gives to a local name, in small letters: to Terraform all are alike."""
    if isinstance(requirement, Literal):
        return f"hashicorp/{name}"  # only a version, as in Terraform 0.12
    if not isinstance(requirement, Pairs):
        return "(not one plain text)"
    given = [value for key, value in requirement.pairs if not isinstance(key, Literal) or key.value == "source"]
    if not given:
        return f"hashicorp/{name}"
    if len(given) != 1 or not isinstance(given[0], Literal):
        return "(not one plain text)"
    return str(given[0].value).lower().removeprefix("registry.terraform.io/").removeprefix("registry.opentofu.org/")


def provider_of(block: Block, local_names: Mapping[str, str]) -> str:
    """Return the source address of the provider of a resource, a data source or a provider's own block."""
    setting = block.setting("provider") if block.type != "provider" else None
    kind = block.labels[0] if block.labels else "?"
    chosen = setting.code.strip('"').split(".")[0] if setting else None
    name = chosen or (kind if block.type == "provider" else kind.partition("_")[0])
    return BUILT_IN if name == "terraform" else local_names.get(name, f"hashicorp/{name}")


LOCK = ".terraform.lock.hcl"
_HOSTS = ("registry.terraform.io", "registry.opentofu.org")


@dataclass(frozen=True, slots=True)
class LockedProvider:
    """The version of a provider that a lock file names, in which line, and whether it knows the checksum of any package of it.

    `is_of_one_platform` if that is the package of one platform alone: a registry's checksums (`zh:`) are of all, another one (`h1:`) of one.
    """

    version: str
    line: int
    has_hashes: bool
    is_of_one_platform: bool


def locked_providers(data: bytes) -> Mapping[str, LockedProvider]:
    """Return the providers of a lock file by their whole address (`registry.terraform.io/hashicorp/random`). Raises `InvalidInput`.

    Terraform writes it in small letters, however the code does (`Acme/any`).
    """
    found: dict[str, LockedProvider] = {}
    for block in blocks(LOCK, data):
        if block.type == "provider" and block.labels:
            hashes = block.setting("hashes")
            known = hashes.value.items if hashes is not None and isinstance(hashes.value, Items) else ()
            texts = [str(each.value) for each in known if isinstance(each, Literal)]
            is_of_one = len(known) == 1 and all(text.startswith("h1:") for text in texts)
            found[block.labels[0]] = LockedProvider(block.text("version") or "", block.line, bool(known), is_of_one)
    return found


def unlocked_versions(code: Tree, stacks: Iterable[str], where: str) -> Iterator[Finding]:
    """Yield the required versions that a stack's lock file does not have, of the stack and of the modules that it calls: `init` would fail."""
    for stack in stacks:
        try:
            locked = locked_providers(code[f"{stack}/{LOCK}"].data)
        except (KeyError, InvalidInput):
            continue  # the static checks say so
        for directory in reached(code, stack):
            for path, setting in _requirements(code, directory):
                source, span = source_of(setting.name, setting.value), _span(setting.value)
                addresses = (f"{host}/{source.lower()}" for host in _HOSTS)
                found = next((locked[each] for each in addresses if each in locked), None)
                if found is not None and found.version and span is not None and not _has(span, found.version):
                    message = (
                        f"`{span}` of `{source}` does not take {found.version}, which {where}/{stack}/{LOCK} has: write a version that it takes, or run "
                        "`terraform init -backend=false -upgrade` in the stack's directory and commit the lock file (in a template: the template's)."
                    )
                    yield Finding(place_of(where, path), setting.line, message)


def unlocked_providers(code: Tree, stacks: Iterable[str], where: str) -> Iterator[Finding]:
    """Yield the providers that a stack's lock file lacks, of the stack and of the modules that it calls: `init` would fail."""
    for stack in stacks:
        try:
            locked = locked_providers(code[f"{stack}/{LOCK}"].data)
        except (KeyError, InvalidInput):
            continue  # the static checks say so
        named = {*map(_plain, locked)}
        for directory in reached(code, stack):
            for source, (path, line) in _used(code, directory).items():
                if source.lower() not in named and "/" in source:
                    named.add(source.lower())
                    message = (
                        f"the provider `{source}` is not in the {LOCK} of `{stack}`, so `terraform init` would fail: run `terraform init "
                        "-backend=false` in the stack's directory and commit the lock file (in a template: the template's)."
                    )
                    yield Finding(place_of(where, path), line, message)


def superfluous_providers(code: Tree, stacks: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield each provider that a lock file names and no code of the stack uses, as stack and address: `init` fails unless a state has something of it.

    Nobody knows what a module from outside the repository uses, so nothing is said of a stack that calls one.
    """
    for stack in stacks:
        try:
            locked = locked_providers(code[f"{stack}/{LOCK}"].data)
        except (KeyError, InvalidInput):
            continue  # the static checks say so
        directories = reached(code, stack)
        if any(calls_elsewhere(code, each) for each in directories):
            continue
        used = {source.lower() for each in directories for source in _used(code, each)}
        yield from ((stack, address) for address in locked if _plain(address) not in used)


def _plain(address: str) -> str:
    return address.partition("/")[2] if address.startswith(_HOSTS) else address


def _used(code: Tree, directory: str) -> Mapping[str, tuple[str, int]]:
    """Return the providers of a module, each with the first place that asks for it."""
    names = local_names_of(code, directory)
    found: dict[str, tuple[str, int]] = {}
    for path, setting in _requirements(code, directory):
        found.setdefault(source_of(setting.name, setting.value), (path, setting.line))
    for path, block in module_code(code, directory).blocks:
        if block.type in {"resource", "data", "ephemeral", "provider"}:
            found.setdefault(provider_of(block, names), (path, block.line))
    return {source: place for source, place in found.items() if source != BUILT_IN}


def _requirements(code: Tree, directory: str) -> Iterator[tuple[str, Setting]]:
    for path, block in module_code(code, directory).blocks:
        for inner in block.blocks if block.type == "terraform" else ():
            if inner.type == "required_providers":
                yield from ((path, setting) for setting in inner.settings)


def _span(requirement: Expression) -> str | None:
    match requirement:
        case Literal(str(text)):
            return text
        case Pairs(pairs):
            said = [value for key, value in pairs if isinstance(key, Literal) and key.value == "version"]
            return str(said[0].value) if len(said) == 1 and isinstance(said[0], Literal) else None
        case _:
            return None


def _has(span: str, version: str) -> bool:
    try:
        return is_within(version, span)
    except InvalidInput:
        return True  # Terraform says what is wrong with the range


def of_one_platform(files: Tree) -> Mapping[str, LockedProvider]:
    """Return the lock files with a provider that is of one platform alone, each with the first such provider."""
    found: dict[str, LockedProvider] = {}
    for path, file in sorted(files.items()):
        if posixpath.basename(path) == LOCK:
            try:
                locked = locked_providers(file.data)
            except InvalidInput:
                continue  # the static checks say so
            first = next((each for each in locked.values() if each.is_of_one_platform), None)
            if first is not None:
                found[path] = first
    return found
