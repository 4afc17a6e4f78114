"""A rendered environment on the sandbox's AWS, deployed by plain Terraform: what the template itself is worth."""

import json
import os
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
from bot.names import ParameterName, StepName
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


@dataclass
class Deployment:
    """Runs Terraform in the stacks of an environment, in order, handing outputs on as the pipeline does."""

    directory: Path
    aws: Mapping[str, str]
    outputs: dict[str, dict[str, Any]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.stacks = declaration().stacks
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.directory),
            "GOGC": "400",  # as the pipeline runs it
            **terraform_environment(self.directory / ".cli", os.environ),
            **self.aws,
        }

    def init(self, stack: str) -> None:
        self._terraform(stack, "init", "-lockfile=readonly")

    def formatted(self, stack: str) -> None:
        self._terraform(stack, "fmt", "-check", "-diff")

    def apply(self, stack: str) -> None:
        self._terraform(stack, "apply", "-auto-approve", *self._inputs(stack))  # validates and plans it, too
        values = json.loads(self._terraform(stack, "output", "-json").stdout)
        self.outputs[stack] = {name: output["value"] for name, output in values.items()}

    def replan(self, stack: str) -> str:
        """Return what a second plan would change, as Terraform prints it; empty if nothing."""
        plan = self._terraform(stack, "plan", "-detailed-exitcode", *self._inputs(stack), label="replan", good=(0, 2))
        return plan.stdout if plan.returncode == 2 else ""

    def destroy(self, stack: str) -> None:
        self._terraform(stack, "destroy", "-auto-approve", *self._inputs(stack))

    def refusal(self, stack: str, verb: str, *arguments: str) -> str:
        """Run a verb that must fail, and return what it says."""
        return self._terraform(stack, verb, *arguments, good=(1,)).stderr

    def _inputs(self, stack: str) -> list[str]:
        values = {
            name: self.outputs[given.step][given.output] if given.step in self.outputs else given.stand_in
            for name, given in self.stacks[StepName(stack)].inputs.items()
        }
        path = self.directory / f"{stack}.inputs.tfvars.json"
        path.write_text(json.dumps(values))
        return [f"-var-file={path}"]

    def _terraform(
        self, stack: str, verb: str, *arguments: str, label: str = "", good: tuple[int, ...] = (0,)
    ) -> subprocess.CompletedProcess[str]:
        asks = ["-input=false"] if verb in {"init", "plan", "apply", "destroy"} else []
        plain = [] if verb == "fmt" else ["-no-color"]
        argv = [str(terraform()), verb, *asks, *plain, *arguments]
        begun = time.monotonic()
        result = subprocess.run(
            argv, cwd=self.directory / stack, env=self.environ, capture_output=True, text=True, timeout=400, check=False
        )
        self.seconds[f"{stack} {label or verb}"] = round(time.monotonic() - begun, 1)
        assert result.returncode in good, f"{verb} {stack}: {result.stdout[-3000:]}\n{result.stderr[-5000:]}"
        return result
