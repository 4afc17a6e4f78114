"""Small repositories of other kinds than ours, each as somebody wrote it and as a template of envclone's.

`written/` holds the root modules of production as they were, and `modules/` beside them. `template/` holds what is added: the declaration,
and a `.j2` in the place of each file that differs between environments. The rest is taken over as it is.
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from bot.clouds.registry import FACTS
from bot.core.rendering.assemble import TemplateAt, assemble, read_policy, read_template
from bot.core.rendering.inventory import Inventory
from bot.core.requests.clone import Base
from bot.core.requests.preflight import CheckRules
from bot.core.tree import File, Tree, below, with_links
from bot.model.environment import Manifest
from bot.model.policy import Policy
from bot.names import EnvironmentName, TemplateName
from tests import ROOT
from tests.support.lock_files import lock_file

PLACE = ROOT / "tests" / "repositories"
KINDS = ("registry", "shared_modules", "workspaces", "google", "azure", "aliases", "idioms")
PRODUCTION = EnvironmentName("production")
LOCKED = {
    "registry": {"aws": "5.100.0", "random": "3.7.2"},
    "google": {"google": "6.50.0"},
    "azure": {"azurerm": "4.40.0", "kubernetes": "2.38.0"},
    "aliases": {"aws": "5.100.0"},
}
"""The providers of each kind that has any, by version."""


@dataclass(frozen=True)
class Adopted:
    """A repository that was taken over: `files` are the template's, `modules` lie beside the environments."""

    kind: str

    def read(self, part: str) -> dict[str, File]:
        root = PLACE / self.kind / part
        every = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
        links = {name: str(path.readlink()) for name, path in every.items() if path.is_symlink()}
        files = {name: File(path.read_bytes()) for name, path in every.items() if name not in links}
        return with_links(files, links, part)

    @cached_property
    def written(self) -> Mapping[str, File]:
        """The root modules as somebody wrote them."""
        found = {path: file for path, file in self.read("written").items() if not path.startswith("modules/")}
        roots = [path for path, file in found.items() if path.endswith(".tf") and b"backend " in file.data]
        lock = File(lock_file(**LOCKED.get(self.kind, {})))
        return {**found, **{f"{posixpath.dirname(path)}/.terraform.lock.hcl": lock for path in roots}}

    @cached_property
    def modules(self) -> Tree:
        return below(self.read("written"), "modules")

    @cached_property
    def template(self) -> TemplateAt:
        added = self.read("template")
        kept = {path: file for path, file in self.written.items() if f"{path}.j2" not in added}
        return read_template(TemplateName("shop"), {**kept, **added}, FACTS, self.module)

    def module(self, directory: str) -> Tree:
        """Return a directory of the repository that is named relative to an environment's."""
        return below({f"../../modules/{path}": file for path, file in self.modules.items()}, directory)

    @cached_property
    def production(self) -> Manifest:
        said: dict[str, Any] = yaml.safe_load((PLACE / self.kind / "production.yaml").read_text("utf-8"))
        about = {"name": PRODUCTION, "template": "shop", "revision": self.template.revision, "purpose": PRODUCTION}
        stacks = self.template.declaration.stacks
        return Manifest.model_validate({**about, "owner": "platform", "stacks": stacks, **said})

    @cached_property
    def policy(self) -> Policy:
        return read_policy((PLACE / self.kind / "policy.yaml").read_bytes(), FACTS)

    @property
    def rules(self) -> CheckRules:
        return CheckRules(self.policy, FACTS)

    @cached_property
    def base(self) -> Base:
        files = {**assemble(self.template, self.production), **self.template.modules}
        return Base(self.template, self.production, files, Inventory({PRODUCTION: self.production}), self.policy)

    def lay_out(self, root: Path, manifest: Manifest) -> Path:
        """Write an environment and the modules beside it below `root`, and return the environment's directory."""
        place = root / "envs" / manifest.name
        for path, file in {**assemble(self.template, manifest), **self.template.modules}.items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            if file.link:
                (place / path).symlink_to(file.link)
            else:
                (place / path).write_bytes(file.data)
        return place
