"""A rendered environment on the sandbox's AWS, deployed by plain Terraform: what the template itself is worth."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from bot.core.rendering.render import render
from bot.core.tree import File
from bot.model.pipeline import Json
from bot.model.template import DECLARATION, Template
from bot.model.yaml_document import load
from bot.names import ParameterName
from bot.sandbox.terraform_config import terraform, terraform_environment
from tests import ROOT

TEMPLATE = ROOT / "templates" / "production"
PRODUCTION: dict[str, Json] = {
    "name": "production",
    "account_id": "111111111111",
    "state_bucket": "acme-production-tfstate",
    "vpc_cidr": "10.0.0.0/20",
    "public_domain": "shop.acme.example",
    "purpose": "production",
    "team": "shop",
    "protected": True,
    "region": "eu-central-1",
    "zones": ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
    "private_domain": "shop.internal",
    "allowed_cidrs": ["0.0.0.0/0"],
    "certificate_arn": "",
    "db_class": "db.r6gd.xlarge",
    "db_storage_type": "io2",
    "db_storage_gb": 400,
    "db_iops": 6000,
    "backup_days": 35,
    "app_cpu": 1024,
    "app_memory": 2048,
    "app_min": 4,
    "app_max": 40,
    "log_days": 365,
    "db_engine_version": "16.8",
    "app_image": "public.ecr.aws/nginx/nginx-unprivileged:1.27.4",
    "payments_url": "https://api.payments.example/v1",
    "webhook_url": "https://partners.acme.example/orders",
    "mail_sender": "orders@acme.example",
    "outbound_mail": "send",
}
DEMO: dict[str, Json] = PRODUCTION | {
    "name": "demo-x",
    "account_id": "222222222222",
    "state_bucket": "acme-clones-tfstate",
    "vpc_cidr": "10.64.16.0/20",
    "public_domain": "demo-x.clones.acme.example",
    "purpose": "demo",
    "protected": False,
    "db_class": "db.c6gd.medium",
    "db_storage_type": "gp3",
    "db_storage_gb": 100,
    "backup_days": 1,
    "app_cpu": 256,
    "app_memory": 512,
    "app_min": 1,
    "app_max": 2,
    "log_days": 7,
    "payments_url": "https://sandbox.payments.example/v1",
    "webhook_url": "http://demo-x.clones.acme.example/sink/webhooks",
    "mail_sender": "no-reply@demo-x.clones.acme.example",
    "outbound_mail": "capture",
}


def declaration() -> Template:
    """Return the shipped template's declaration."""
    return load((TEMPLATE / DECLARATION).read_text(), Template, DECLARATION)


@cache
def template_files() -> dict[str, File]:
    """Return the files of the shipped template."""
    return {
        path.relative_to(TEMPLATE).as_posix(): File(path.read_bytes(), os.access(path, os.X_OK))
        for path in TEMPLATE.rglob("*")
        if path.is_file() and not {".terraform", "__pycache__"} & set(path.parts)
    }


def rendered(parameters: Mapping[str, Json]) -> dict[str, File]:
    """Return the files of an environment with these parameters."""
    values = {ParameterName(name): value for name, value in parameters.items()}
    return render(template_files(), declaration().parameters, values)


def write(parameters: Mapping[str, Json], directory: Path) -> Path:
    """Write an environment's files into `directory`, and return it."""
    for path, file in rendered(parameters).items():
        target = directory / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(file.data)
        target.chmod(0o755 if file.executable else 0o644)
    return directory


WHOLE = "whole"
"""The root module that `whole` writes beside the stacks."""
_LOCK = ".terraform.lock.hcl"


def whole(directory: Path) -> Path:
    """Write one root module that calls each stack of the environment in `directory` as a module, and return its directory.

    Each command starts the provider once, and not once for each stack: that is most of what the commands cost. Inputs are the
    other stacks' outputs, as in the pipeline; the state is in the environment's own bucket.
    """
    root, stacks = directory / WHOLE, declaration().stacks
    root.mkdir()
    first = directory / next(iter(stacks))
    (root / _LOCK).write_bytes((first / _LOCK).read_bytes())
    (root / "backend.tf").write_text((first / "backend.tf").read_text().replace(f"/{first.name}/", f"/{WHOLE}/"))
    (root / "provider.tf").write_text((first / "provider.tf").read_text())
    modules: dict[str, dict[str, str]] = {}
    values: dict[str, Json] = {}
    for name, stack in stacks.items():
        (directory / name / "provider.tf").unlink()
        values |= (own := json.loads((directory / name / "terraform.tfvars.json").read_text()))
        inputs = {key: f"module.{given.step}.{given.output}" for key, given in stack.inputs.items()}
        called = {**{key: f"var.{key}" for key in own}, **inputs}
        modules[name] = {"source": f"../{name}", **{key: f"${{{value}}}" for key, value in called.items()}}
    outputs = {name: {"value": f"${{module.{name}}}", "sensitive": True} for name in stacks}
    variables: dict[str, dict[str, Json]] = {name: {} for name in values}
    (root / "main.tf.json").write_text(json.dumps({"module": modules, "output": outputs, "variable": variables}))
    (root / "terraform.tfvars.json").write_text(json.dumps(values))
    return root


@dataclass
class Deployment:
    """Runs Terraform in a directory of an environment: one of its stacks, or the whole of it. `aws` may name another PATH to find it on."""

    directory: Path
    aws: Mapping[str, str]
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.directory),
            "GOGC": "400",  # as the pipeline runs it
            **terraform_environment(self.directory / ".cli", os.environ),
            **self.aws,
        }

    def init(self, where: str) -> None:
        self._terraform(where, "init", "-lockfile=readonly")

    def formatted(self) -> None:
        self._terraform(".", "fmt", "-check", "-diff", "-recursive")

    def apply(self, where: str) -> dict[str, Any]:
        """Apply, which validates and plans it, too; return the outputs."""
        self._terraform(where, "apply", "-auto-approve")
        found = json.loads(self._terraform(where, "output", "-json").stdout)
        return {name: output["value"] for name, output in found.items()}

    def replan(self, where: str) -> str:
        """Return what a second plan would change, as Terraform prints it; empty if nothing."""
        plan = self._terraform(where, "plan", "-detailed-exitcode", label="replan", good=(0, 2))
        return plan.stdout if plan.returncode == 2 else ""

    def destroy(self, where: str) -> None:
        self._terraform(where, "destroy", "-auto-approve")

    def refusal(self, where: str, verb: str, *arguments: str) -> str:
        """Run a verb that must fail, and return what it says."""
        return self._terraform(where, verb, *arguments, good=(1,)).stderr

    def _terraform(
        self, where: str, verb: str, *arguments: str, label: str = "", good: tuple[int, ...] = (0,)
    ) -> subprocess.CompletedProcess[str]:
        asks = ["-input=false"] if verb in {"init", "plan", "apply", "destroy"} else []
        plain = [] if verb == "fmt" else ["-no-color"]
        program = terraform()
        found = shutil.which(program.name, path=self.environ["PATH"]) or str(program)
        argv = [found, verb, *asks, *plain, *arguments]
        begun = time.monotonic()
        result = subprocess.run(
            argv, cwd=self.directory / where, env=self.environ, capture_output=True, text=True, timeout=900, check=False
        )
        self.seconds[f"{where} {label or verb}"] = round(time.monotonic() - begun, 1)
        assert result.returncode in good, f"{verb} {where}: {result.stdout[-3000:]}\n{result.stderr[-5000:]}"
        return result
