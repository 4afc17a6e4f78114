"""A monorepo on disk that holds the small example product."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from bot.core.rendering.assemble import TemplateAt, assemble
from bot.core.tree import File
from bot.model.account import PolicyAccount
from bot.model.confinement import Confinement
from bot.model.policy import Policy
from bot.model.roots import DEFAULT, Roots
from bot.model.static_check_rules import StaticCheckRules
from bot.model.yaml_document import dump
from bot.names import EnvironmentName, TemplateName
from tests.support.cloud import ACCOUNT, REGION
from tests.support.product import CHECKED_HOOKS, NAME, STACKS, manifest, template

SEEN = Confinement(writes=("~/place",))
"""Where the product's stacks and hooks write down what they do, for the tests to see."""


@dataclass(frozen=True)
class Monorepo:
    """A checkout with a template on its first commit; the account's state bucket is `bucket`."""

    root: Path
    bucket: str
    stacks: Mapping[str, str] = field(default_factory=lambda: STACKS)
    hooks: str = CHECKED_HOOKS
    roots: Roots = DEFAULT
    named: TemplateName = NAME
    """The template that environments are rendered from."""
    former: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The names that stacks had, the first one first."""

    @classmethod
    def create(
        cls, root: Path, bucket: str, stacks: Mapping[str, str] = STACKS, hooks: str = CHECKED_HOOKS
    ) -> "Monorepo":
        return cls(root, bucket, stacks, hooks).begun()

    def begun(self) -> "Monorepo":
        """Write and commit what every environment needs."""
        self.write_base()
        self.git("init", "-q", "-b", "main")
        self.commit("base")
        return self

    def write_base(self) -> None:
        """Write the template and the policy."""
        self.put(self.roots.template(self.named), self.template.files)
        self.put(".github", {"envclone.yml": File(dump(self.policy, "none").encode())})

    @property
    def template(self) -> TemplateAt:
        return replace(template(self.stacks, self.hooks, self.former, name=self.named), roots=self.roots)

    @property
    def policy(self) -> Policy:
        role = f"arn:aws:iam::{ACCOUNT}:role/any"
        account = PolicyAccount(plan_role=role, apply_role=role, region=REGION, state_bucket=self.bucket)
        # The product's stacks write down what they make.
        return Policy(
            accounts={ACCOUNT: account}, gate=StaticCheckRules(provisioners=True), confinement=SEEN, roots=self.roots
        )

    def add(self, name: str, source: str | None = None, **parameters: str) -> EnvironmentName:
        """Commit an environment rendered from the template, perhaps as a clone of another; return its name."""
        at = self.template
        found = manifest(at, name, source, {"state_bucket": self.bucket, **parameters})
        self.put(self.roots.environment(found.name), assemble(at, found))
        self.commit(f"add {name}")
        return found.name

    def put(self, place: str, files: Mapping[str, File]) -> None:
        for path, file in files.items():
            target = self.root / place / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.data)
            target.chmod(0o755 if file.executable else 0o644)

    def commit(self, message: str) -> str:
        self.git("add", "-A")
        self.git("-c", "user.name=Alice", "-c", "user.email=alice@example.com", "commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.root), *arguments], check=True, capture_output=True, text=True, timeout=60
        )
        return done.stdout
