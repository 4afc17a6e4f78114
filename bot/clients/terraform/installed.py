"""What `terraform init` installed, by Terraform's own account: the last look before any of it is run.

Installing runs nothing. A provider or a module that the policy does not name is refused before the first command that would
run it, and so is what a downloaded module does that the static checks would not let a stack do.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.clients.terraform.workspace import environment_above
from bot.core.checks.paths.evaluated import StackCode, evaluated_path_findings
from bot.core.checks.required_providers import LOCK, locked_providers
from bot.core.checks.static_checks import GateRules, downloaded_findings
from bot.core.checks.versions import is_within
from bot.core.hcl.value_files import VALUES
from bot.core.tree import CODE, File, Tree
from bot.errors import InvalidInput
from bot.names import shown

_HOSTS = frozenset({"registry.terraform.io", "registry.opentofu.org"})
MOST_BYTES = 64 * 1024 * 1024
"""Of one downloaded module. The largest of the public registry have some 2 MB, examples included."""


@dataclass(frozen=True, slots=True)
class _Installed:
    """A line of Terraform's listing: the address of a module, where it comes from, its version, and where it lies."""

    key: str
    source: str
    version: str
    directory: Path

    @property
    def is_local(self) -> bool:
        return self.source.startswith(("./", "../"))


def foreign(data: Path, rules: GateRules, lock: bytes) -> Iterator[str]:
    """Yield a complaint for each provider and module in Terraform's data directory that `rules` or the lock file do not allow."""
    locked = locked_providers(lock)
    for place in sorted((data / "providers").glob("*/*/*")):
        host, namespace, kind = place.parts[-3:]
        address = f"{host}/{namespace}/{kind}"
        if host not in _HOSTS or f"{namespace}/{kind}" not in rules.providers:
            yield f"provider {shown(address)} is not in the policy's `gate.providers`"
            continue
        known = locked.get(address)
        for version in sorted(each.name for each in place.iterdir()):
            # `init` takes whatever is offered where the lock file has no checksum, and says so only in a warning.
            if known is None or known.version != version or not known.has_hashes:
                yield f"provider {shown(address)} {shown(version)} is not in `{LOCK}` with this version and a checksum"
    downloads = data / "modules"
    modules = {module.key: module for module in _modules(downloads / "modules.json")}
    for module in modules.values():
        if not module.is_local:
            yield from _source_complaints(module, rules)
        # A local one that doesn't lie there is the repository's own, and was judged with the code that calls it.
        if not module.is_local or module.directory.is_relative_to(downloads):
            yield from _code_complaints(module, downloads, rules, _downloaded_as(module, modules))


def downloaded_code(data: Path) -> Mapping[str, Tree]:
    """Return the code of each module in Terraform's data directory, by Terraform's key of it (`vpc`, `vpc.inner`). Judge it first."""
    downloads = data / "modules"
    return {
        module.key: _files(module.directory, CODE, downloads)
        for module in _modules(downloads / "modules.json")
        if module.directory.is_relative_to(downloads)
    }


def handed(stack: Path, data: Path, rules: GateRules) -> Iterator[str]:
    """Yield a complaint for each path of this machine that a stack's modules are handed, now that all their code is there."""
    downloads = data / "modules"
    modules = list(_modules(downloads / "modules.json"))
    if not any(module.directory.is_relative_to(downloads) for module in modules):
        return  # then the static checks have looked into all of them
    places = {module.key: f".terraform/modules/{module.key}" for module in modules}
    code = {
        f"{stack.name}/{name}": file for name, file in _files(stack, (*CODE, *VALUES), environment_above(stack)).items()
    }
    for module in modules:
        above = downloads if module.directory.is_relative_to(downloads) else module.directory
        found = _files(module.directory, CODE, above)
        code |= {f"{places[module.key]}/{name}": file for name, file in found.items()}
    of = StackCode(code, (stack.name, *places.values()), installed=places, free=_free(stack, downloads, modules, rules))
    yield from map(str, evaluated_path_findings(of, rules, "."))


def _free(stack: Path, downloads: Path, modules: Sequence[_Installed], rules: GateRules) -> frozenset[str]:
    """Return the places of the modules that may compute which files they read: downloaded ones, and those of the repository."""
    roots = rules.roots.of_environments
    repository = next(
        (each for each in stack.parents if any(stack.is_relative_to(each / root) for root in roots)), None
    )
    found = set[str]()
    by_key = {module.key: module for module in modules}
    for module in modules:
        if module.directory.is_relative_to(downloads):
            name = _downloaded_as(module, by_key)
        elif repository is not None and module.directory.is_relative_to(repository):
            name = module.directory.relative_to(repository).as_posix()
        else:
            continue
        if rules.reads_freely(name):
            found.add(f".terraform/modules/{module.key}")
    return frozenset(found)


def _downloaded_as(module: _Installed, modules: Mapping[str, _Installed]) -> str:
    """Return the source of what was downloaded that a module is part of: a package may hold further modules, which it calls."""
    while module.is_local and (caller := modules.get(module.key.rpartition(".")[0])) is not None:
        module = caller
    return _plain(module.source)


def _files(directory: Path, endings: tuple[str, ...], above: Path) -> dict[str, File]:
    """Return the files with these endings. Terraform follows symlinks, and those that lead out of `above` were refused before."""
    return {
        place.name: File(place.read_bytes())
        for place in sorted(directory.glob("*.t*"))
        if place.name.endswith(endings) and place.is_file() and place.resolve().is_relative_to(above.resolve())
    }


def _source_complaints(module: _Installed, rules: GateRules) -> Iterator[str]:
    entry = rules.module_entry(_plain(module.source))
    if entry is None:
        yield f"module source {shown(module.source)} is not in the policy's `gate.module_sources`"
    elif entry.versions and not entry.is_free and not _is_allowed(module.version, entry.versions):
        yield (
            f"module source {shown(module.source)} was installed in version {shown(module.version or 'none')}, and the policy's "
            f"`gate.module_sources` allows {shown(entry.versions)}"
        )


def _is_allowed(version: str, span: str) -> bool:
    try:
        return is_within(version, span)
    except InvalidInput:
        return False  # a range that is none allows nothing


def _code_complaints(module: _Installed, downloads: Path, rules: GateRules, source: str) -> Iterator[str]:
    name = f"module {shown(module.key)} ({shown(module.source)})"
    files: dict[str, File] = {}
    size = 0
    for folder, folders, names in os.walk(module.directory):
        folders[:] = sorted(each for each in folders if each not in {".git", ".terraform"})
        for each in sorted([*folders, *names]):
            place = Path(folder) / each
            if place.is_symlink() and not place.resolve().is_relative_to(downloads.resolve()):
                yield f"{name} has a symlink that leaves it: {shown(str(place.relative_to(module.directory)))}"
                return
        for each in sorted(names):
            place = Path(folder) / each
            size += place.stat().st_size
            if size > MOST_BYTES:
                yield f"{name} has more than {MOST_BYTES // 1024**2} MiB, which are not read"
                return
            files[place.relative_to(module.directory).as_posix()] = File(place.read_bytes())
    for found in downloaded_findings(files, rules, module.key, source):
        yield f"{name}: {found}"


def _modules(listing: Path) -> Iterator[_Installed]:
    if listing.exists():
        for module in json.loads(listing.read_text("utf-8"))["Modules"]:
            if module["Key"]:  # the root module has none
                # Terraform names the directory relative to where it runs, unless its data directory is elsewhere, as ours is.
                directory = Path(os.path.normpath(listing.parents[2] / module["Dir"]))
                yield _Installed(module["Key"], module["Source"], module.get("Version", ""), directory)


def _plain(source: str) -> str:
    return source.removeprefix("registry.terraform.io/").removeprefix("registry.opentofu.org/")
