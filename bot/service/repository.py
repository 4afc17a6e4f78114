"""A monorepo on GitHub and in its mirror, at one commit: templates, environments, policy, and what is proposed."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from bot.clients.git.history.templates import template_history
from bot.clients.git.mirror import Mirror
from bot.clients.git.remote import GitFailed
from bot.clients.github.client import GitHub
from bot.clients.github.records import PullRequest
from bot.clouds.registry import FACTS
from bot.core.hcl.local_modules import modules_outside
from bot.core.rendering.assemble import TemplateAt, read_policy, read_roots, read_template
from bot.core.rendering.inventory import Inventory, InventoryReading, Remnant, remnant_of
from bot.core.requests.branches import PREFIXES, Branch, Stranger, WaveBranch, read_branch, read_wave
from bot.core.requests.template_history import TemplateHistory
from bot.core.tree import File, Tree
from bot.errors import UserError
from bot.model.environment import MANIFEST, Manifest
from bot.model.policy import PATH as POLICY
from bot.model.policy import Policy
from bot.model.roots import Roots
from bot.model.template import DECLARATION
from bot.names import EnvironmentName, RepositoryName, TemplateName
from bot.service.context import ServiceContext
from bot.service.inventory_reader import InventoryReader, seen_in
from bot.service.manifests_by_tree import ManifestsByTree

OLDER = 20
"""Versions of a manifest that are looked at for the last one that can be read."""


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository at one commit: that of its default branch when it was fetched, unless `at` names another.

    Branches, proposals and GitHub are as they are now, whatever the commit.
    """

    name: RepositoryName
    branch: str
    commit: str
    mirror: Mirror
    context: ServiceContext
    roots: Roots

    @property
    def github(self) -> GitHub:
        return self.context.github

    @property
    def _manifests(self) -> ManifestsByTree:
        return ManifestsByTree(self.mirror, self.context, self.roots)

    def at(self, commit: str) -> "Repository":
        """Return the repository at another commit. Raises `Transient` when neither the mirror nor the remote has that."""
        self.mirror.history.message(commit)  # brings the commit into the mirror
        return replace(self, commit=commit)

    def fetched(self) -> "Repository":
        """Return the repository at the newest commit of its default branch. Raises `Transient`, `UserError`."""
        return repository_at_head(self.context, self.name)

    def pull_request(self, branch: Branch | WaveBranch) -> PullRequest | None:
        """Return our open pull request from a branch of ours, else our newest one. Raises `Transient`."""
        return self.github.pull_request_for_head(self.name, str(branch))

    def proposed(self, branch: Branch | WaveBranch) -> str | None:
        """Return the commit that a branch of ours points to; None when there is no such branch."""
        if isinstance(branch, WaveBranch):
            return self.mirror.waves().get(str(branch))
        return self.mirror.proposals(branch.kind).get(branch.environment)

    def policy(self) -> Policy:
        """Return the policy; its defaults when there is no file. Raises `UserError`."""
        return read_policy(self.mirror.read(self.commit, POLICY), FACTS)

    def template(self, name: TemplateName) -> TemplateAt:
        """Return a template as it is at this commit. Raises `UserError`."""
        return self.read_template(name, self.mirror.read_tree(self.commit, self.roots.template(name)))

    def template_history(self, name: TemplateName) -> TemplateHistory:
        """Return the revisions that a template has had on the way to this commit, newest first. Raises `Unverifiable`."""
        return template_history(self.mirror.path, self.commit, self.roots.template(name))

    def template_of(self, manifest: Manifest) -> TemplateAt:
        """Return the template that an environment was rendered from. Raises `UserError`."""
        files = self.mirror.read_tree_by_id(manifest.revision, self.roots.template(manifest.template))
        return self.read_template(manifest.template, files)

    def read_template(self, name: TemplateName, files: Tree) -> TemplateAt:
        """Return the template of this name that `files` are. Raises `UserError`."""
        return read_template(name, files, FACTS, partial(self.module, of=name), roots=self.roots)

    def environment(self, name: EnvironmentName) -> dict[str, File]:
        """Return the files of an environment; none when it does not exist."""
        return self.mirror.read_tree(self.commit, self.roots.environment(name))

    def code(self, name: EnvironmentName) -> dict[str, File]:
        """Return the files of an environment, and of the modules outside that they call."""
        files = self.environment(name)
        return {**files, **modules_outside(files, partial(self.module, of=name))}

    def module(self, directory: str, of: str) -> dict[str, File]:
        """Return the files of a module outside (`../../modules/logs`) of an environment or template, none if none may lie there. Raises `UserError`."""
        path = self.roots.module(directory, of)
        owner = self.roots.owner(path) if path is not None else None
        owned = (self.mirror.read(self.commit, f"{owner}/{document}") for document in (MANIFEST, DECLARATION))
        if path is None or (owner is not None and any(found is not None for found in owned)):
            return {}
        return self.mirror.read_tree(self.commit, path)

    def trees(self) -> Mapping[str, str]:
        """Return the names of the environments' directories, valid or not, with their tree ids."""
        return self._entries(self.roots.of_environments)

    def tree_of(self, name: EnvironmentName) -> str | None:
        """Return the id of an environment's tree, None where it does not exist."""
        return self.mirror.tree_at(self.commit, self.roots.environment(name))

    def manifest(self, name: EnvironmentName) -> Manifest | None:
        """Return an environment's manifest, or None when it does not exist. Raises `UserError` when it can't be read."""
        known, key = self.context.manifests, f"{self.commit}:{name}"
        if key not in known:
            tree = self.tree_of(name)
            if tree is None:
                return None
            known[key] = self._manifests.read(name, tree)
        return known[key]

    def remember(self, manifest: Manifest) -> None:
        """Note what the manifest is that was written in this commit, so that it need not be read again."""
        self.context.manifests[f"{self.commit}:{manifest.name}"] = manifest

    def source(self, name: EnvironmentName) -> Manifest:
        """Return the manifest of an environment that clones were made from. Raises `UserError` when it is gone."""
        manifest = self.manifest(name)
        if manifest is None:
            raise UserError(f"Environment `{name}` not found.")
        return manifest

    def names(self) -> Sequence[str]:
        """Return the names of the environments' directories, valid or not, in order."""
        trees = self.trees()
        return sorted(trees.keys() - self._unmanaged(trees))

    def templates(self) -> Sequence[str]:
        """Return the names of the templates' directories, valid or not, in order."""
        return sorted(self._entries(self.roots.of_templates))

    def _entries(self, roots: Sequence[str]) -> Mapping[str, str]:
        """Return what the directories in these roots are called, with their tree ids."""
        if not self.roots.also:  # each is called as it is, and one clone asks several times for all of ten thousand
            return self.mirror.entries(self.commit, roots[0])
        return {
            self.roots.called(root, child): tree
            for root in roots
            for child, tree in self.mirror.entries(self.commit, root).items()
        }

    def removed_manifests(self) -> Mapping[str, str]:
        """Return the paths of the manifests that were removed, each with the last commit that did it."""
        patterns = [f"{root}/*/{MANIFEST}" for root in self.roots.of_environments]
        return {path: by for each in patterns for path, by in self.mirror.history.removed(self.commit, each).items()}

    def own_pull_requests(self) -> list[PullRequest]:
        """Return the open pull requests that we opened, from branches of ours: what is proposed. People may push to them.

        Raises `Transient`.
        """
        return [pull for pull in self._from_our_branches() if self.is_ours(pull)]

    def is_ours(self, pull: PullRequest) -> bool:
        """Say whether we opened it, and not somebody else from a branch that is named like ours."""
        return pull.author.casefold() == self.github.identity().casefold()

    def strangers(self) -> list[Stranger]:
        """Return what looks like a proposal of ours and is none. Raises `Transient`."""
        if not self.mirror.has_proposals():
            return []
        pulls = self._from_our_branches()
        behind = {pull.head for pull in pulls} | {f"{PREFIXES['clone']}/{text}" for text in self.trees()}
        standing = [f"{PREFIXES['clone']}/{text}" for text in self.mirror.proposals()]
        others = [Stranger(pull.head, pull.number, pull.author) for pull in pulls if not self.is_ours(pull)]
        return [*others, *(Stranger(branch) for branch in standing if branch not in behind)]

    def inventory(self) -> Inventory:
        """Return all environments, on the default branch and proposed by us. Raises `Transient`."""
        return self.read_inventory().inventory

    def read_inventory(self) -> InventoryReading:
        """Return all environments that can be read, and why the others can't; these keep what they hold. Raises `Transient`."""
        trees = self.trees()
        read, manifests = InventoryReader(self.roots, self._unmanaged(trees)), self._manifests
        seen = self.context.seen.get(self.name)
        if seen is None or seen.trees != trees or seen.unmanaged != read.unmanaged:
            seen = self.context.seen[self.name] = seen_in(trees, read.unmanaged, self.context.manifests)
        read.live = seen.live
        for text in seen.others:
            read.add(text, partial(manifests.read, tree=trees[text]), self._remnant, is_live=True)
        # Without a branch of ours that is not merged nothing is proposed, and GitHub need not be asked.
        if any(text not in trees for text in self.mirror.proposals()):
            for pull in self.own_pull_requests():
                branch = read_branch(pull.head)
                if branch is not None and branch.kind == "clone" and branch.environment not in trees:
                    at = self.at(pull.head_sha)
                    read.add(branch.environment, at.manifest, at._remnant, is_live=False)
        return read.reading

    def _unmanaged(self, trees: Mapping[str, str]) -> frozenset[str]:
        """Return the directories that have no manifest, and did not lose one: somebody else's."""
        seen = self.context.seen.get(self.name)
        if seen is None or seen.trees != trees:
            self._manifests.read_ahead(trees)
        bare = {text for text, tree in trees.items() if tree in self.context.bare} if self.context.bare else set[str]()
        lost = self.removed_manifests() if bare else {}
        by = {text: lost.get(f"{self.roots.environment(text)}/{MANIFEST}") for text in bare}
        return frozenset(
            text
            for text in bare
            if not (commit := by[text]) or self.mirror.tree_at(commit, self.roots.environment(text)) is None
        )

    def _remnant(self, name: EnvironmentName, *, is_live: bool) -> Remnant:
        """Return what is still known of an environment that can't be read."""
        path = f"{self.roots.environment(name)}/{MANIFEST}"
        tree = self.trees().get(name)
        key = f"{name}:{tree or self.commit}"
        if key not in self.context.remnants:
            last = next(
                filter(None, map(self._readable(name), self.mirror.history.versions(self.commit, path, OLDER))), None
            )
            data = self.mirror.read(self.commit, path) or b""
            self.context.remnants[key] = remnant_of(data, is_live=is_live, last=last)
        return self.context.remnants[key]

    def _readable(self, name: EnvironmentName) -> Callable[[str], Manifest | None]:
        def manifest(commit: str) -> Manifest | None:
            try:
                return replace(self, commit=commit).manifest(name)
            except UserError:
                return None

        return manifest

    def _from_our_branches(self) -> list[PullRequest]:
        pulls = self.github.open_pull_requests(self.name)
        return [each for each in pulls if each.is_from(self.name) and (read_branch(each.head) or read_wave(each.head))]


def repository_at_head(context: ServiceContext, name: RepositoryName) -> Repository:
    """Return the repository as it is now. Raises `Transient` when git can't reach it, `UserError` when it is empty."""
    mirror, branch = context.mirror(name), context.default_branch(name)
    try:
        mirror.fetch(branch)
    except GitFailed:
        context.forget_default_branch(name)
        if (renamed := context.default_branch(name)) == branch:
            raise
        branch = renamed
        mirror.fetch(branch)
    commit = mirror.head(branch)
    if commit is None:
        raise UserError(f"The repository has no commits on `{branch}` yet.")
    return Repository(name, branch, commit, mirror, context, read_roots(mirror.read(commit, POLICY)))


def repository_at(context: ServiceContext, name: RepositoryName, commit: str) -> Repository:
    """Return the repository at a known commit, without a fetch unless the mirror lacks it. Raises `Transient`."""
    mirror = context.mirror(name)
    mirror.history.message(commit)  # brings the commit into the mirror
    roots = read_roots(mirror.read(commit, POLICY))
    return Repository(name, context.default_branch(name), commit, mirror, context, roots)
