"""The way in: a repository that doesn't use envclone yet is compared, adopted and set up, and its production is cloned.

The repository is beside this file. Every command is run as a person types it; the one thing that a person decides, accounts, is `ACCOUNTS`.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.errors import UserError
from bot.model.policy import PATH as POLICY
from bot.sandbox.demo import NAME, Cloning, cloning_stages
from bot.sandbox.front_door import APP
from bot.sandbox.github.records.repositories import NO_COMMIT
from bot.sandbox.journey import JourneyStage, Stuck, once
from bot.sandbox.terraform_config import terraform

PRODUCTION, STAGING = "infra/production", "infra/staging"
COMMAND = f"/clone production as {NAME} --ttl 14d"
ACCOUNTS = """\
accounts:
  "111111111111":
    plan_role: arn:aws:iam::111111111111:role/envclone-plan
    apply_role: arn:aws:iam::111111111111:role/envclone-apply
    region: eu-central-1
    state_bucket: acme-live-tfstate
  "222222222222":
    plan_role: arn:aws:iam::222222222222:role/envclone-plan
    apply_role: arn:aws:iam::222222222222:role/envclone-apply
    region: eu-central-1
    state_bucket: acme-trial-tfstate
"""
_FILES = Path(__file__).parent / "repositories" / "invoices"
_LOCK = ".terraform.lock.hcl"
_OF_PRODUCTION = "111111111111"
_WITHIN = 600
"""Seconds for one command, on a machine that is busy with other things."""
_CHANGES = 2
"""How `terraform plan -detailed-exitcode` ends when something would change."""


@dataclass(frozen=True, slots=True)
class AdoptionStep:
    """Something that was done to the repository, what came of it, and how long it took."""

    key: str
    title: str
    seconds: float


@dataclass(slots=True)
class Adopting(Cloning):
    """The clone's way in a repository whose production was deployed by hand before envclone came; `here` is its checkout."""

    here: Path = field(default_factory=Path)

    @classmethod
    def of(cls, story: Cloning, here: Path) -> "Adopting":
        return cls(story.sandbox, issue=story.issue, command=COMMAND, here=here)


def repository(target: Path, source: Path) -> Path:
    """Write the repository as its people have it; the provider's lock file is that of the template that `source` ships.

    Raises `UserError`.
    """
    locks = sorted((source / "templates").glob(f"*/*/{_LOCK}"))
    if not locks:
        raise UserError(f"{source} has no templates. Run this in a checkout of envclone.")
    shutil.copytree(_FILES, target)
    for directory in (PRODUCTION, STAGING):
        shutil.copy(locks[0], target / directory / _LOCK)
    subprocess.run(["git", "init", "--quiet", str(target)], check=True, capture_output=True, timeout=_WITHIN)
    return target


def adopted(here: Path, *, server: bool = True) -> Iterator[AdoptionStep]:
    """Compare both environments, adopt production, name its accounts, and bring the workflows. Raises `UserError`."""
    for key, words, told in _TYPED:
        began = time.monotonic()
        without_server = ("--no-server",) if key == "init" and not server else ()
        said = told(_envclone(here, (*words, *without_server)))
        yield AdoptionStep(key, f"envclone {key}: {said}", time.monotonic() - began)
        if key == "adopt":
            with (here / POLICY).open("a") as policy:
                policy.write(ACCOUNTS)


def _compared(found: Any) -> str:
    counts = found["counts"]
    return f"{found['compared']} values, {counts['changed']} differ, {counts['missing']} missing from staging"


def _taken_over(found: Any) -> str:
    if not found["proved"]:
        raise UserError(f"Production would not be rendered as it was: {', '.join(found['changed'])}")
    return f"production as it was, {len(found['parameters'])} parameters found"


def _set_up(found: Any) -> str:
    return f"{len(found['files'])} files: workflows, actions, roles and a policy"


_TYPED: Sequence[tuple[str, Sequence[str], Callable[[Any], str]]] = (
    ("parity", ("parity", STAGING, "--against", PRODUCTION), _compared),
    ("adopt", ("adopt", PRODUCTION, "--with", STAGING), _taken_over),
    ("init", ("init", "--tool", f"{APP}/{APP}@{NO_COMMIT}", "--owner", "@acme/platform"), _set_up),
)


def _envclone(here: Path, words: Sequence[str]) -> Any:
    """Run `envclone` in the checkout and return what it says as JSON."""
    argv = [sys.executable, "-m", "bot.cli.app", *words, "--json"]
    done = subprocess.run(argv, cwd=here, capture_output=True, text=True, timeout=_WITHIN, check=False)
    if done.returncode:
        raise UserError(f"`envclone {' '.join(words)}` ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout)


def _terraform(story: Adopting, directory: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run Terraform in a directory of the checkout as production's administrator."""
    environment = {
        **os.environ,
        **story.sandbox.environment,
        **story.sandbox.aws.account_environment(_OF_PRODUCTION),
    }
    argv, place = [str(terraform()), *words], story.here / directory
    return subprocess.run(
        argv, cwd=place, env=environment, capture_output=True, text=True, timeout=_WITHIN, check=False
    )


def _deploy_by_hand(story: Adopting) -> None:
    """Do what production's people did long before: their own directory, applied from somebody's machine."""
    for words in (("init",), ("apply", "-auto-approve")):
        done = _terraform(story, PRODUCTION, *words)
        if done.returncode:
            raise Stuck(f"`terraform {words[0]}` in {PRODUCTION} failed:\n{done.stderr}")


def _find_no_change(story: Adopting) -> None:
    """Plan production where it is rendered to now, on the state that is there."""
    (directory,) = (path.parent for path in (story.here / "envs/production").glob("*/main.tf"))
    place = str(directory.relative_to(story.here))
    for words in (("init",), ("plan", "-detailed-exitcode")):
        done = _terraform(story, place, *words)
        if done.returncode:
            said = done.stdout if done.returncode == _CHANGES else done.stderr
            raise Stuck(f"`terraform {words[0]}` in {place} does not say that nothing changes:\n{said}")


STAGES: Sequence[JourneyStage[Adopting]] = (
    JourneyStage("by_hand", f"production's people run terraform apply in {PRODUCTION}", 900, once(_deploy_by_hand)),
    JourneyStage("no_change", "its plan from envs/production: no changes", 900, once(_find_no_change)),
    *cloning_stages(COMMAND),
)
