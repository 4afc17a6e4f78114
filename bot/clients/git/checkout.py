"""A checkout of the monorepo on disk: read directories as values, write them back without leaving a half-written one."""

import os
import shutil
import stat
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal

from bot.clients.git.command import completed
from bot.clients.git.commits import file_at, files_of_tree
from bot.clients.git.left_out import EXECUTABLE, LINK, left_out
from bot.clients.git.work_tree import entries, must_lie_here, replace_directory, write_files
from bot.clients.proved_before import ReadBefore
from bot.clouds.registry import FACTS
from bot.core.checks.terraform_version import FILES as VERSIONS
from bot.core.hcl.local_modules import ReadDirectory, modules_outside, outside, own
from bot.core.rendering.assemble import TemplateAt, own_manifest, read_policy, read_roots, read_template
from bot.core.rendering.inventory import Inventory, InventoryReading, findings
from bot.core.tree import UNSAVED_STATE, File, Tree, check_tree, tree_id, with_links
from bot.errors import Finding, UserError
from bot.model.environment import MANIFEST, Manifest
from bot.model.policy import PATH as POLICY
from bot.model.policy import Policy
from bot.model.roots import DEFAULT, Roots
from bot.model.template import DECLARATION
from bot.names import EnvironmentName, TemplateName, shown

MOST_OF_A_DIRECTORY = 64 * 1024 * 1024
"""Bytes of an environment, a template or a module with all below it. The largest modules of the public registry have some 2 MB, examples included."""


class Checkout:
    """The work tree at `root`, whose environments and templates lie in `roots`: as the policy of the base branch says."""

    def __init__(self, root: Path, roots: Roots = DEFAULT) -> None:
        self.root = root
        self.roots = roots

    def environments(self) -> Sequence[str]:
        """Return the names of the environments' directories, valid or not, in order."""
        found, unmanaged = self.directories("environments"), self.unmanaged()
        return [name for name in found if name not in unmanaged]

    def unmanaged(self) -> frozenset[str]:
        """Return the directories beside the environments that are somebody else's: they have no manifest, and had none at the last commit."""
        left = left_out(self.root)
        named = {name: f"{self.roots.environment(name)}/{MANIFEST}" for name in self.directories("environments")}
        bare = [name for name, path in named.items() if not (self.root / path).is_file() and path not in left]
        if not bare:
            return frozenset()
        lost = (
            (self._git("ls-tree", "--name-only", "-z", "HEAD", "--", *(named[each] for each in bare)) or b"")
            .decode("utf-8", "surrogateescape")
            .split("\0")
        )
        return frozenset(name for name in bare if named[name] not in lost)

    def environments_at(self, commit: str) -> Sequence[str]:
        """Return the names of the directories that lie among the environments at a commit, valid or not, in order; none when it is not there."""
        roots = [f"{root}/" for root in self.roots.of_environments]
        listing = self._git("ls-tree", "-d", "--name-only", "--full-tree", "-z", commit, "--", *roots) or b""
        paths = listing.decode("utf-8", "surrogateescape").split("\0")
        return sorted(name for path in paths if (name := self.roots.environment_in(path)) is not None)

    def templates(self) -> Sequence[str]:
        """Return the names of the templates' directories, valid or not, in order; without a declaration it is somebody else's."""
        found = self.directories("templates")
        return [name for name in found if self.has(f"{self.roots.template(name)}/{DECLARATION}")]

    def has(self, path: str) -> bool:
        """Say whether a file is there, also where a sparse checkout leaves it out."""
        return (self.root / path).is_file() or path in left_out(self.root)

    def environment(self, name: EnvironmentName) -> dict[str, File]:
        """Return the files of an environment; none when it does not exist. Raises `UserError` for a symlink that leaves them."""
        return self._files(self.roots.environment(name))

    def manifest_alone(self, name: EnvironmentName) -> dict[str, File]:
        """Return the file of an environment's manifest, without reading any other; none when there is none. Raises `UserError`."""
        path = f"{self.roots.environment(name)}/{MANIFEST}"
        must_lie_here(self.root, path)
        data = self._file(path)
        return {MANIFEST: File(data)} if data is not None else {}

    def version_files(self, name: EnvironmentName) -> dict[str, File]:
        """Return the files that name a version of Terraform, beside and in the stacks, without reading any other."""
        place = self.root / (where := self.roots.environment(name))
        patterns = [pattern for name in VERSIONS.values() for pattern in (name, f"*/{name}")]
        found = (each for pattern in patterns for each in place.glob(pattern) if each.is_file())
        there = {each.relative_to(place).as_posix(): File(each.read_bytes()) for each in found}
        left = left_out(self.root).called(where, frozenset(VERSIONS.values()))
        return {**{path: File(data) for path, data in left}, **there}

    def code(self, name: EnvironmentName) -> dict[str, File]:
        """Return the files of an environment, and of the modules outside that they call. Raises `UserError` for a symlink that leaves them."""
        files = self.environment(name)
        return {**files, **modules_outside(files, self.modules_of(name))}

    def code_at(self, name: EnvironmentName, commit: str) -> dict[str, File] | None:
        """Return an environment's files with its modules at a commit, None when the environment is not there."""
        files = self.environment_at(name, commit)
        if files is None:
            return None

        def read(directory: str) -> Tree:
            path = self.roots.module(directory, name)
            found = (
                files_of_tree(self.root, f"{commit}:{path}", path)
                if path and not self._is_owned(path, commit)
                else None
            )
            return found or {}

        return {**files, **modules_outside(files, read)}

    def module(self, directory: str, of: str) -> dict[str, File]:
        """Return the files of a module outside (`../../modules/logs`) of an environment or template, none if none may lie there. Raises `UserError`."""
        path = self.roots.module(directory, of)
        if path is None or self._is_owned(path):
            return {}
        return self._files(path)

    def modules_of(self, name: str) -> ReadDirectory:
        """Return what reads the modules outside of an environment or template."""
        return partial(self.module, of=name)

    def _is_owned(self, path: str, commit: str | None = None) -> bool:
        """Say whether a directory belongs to an environment or a template."""
        owner = self.roots.owner(path)
        documents = [f"{owner}/{name}" for name in (MANIFEST, DECLARATION)] if owner else []
        if commit is None:
            return any((self.root / each).exists() or each in left_out(self.root) for each in documents)
        return any(file_at(self.root, commit, document) is not None for document in documents)

    def read_inventory(self, before: ReadBefore | None = None) -> InventoryReading:
        """Return all environments that can be read, and why the others can't; with `before`, what was read before is not parsed again."""
        live: dict[EnvironmentName, Manifest] = {}
        wrong: list[Finding] = []
        files: dict[EnvironmentName, Tree] = {}
        for text in self.environments():
            try:
                name = EnvironmentName(text)
                files[name] = self.manifest_alone(name)
            except UserError as error:
                wrong += findings(self.roots.environment(text), error)
        trees: dict[str, str] = {name: tree_id(found) for name, found in files.items()} if before is not None else {}
        known = before.among(trees) if before is not None else {}
        for name, found in files.items():
            try:
                live[name] = known.get(name) or own_manifest(found, name, self.roots)
            except UserError as error:
                wrong += findings(self.roots.environment(name), error)
        if before is not None:
            before.keep(trees, {str(name): manifest for name, manifest in live.items() if name not in known})
        return InventoryReading(Inventory(live, unmanaged=self.unmanaged()), tuple(wrong))

    def branch(self) -> str | None:
        """Return the name of the branch that is checked out, if one is."""
        name = self._git("symbolic-ref", "--quiet", "--short", "HEAD")
        return name.decode("utf-8", "replace").strip() if name is not None else None

    def template(self, name: TemplateName) -> dict[str, File]:
        """Return the files of a template; none when it does not exist. Raises `UserError` for a symlink that leaves them."""
        return self._files(self.roots.template(name))

    def read_template(self, name: TemplateName, files: Tree) -> TemplateAt:
        """Return the template of this name that `files` are. Raises `UserError`."""
        return read_template(name, files, FACTS, self.modules_of(name), roots=self.roots)

    def template_at(self, name: TemplateName, revision: str) -> dict[str, File] | None:
        """Return the files of a template at an older revision (a git tree id) from history, or None when it is not there."""
        return files_of_tree(self.root, revision, self.roots.template(name))

    def keep_template(self, files: Tree) -> None:
        """Keep a template as it is in the work tree among git's objects, so that what was rendered from it can be told later on.

        Without a commit that holds it git forgets it after a few weeks. Nothing is kept outside of a repository.
        """
        import git  # noqa: PLC0415 (commands that only read start without it)

        from bot.clients.git.trees import Trees  # noqa: PLC0415

        try:
            with git.Repo(self.root, search_parent_directories=True) as repo:
                Trees(repo).store(files)
        except git.InvalidGitRepositoryError:
            return

    def environment_at(self, name: EnvironmentName, commit: str) -> dict[str, File] | None:
        """Return the files of an environment at a commit, or None when the commit, or the environment in it, is not there."""
        where = self.roots.environment(name)
        return files_of_tree(self.root, f"{commit}:{where}", where)

    def policy(self) -> Policy:
        """Return the repository's policy; the defaults when there is no file. Raises `Unreadable`."""
        return read_policy(self.policy_text(), FACTS)

    def policy_text(self) -> bytes | None:
        """Return the policy as it is written; None when there is no file."""
        place = self.root / POLICY
        return place.read_bytes() if place.exists() else self._file(POLICY)

    def policy_at(self, commit: str) -> Policy:
        """Return the policy at a commit; its defaults when there is no file. Raises `Unreadable`, `Unverifiable`."""
        return read_policy(file_at(self.root, commit, POLICY), FACTS)

    def write_environment(self, name: EnvironmentName, files: Tree) -> Path:
        """Write (or replace) an environment's directory as a whole and return its path."""
        check_tree(files)
        target = self.root / self.roots.environment(name)
        replace_directory(target, files)
        return target

    def write_code(self, name: EnvironmentName, code: Tree) -> Path:
        """Write an environment's directory and the modules outside that it calls, and return the directory's path."""
        placed = ((self.roots.module(path, name), file) for path, file in outside(code).items())
        write_files(self.root, {path: file for path, file in placed if path is not None})
        return self.write_environment(name, own(code))

    def bring_out(self, name: EnvironmentName) -> None:
        """Write what Terraform and hooks need of an environment, and a sparse checkout left out: its files, and the modules that it calls."""
        left, where = left_out(self.root), self.roots.environment(name)
        code = self.code(name) if left else {}
        placed = {self.roots.module(path, name): file for path, file in outside(code).items()}
        placed |= {f"{where}/{path}": file for path, file in own(code).items()}
        write_files(self.root, {path: file for path, file in placed.items() if path and path in left})

    def directories(self, kind: Literal["environments", "templates"]) -> list[str]:
        """Return what the directories among the environments or the templates are called, in order, whatever is in them."""
        roots = self.roots.of_environments if kind == "environments" else self.roots.of_templates
        places = [(root, self.root / root) for root in roots]
        children = [(root, child) for root, place in places if place.is_dir() for child in place.iterdir()]
        names = {self.roots.called(root, child.name) for root, child in children if child.is_dir()}
        left = left_out(self.root)
        return sorted(names.union(self.roots.called(root, each) for root in roots for each in left.directories(root)))

    def _files(self, directory: str) -> dict[str, File]:
        found: dict[str, File] = {}
        links: dict[str, str] = {}
        base, left = self.root / directory, MOST_OF_A_DIRECTORY
        must_lie_here(self.root, directory)
        for path, look in entries(base, lambda: self._committed(directory)):
            place, mode = f"{base}/{path}", look.st_mode
            if stat.S_ISLNK(mode):
                links[path] = os.readlink(place)
            elif stat.S_ISREG(mode) and not _is_left_empty(path, look):
                left -= look.st_size
                if left < 0:
                    raise UserError(
                        f"{directory} holds more than {MOST_OF_A_DIRECTORY // 1024**2} MiB with {shown(path)}, and all of it is read and "
                        "reviewed: move what is not part of it elsewhere."
                    )
                with open(place, "rb") as file:
                    found[path] = File(file.read(), bool(mode & stat.S_IXUSR))
        for whole, bits, data in left_out(self.root).files(directory, left):
            path = whole.removeprefix(f"{directory}/")
            if bits == LINK:
                links[path] = data.decode("utf-8", "surrogateescape")
            else:
                found[path] = File(data, bits == EXECUTABLE)
        return with_links(found, links, directory)

    def _file(self, path: str) -> bytes | None:
        place, left = self.root / path, left_out(self.root)
        if place.is_file():
            return place.read_bytes()
        return left.file(path) if path in left else None

    def _committed(self, directory: str) -> list[str]:
        listing = self._git("--literal-pathspecs", "ls-files", "-z", "--", directory) or b""
        paths = listing.decode("utf-8", "surrogateescape").split("\0")
        return [path.removeprefix(f"{directory}/") for path in paths if path]

    def _git(self, *arguments: str, given: bytes = b"") -> bytes | None:
        if shutil.which("git") is None:
            return None
        done = completed(self.root, arguments, given)
        return done.stdout if done.returncode == 0 else None


def own_checkout(root: Path) -> Checkout:
    """Return the work tree at `root` by its own policy: for whoever is at work in it, never for a pull request's. Raises `Unreadable`."""
    return Checkout(root, read_roots(Checkout(root).policy_text()))


def _is_left_empty(path: str, look: os.stat_result) -> bool:
    """Say whether a file was made for a state that could not be written, and left by an apply that was killed."""
    return path.rpartition("/")[2] == UNSAVED_STATE and look.st_size == 0
