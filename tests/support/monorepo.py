"""A monorepo on disk whose template is small enough to be planned and applied for real in seconds."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.clouds.registry import FACTS
from bot.core.rendering.assemble import TemplateAt, assemble, read_template
from bot.core.tree import File
from bot.model.environment import Manifest, directory
from bot.model.policy import Policy, PolicyAccount
from bot.model.yaml_document import dump
from bot.names import EnvironmentName, TemplateName
from tests.support.cloud import ACCOUNT, REGION
from tests.support.terraform import LOCK, PROVIDER, VERSIONS

DECLARATION = f"""
name: tiny
description: Two small stacks and three hooks.
default_purpose: demo
parameters:
  name: {{type: string, identity: true, derive: "{{environment}}", description: The name., pattern: "[a-z0-9-]+"}}
  account_id: {{type: string, identity: true, derive: "{ACCOUNT}", description: The account., pattern: "[0-9]{{12}}"}}
  region: {{type: string, default: {REGION}, description: The region.}}
  state_bucket: {{type: string, identity: true, derive: unset, description: The state's bucket.}}
  greeting: {{type: string, default: hello, description: Any text.}}
purposes:
  demo: {{description: To show.}}
stacks:
  network: {{description: A log group.}}
  app:
    description: Parameters that name it.
    needs: [network]
    inputs:
      group_arn: {{from: network.group_arn, stand_in: "arn:aws:logs:{REGION}:000000000000:log-group:not-made-yet"}}
      group_name: {{from: network.group_name, stand_in: not-made-yet}}
      token: {{from: network.token, stand_in: not-made-yet}}
"""

HOOKS = """hooks:
  announce:
    description: Says hello.
    run: {check: [hooks/announce], apply: [hooks/announce]}
    undo: {none: what was said can not be unsaid}
  smoke:
    description: Is it there?
    needs: [app]
    uses: http.probe
    with: {url: {value: "http://127.0.0.1:9/"}}
    undo: {none: a probe leaves nothing behind}
"""

NETWORK = """
variable "name" { type = string }
resource "aws_cloudwatch_log_group" "main" {
  name = "/${var.name}/main"
}
output "group_arn" { value = aws_cloudwatch_log_group.main.arn }
output "group_name" { value = aws_cloudwatch_log_group.main.name }
output "token" {
  value     = "token of ${var.name}"
  sensitive = true
}
"""

APP = """
variable "name" { type = string }
variable "greeting" {
  type = string
  validation {
    condition     = var.greeting != ""
    error_message = "Say something."
  }
}
variable "group_arn" { type = string }
variable "group_name" { type = string }
variable "token" { type = string }
resource "aws_ssm_parameter" "greeting" {
  name  = "/${var.name}/greeting"
  type  = "String"
  value = var.greeting
}
resource "aws_ssm_parameter" "group" {
  name  = "/${var.name}/group"
  type  = "String"
  value = jsonencode({ arn = var.group_arn, name = upper(var.group_name) })
}
resource "aws_ssm_parameter" "token" {
  name        = "/${var.name}/token"
  type        = "String"
  value       = "x"
  description = var.token
}
"""

BACKEND = """terraform {
  backend "s3" {
    bucket       = "{{ state_bucket }}"
    key          = "{{ name }}/STACK/terraform.tfstate"
    region       = "{{ region }}"
    use_lockfile = true
  }
}
"""

NAMES = {"network": ("name",), "app": ("name", "greeting")}


def template() -> TemplateAt:
    """Return the template."""
    files = {
        "template.yaml": DECLARATION,
        "hooks.yaml": HOOKS,
        "hooks/announce": '#!/bin/sh\ncat >/dev/null\necho \'{"result": "already_so", "text": "said before"}\'\n',
    }
    for stack, main in (("network", NETWORK), ("app", APP)):
        variables = ",\n".join(f'  "{name}": {{{{ {name} | json }}}}' for name in NAMES[stack])
        files |= {
            f"{stack}/main.tf": main,
            f"{stack}/provider.tf": PROVIDER,
            f"{stack}/versions.tf": VERSIONS,
            f"{stack}/backend.tf.j2": BACKEND.replace("STACK", stack),
            f"{stack}/.terraform.lock.hcl": LOCK,
            f"{stack}/terraform.tfvars.json.j2": f"{{\n{variables}\n}}\n",
        }
    tree = {path: File(text.encode(), executable=path == "hooks/announce") for path, text in files.items()}
    return read_template(TemplateName("tiny"), tree, FACTS)


@dataclass(frozen=True)
class Monorepo:
    """A checkout with a template on its first commit; the account's state bucket is `bucket`."""

    root: Path
    bucket: str

    @classmethod
    def create(cls, root: Path, bucket: str) -> "Monorepo":
        repo = cls(root, bucket)
        repo.write_base()
        repo.git("init", "-q", "-b", "main")
        repo.commit("base")
        return repo

    def write_base(self) -> None:
        """Write the template and the policy."""
        self.put("templates/tiny", template().files)
        self.put(".github", {"envclone.yml": File(dump(self.policy, "none").encode())})

    @property
    def policy(self) -> Policy:
        role = f"arn:aws:iam::{ACCOUNT}:role/any"
        account = PolicyAccount(plan_role=role, apply_role=role, region=REGION, state_bucket=self.bucket)
        return Policy(accounts={ACCOUNT: account})

    def add(self, name: str, source: str | None = None, **parameters: str) -> EnvironmentName:
        """Commit an environment rendered from the template, perhaps as a clone of another; return its name."""
        at = template()
        values = {
            "name": name,
            "account_id": ACCOUNT,
            "region": REGION,
            "state_bucket": self.bucket,
            "greeting": "hello",
        }
        manifest = Manifest.model_validate(
            {
                "name": name,
                "template": "tiny",
                "revision": at.revision,
                "source": source,
                "purpose": "demo",
                "owner": "alice",
                "overrides": ["state_bucket"],  # each test has a bucket of its own
                "parameters": {**values, **parameters},
                "stacks": at.declaration.stacks,
            }
        )
        self.put(directory(manifest.name), assemble(at, manifest))
        self.commit(f"add {name}")
        return manifest.name

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
