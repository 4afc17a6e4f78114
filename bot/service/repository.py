"""Read a monorepo at its default branch, through the mirror: templates, environments, policy, and what is proposed."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.clients.git.mirror import Mirror
from bot.clouds.registry import FACTS
from bot.core.rendering.assemble import TemplateAt, read_manifest, read_policy, read_template
from bot.core.rendering.inventory import Inventory, InventoryReading, findings
from bot.core.tree import File, Tree
from bot.errors import Finding, UserError
from bot.model.environment import ENVIRONMENTS, MANIFEST, Manifest, directory
from bot.model.policy import PATH as POLICY
from bot.model.policy import Policy
from bot.model.template import TEMPLATES
from bot.model.template import directory as template_directory
from bot.names import EnvironmentName, RepositoryName, TemplateName
from bot.service.context import ServiceContext


@dataclass(frozen=True, slots=True)
class Repository:
    """One repository, at one commit of its default branch."""

    mirror: Mirror
    branch: str
    commit: str
    manifests: dict[str, Manifest]
    """Manifests by the tree they stand in, and by commit and name: ids never change their content, so this never goes stale."""

    def policy(self) -> Policy:
        """Return the policy; its defaults when there is no file. Raises `UserError`."""
        return read_policy(self.mirror.read(self.commit, POLICY), FACTS)

    def template(self, name: TemplateName) -> TemplateAt:
        """Return a template as it is now. Raises `UserError`."""
        return read_template(name, self.mirror.read_tree(self.commit, template_directory(name)), FACTS)

    def template_at(self, manifest: Manifest) -> TemplateAt:
        """Return the template that an environment was rendered from. Raises `UserError`."""
        files = self.mirror.read_tree_by_id(manifest.revision, template_directory(manifest.template))
        return read_template(manifest.template, files, FACTS)

    def environment(self, name: EnvironmentName, commit: str | None = None) -> dict[str, File]:
        """Return the files of an environment; none when there is no such one."""
        return self.mirror.read_tree(commit or self.commit, directory(name))

    def manifest(self, name: EnvironmentName, commit: str | None = None) -> Manifest | None:
        """Return an environment's manifest, or None when there is no such one. Raises `UserError` when it can't be read."""
        at = commit or self.commit
        key = f"{at}:{name}"
        if key not in self.manifests:
            tree = self.mirror.entries(at, ENVIRONMENTS).get(name)
            if tree is None:
                return None
            self.manifests[key] = self._manifest(at, name, tree)
        return self.manifests[key]

    def source(self, name: EnvironmentName) -> Manifest:
        """Return the manifest of an environment that clones were made from. Raises `UserError` when it is gone."""
        manifest = self.manifest(name)
        if manifest is None:
            raise UserError(f"There is no environment `{name}`.")
        return manifest

    def names(self) -> Sequence[str]:
        """Return the names of the directories in `envs/`, valid or not, in order."""
        return sorted(self.mirror.entries(self.commit, ENVIRONMENTS))

    def templates(self) -> Sequence[str]:
        """Return the names of the directories in `templates/`, valid or not, in order."""
        return sorted(self.mirror.entries(self.commit, TEMPLATES))

    def estate(self) -> Inventory:
        """Return all environments, on the default branch and proposed on our own branches. Raises `Unreadable`."""
        return self.survey().whole()

    def survey(self) -> InventoryReading:
        """Return all environments that can be read, and why the others can't."""
        live: dict[EnvironmentName, Manifest] = {}
        proposed: dict[EnvironmentName, Manifest] = {}
        wrong: list[Finding] = []
        trees = self.mirror.entries(self.commit, ENVIRONMENTS)
        for text, tree in trees.items():
            try:
                live[EnvironmentName(text)] = self._manifest(self.commit, text, tree)
            except UserError as error:
                wrong += findings(text, error)
        for text, commit in self.mirror.proposals().items():
            try:
                name = EnvironmentName(text)
                manifest = self.manifest(name, commit) if text not in trees else None
            except UserError as error:
                wrong += findings(text, error)
                continue
            if manifest is not None:
                proposed[name] = manifest
        return InventoryReading(Inventory(live, proposed), tuple(wrong))

    def _manifest(self, commit: str, name: str, tree: str) -> Manifest:
        if tree not in self.manifests:
            data = self.mirror.read(commit, f"{ENVIRONMENTS}/{name}/{MANIFEST}")
            files: Tree = {} if data is None else {MANIFEST: File(data)}
            self.manifests[tree] = read_manifest(files, f"{ENVIRONMENTS}/{name}")
        return self.manifests[tree]


def repository_at_head(world: ServiceContext, repository: RepositoryName) -> Repository:
    """Return the repository as it is now. Raises `Transient` when git can't reach it, `UserError` when it is empty."""
    mirror, branch = world.mirror(repository), world.default_branch(repository)
    mirror.fetch(branch)
    commit = mirror.head(branch)
    if commit is None:
        raise UserError(f"The repository has no commit on `{branch}` yet.")
    return Repository(mirror, branch, commit, world.manifests)
