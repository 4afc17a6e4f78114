"""One stack of 0.8 MB of HCL (3,200 resources): the commands that read it in processor time, against `terraform validate` of it."""

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.start import processor_time
from tests.support.small_monorepo import monorepo

RESOURCES = 3200
RESOURCE = """resource "terraform_data" "p{number}" {{
  triggers_replace = ["/${{var.name}}/p{number}", "shop-{service}"]
  input = jsonencode({{ a = var.greeting, b = [for z in var.zones : upper(z)], c = {{ x = {number}, y = "${{var.name}}-{number}" }} }})
  depends_on = [terraform_data.first]
}}

"""
FIRST = 'resource "terraform_data" "first" {}\n\n'
VARIABLES = 'variable "name" {}\nvariable "greeting" {}\nvariable "zones" {}\n'
COMMANDS = (
    "render production",
    "verify",
    "template check",
    "clone production as demo-x for demo --ttl 14d",
    "parity demo-x",
)


def measure() -> list[tuple[str, float, str]]:
    """Return rows of (what, ratio to the baseline, baseline)."""
    with tempfile.TemporaryDirectory() as temporary:
        code = FIRST + "".join(RESOURCE.format(number=number, service=number % 7) for number in range(RESOURCES))
        base = _validated(Path(temporary, "alone"), code)
        root = _large(Path(temporary, "monorepo"), code)
        baseline = f"terraform validate ({base:.1f} s)"
        rows = []
        for line in COMMANDS:
            found = processor_time([sys.executable, "-m", "bot.cli.app", *line.split(), "--root", str(root)], 1)
            rows.append((f"envclone {line}, {len(code) / 1e6:.1f} MB: {found:.1f} s", found / base, baseline))
        return rows


def _validated(directory: Path, code: str) -> float:
    """Return what Terraform takes to validate the code alone."""
    directory.mkdir()
    (directory / "main.tf").write_text(VARIABLES + code)
    subprocess.run(["terraform", f"-chdir={directory}", "init", "-backend=false"], check=True, capture_output=True)
    return processor_time(["terraform", f"-chdir={directory}", "validate"], 2)


def _large(root: Path, code: str) -> Path:
    """Return a monorepo whose template has the code in one of its stacks, committed."""
    monorepo(root)
    for directory in (root / "templates/shop/app", root / "envs/production/app"):
        (directory / "large.tf").write_text(code)
    for words in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "all"],
    ):
        subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True)
    return root
