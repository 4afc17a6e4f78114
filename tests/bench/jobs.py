"""The steps of the plan and drift workflows for one environment among many, against the same steps in a checkout of all files.

Git fetches from a repository on the disk; Terraform plans its built-in `terraform_data`, whose state lies in moto. The clock, and the time of all processors.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import boto3

from bot.core.rendering.assemble import assemble
from bot.sandbox.terraform_config import terraform_environment
from tests import ROOT
from tests.support.cloud import REGION, cloud
from tests.support.monorepo import Monorepo
from tests.support.product import STACKS, manifest, without_marks

SIZES = (10, 1_000)
"""Environments. 10,000 are measured by `make bench ARGS=jobs_large`: it takes some minutes."""
BUCKET, SOURCE, FIRST = "state", "production", "old-00000"
SPARSE = ("--filter=blob:limit=100m",)
"""As the workflows fetch: all content."""
WITHOUT_CONTENT = ("--filter=blob:none",)
NO_HOOKS = "hooks: {}\n"


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds by the clock, and of the processors."""

    seconds: float = 0.0
    busy: float = 0.0

    def __str__(self) -> str:
        return f"{self.seconds:.1f} s, {self.busy:.1f} of the processor"


@dataclass(frozen=True, slots=True)
class Repository:
    """A bare repository in which `head` adds one environment to all those that `base` has."""

    place: Path
    base: str
    head: str
    name: str
    variables: Mapping[str, str] = field(repr=False)


def measure(sizes: Sequence[int] = SIZES) -> list[tuple[str, float, str]]:
    """Return rows of (what, ratio to the baseline, baseline)."""
    rows = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as scratch, cloud() as aws:
            found = _grown(Path(scratch), size, aws)
            whole, sparse = _steps(found, Path(scratch) / "whole", ()), _steps(found, Path(scratch) / "sparse", SPARSE)
            for step, took in sparse.items():
                base = whole[step]
                said = f"{step}, among {size:,} environments: {took}"
                rows.append((said, took.busy / base.busy, f"with all files written ({base})"))
            less, base = _check_out(found, Path(scratch) / "less", WITHOUT_CONTENT, 0), sparse["checkout of the plan"]
            rows.append((f"the same without content: {less}", less.busy / base.busy, f"with it ({base})"))
    return rows


def _steps(found: Repository, root: Path, fetch: Sequence[str]) -> Mapping[str, Took]:
    """Return how long each step took. What the plan kept is applied between the plan's steps and drift's."""
    there = ("--root", str(root))
    took = {
        "checkout of the plan": _check_out(found, root, fetch, 0),
        "which environments a change touches, and their proof": _envclone(
            found, "targets", "--base", found.base, "--head", found.head, *there
        ),
        "the plan": _envclone(found, "plan", found.name, "--base", found.base, *there),
    }
    _envclone(found, "apply", found.name, "--head", found.head, *there)
    return took | {
        "checkout for drift": _check_out(found, root.with_name(f"{root.name}-drift"), fetch, 1),
        "which environments there are to look for drift in": _envclone(
            found, "targets", "--for", "drift", "--base", found.head, "--head", found.head, *there
        ),
        "drift of one": _envclone(found, "drift", found.name, "--root", f"{root}-drift"),
    }


def _check_out(found: Repository, root: Path, fetch: Sequence[str], depth: int) -> Took:
    """Do what `actions/checkout` does with the workflows' inputs; with no filter, all files are written."""

    def git(*words: str) -> Took:
        return _took(["git", "-C", str(root), *words], os.environ)

    root.mkdir()
    prepared = [("init", "-q", "-b", "main"), ("remote", "add", "origin", f"file://{found.place}")]
    fetched = [("fetch", "-q", *fetch, *([f"--depth={depth}"] if depth else []), "origin", "+refs/heads/*:refs/remotes/origin/*")]  # fmt: skip
    took = [git(*words) for words in (*prepared, *fetched)]
    if fetch:
        git("config", "core.sparseCheckout", "true")
        (root / ".git/info/sparse-checkout").write_text("/*\n!/envs/*/\n")
    took.append(git("checkout", "-q", "--detach", "origin/proposal"))
    return Took(sum(each.seconds for each in took), sum(each.busy for each in took))


def _envclone(found: Repository, *line: str) -> Took:
    return _took([sys.executable, "-m", "bot.cli.app", *line], found.variables)


def _took(command: Sequence[str], variables: Mapping[str, str]) -> Took:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=1_200, env={**variables}, cwd=ROOT
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Took(time.perf_counter() - began, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def _grown(scratch: Path, size: int, aws: Mapping[str, str]) -> Repository:
    """Make a repository of so many environments of the small product, and a commit that adds one more."""
    boto3.client("s3", endpoint_url=aws["AWS_ENDPOINT_URL"], region_name=REGION, aws_access_key_id="x", aws_secret_access_key="x").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION}
    )  # fmt: skip
    stacks = {name: without_marks(code) for name, code in STACKS.items()}
    monorepo = Monorepo.create(scratch / "monorepo", BUCKET, stacks, NO_HOOKS)
    monorepo.add(SOURCE)
    _import(monorepo, size)
    monorepo.git("update-ref", "refs/heads/main", "refs/heads/grown")
    base = monorepo.git("rev-parse", "main").strip()
    monorepo.git("config", "uploadpack.allowFilter", "true")
    monorepo.git("config", "uploadpack.allowAnySHA1InWant", "true")
    monorepo.git("sparse-checkout", "set", "--no-cone", "/*", "!/envs/*/", "/envs/demo-x/")
    monorepo.git("reset", "-q", "--hard")
    name = monorepo.add("demo-x", SOURCE)
    head = monorepo.git("rev-parse", "HEAD").strip()
    monorepo.git("branch", "proposal")
    home = scratch / "home"
    (home / "place").mkdir(parents=True)
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "GITHUB_"))}
    variables = {**inherited, **terraform_environment(scratch / "configuration", inherited), **aws, "HOME": str(home)}
    return Repository(monorepo.root, base, head, name, variables)


def _import(monorepo: Monorepo, size: int) -> None:
    """Commit environments that are one clone under other names, as fast as git takes them."""
    rendered = assemble(
        monorepo.template, manifest(monorepo.template, FIRST, SOURCE, {"state_bucket": monorepo.bucket})
    )
    lines = [b"commit refs/heads/grown\ncommitter x <x@x> 1700000000 +0000\ndata 4\nGrow\nfrom refs/heads/main\n"]
    for number in range(size):
        name = f"old-{number:05}"
        for path, file in rendered.items():
            data = file.data.replace(FIRST.encode(), name.encode())
            mode = "100755" if file.executable else "100644"
            lines.append(f"M {mode} inline envs/{name}/{path}\ndata {len(data)}\n".encode() + data + b"\n")
    subprocess.run(
        ["git", "-C", str(monorepo.root), "fast-import", "--quiet"], input=b"".join(lines), check=True, timeout=600
    )
