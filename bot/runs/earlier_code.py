"""An environment's code as it was at an earlier commit of the default branch, laid out so that Terraform can work on it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from bot.clients.git.checkout import Checkout
from bot.clients.hcl_referee import gate_rules
from bot.clouds.registry import FACTS
from bot.core.checks.backend import misplaced, state_place
from bot.core.checks.static_checks import GateRules, gate
from bot.core.rendering.assemble import read_hooks, read_manifest
from bot.core.requests.accounts import account_of
from bot.core.tree import Tree
from bot.errors import Finding, Unverifiable, UserError
from bot.model.environment import Manifest
from bot.model.pipeline import Pipeline
from bot.model.policy import Policy
from bot.names import EnvironmentName


@dataclass(frozen=True, slots=True)
class Version:
    """An environment's directory, and the modules outside that it calls, as they were at a commit; laid out in `directory`."""

    commit: str
    manifest: Manifest
    pipeline: Pipeline
    code: Tree
    directory: Path


Fitness: TypeAlias = Callable[[str, Manifest, Tree], None]
"""Takes a commit, and the manifest and files there."""


def passes(policy: Policy) -> Fitness:
    """Return what refuses code that the policy's gate refuses, and states that are not the environment's own."""
    rules = gate_rules(policy)

    def is_fit(commit: str, manifest: Manifest, files: Tree) -> None:
        where = policy.roots.environment(manifest.name)
        findings = gate(files, manifest.stacks, rules, where)
        if not findings:
            place = state_place(manifest, account_of(manifest, policy), policy, FACTS)
            findings = misplaced(files, list(manifest.stacks), place, where)
        _refuse(commit, findings)

    return is_fit


def passes_gate(rules: GateRules) -> Fitness:
    """Return what refuses code that these rules refuse."""

    def is_fit(commit: str, manifest: Manifest, files: Tree) -> None:
        _refuse(commit, gate(files, manifest.stacks, rules, rules.roots.environment(manifest.name)))

    return is_fit


def _refuse(commit: str, findings: Sequence[Finding]) -> None:
    if findings:
        raise UserError(
            f"The code at {commit[:12]} was rejected by the static checks:\n" + "\n".join(map(str, findings))
        )


class EarlierCode:
    """An environment's versions by commit, each laid out once below `scratch`. `is_fit` raises `UserError` for code that may not meet credentials."""

    def __init__(self, checkout: Checkout, environment: EnvironmentName, scratch: Path, is_fit: Fitness) -> None:
        self._checkout = checkout
        self._environment = environment
        self._scratch = scratch
        self._is_fit = is_fit
        self._found: dict[str, Version] = {}

    def at(self, commit: str) -> Version:
        """Return the version at a commit. Raises `Unverifiable` where the history does not reach, and what `is_fit` raises."""
        if commit not in self._found:
            self._found[commit] = self._laid_out(commit)
        return self._found[commit]

    def _laid_out(self, commit: str) -> Version:
        name, where = self._environment, self._checkout.roots.environment(self._environment)
        files = self._checkout.code_at(name, commit)
        if not files:
            raise Unverifiable(
                f"{where} at commit {commit[:12]}, which was applied, is not in this clone: fetch the full history."
            )
        place = Checkout(self._scratch / commit, self._checkout.roots).write_code(name, files)
        manifest = read_manifest(files, where)
        self._is_fit(commit, manifest, files)
        pipeline = Pipeline.of(manifest.stacks, read_hooks(files, where))
        return Version(commit, manifest, pipeline, files, place)
