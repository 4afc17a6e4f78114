"""One stack of 0.8 MB of HCL (3,200 resources): the commands that read it in processor time, against `terraform validate` of it."""

import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.bench.start import processor_time
from tests.support.small_monorepo import monorepo

RESOURCES = 3200
IN_A_FILE = 400
"""Resources: a file of code may have 300,000 words, and these have some 34,000."""
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
        files = code()
        size = sum(map(len, files.values()))
        base = _validated(Path(temporary, "alone"), files)
        root = _large(Path(temporary, "monorepo"), files)
        baseline = f"terraform validate ({base:.1f} s)"
        rows, whole = [], 0.0
        for line in COMMANDS:
            found = processor_time([sys.executable, "-m", "bot.cli.app", *line.split(), "--root", str(root)], 1)
            rows.append((f"envclone {line}, {size / 1e6:.1f} MB: {found:.1f} s", found / base, baseline))
            whole += 0 if line.startswith("parity") else found
        return [*rows, (f"render, verify, check and clone together: {whole:.1f} s", whole / base, baseline)]


def code() -> Mapping[str, str]:
    """Return the stack's files."""
    found = {"first.tf": FIRST}
    for begin in range(0, RESOURCES, IN_A_FILE):
        numbers = range(begin, begin + IN_A_FILE)
        found[f"from-{begin}.tf"] = "".join(RESOURCE.format(number=number, service=number % 7) for number in numbers)
    return found


def _validated(directory: Path, files: Mapping[str, str]) -> float:
    """Return what Terraform takes to validate the code alone."""
    directory.mkdir()
    for name, text in {"variables.tf": VARIABLES, **files}.items():
        (directory / name).write_text(text)
    subprocess.run(["terraform", f"-chdir={directory}", "init", "-backend=false"], check=True, capture_output=True)
    return processor_time(["terraform", f"-chdir={directory}", "validate"], 2)


def _large(root: Path, files: Mapping[str, str]) -> Path:
    """Return a monorepo whose template has the code in one of its stacks, committed."""
    monorepo(root)
    for directory in (root / "templates/shop/app", root / "envs/production/app"):
        for name, text in files.items():
            (directory / name).write_text(text)
    for words in (
        ["init", "-q", "-b", "main"],
        ["add", "."],
        ["-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "all"],
    ):
        subprocess.run(["git", "-C", str(root), *words], check=True, capture_output=True)
    return root
