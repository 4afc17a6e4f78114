"""What may be applied: an environment as it was reviewed and merged, and nothing else.

A review is found by the commit that was reviewed, the merged pull request's head, in a store that only the plan role may
write. It counts for the environment's directory only if that directory is, byte for byte, what was reviewed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.clients.git.checkout import Checkout
from bot.clients.objects.store import ObjectStore
from bot.core.checks.static_checks import GateRules, gate
from bot.core.graph import Graph, graph
from bot.core.hcl.local_modules import code_id
from bot.core.plans.review import Review, read_review, review_key
from bot.core.rendering.assemble import read_hooks, read_manifest
from bot.core.tree import Tree
from bot.errors import UserError
from bot.hooks.validate import pipeline_findings
from bot.model.environment import MANIFEST, Manifest
from bot.model.pipeline import Hook, Pipeline, Stack
from bot.names import EnvironmentName, StepName
from bot.runs.context import ApplyContext
from bot.runs.request import ApplyRequest


class NotReviewed(UserError):
    """What would be applied differs from what was reviewed."""


@dataclass(frozen=True, slots=True)
class Approved:
    """An environment that may be applied: its files as they lie in `root`, and the review that they passed."""

    manifest: Manifest
    root: Path
    files: Tree
    tree: str
    graph: Graph
    directory: Path
    review: Review = field(repr=False)

    @property
    def steps(self) -> Mapping[StepName, Stack | Hook]:
        """The steps that it has."""
        return {name: node.step for name, node in self.graph.nodes.items()}


def approved(request: ApplyRequest, context: ApplyContext) -> Approved:
    """Return the environment in the checkout if it is what was reviewed at the request's head.

    Raises `NotReviewed`, `UserError` for declarations that make no sense, and `Unverifiable`.
    """
    environment, root, head = request.environment, request.root, request.head
    files = Checkout(root, context.rules.roots).code(environment)
    where = context.rules.roots.environment(environment)
    if not files:
        raise UserError(f"{where} does not exist in {root}: there is nothing to apply.")
    manifest = read_manifest(files, where)
    if manifest.name != environment:
        raise UserError(f"{where}/{MANIFEST} is the manifest of another environment, `{manifest.name}`.")
    review = _review(environment, head, context.store)
    tree = code_id(files)
    if review.tree != tree:
        raise NotReviewed(
            f"`{where}` (or a module that it calls) differs from what was reviewed: its tree was {review.tree[:12]} at {head[:12]} and is {tree[:12]} here. It was "
            "changed after the review, or something else was merged. Open a pull request, so that it is planned and reviewed."
        )
    pipeline = Pipeline.of(manifest.stacks, read_hooks(files, where))
    _check(files, manifest, pipeline, context.rules)
    found = graph(pipeline, manifest.purpose, manifest.parameters)
    if missing := [name for name in found.order if name not in review.steps]:
        raise NotReviewed(f"The reviewed plan of `{environment}` at {head[:12]} has no step `{missing[0]}`.")
    return Approved(manifest, root, files, tree, found, root / where, review)


def _review(environment: EnvironmentName, head: str, store: ObjectStore) -> Review:
    stored = store.read(review_key(environment, head))
    if stored is None:
        raise NotReviewed(
            f"There is no reviewed plan of `{environment}` at commit {head[:12]}. Only a plan that was reviewed in a pull request is "
            "applied: run the plan workflow for that commit, or open a new pull request."
        )
    review = read_review(stored.data, environment, head)
    if review.change == "destroy":
        raise NotReviewed(f"The review at {head[:12]} is of a destroy plan of `{environment}`, not of its deployment.")
    return review


def _check(files: Tree, manifest: Manifest, pipeline: Pipeline, rules: GateRules) -> None:
    """Refuse what the plan refused, or should have: it ran elsewhere, and this run holds stronger credentials."""
    where = rules.roots.environment(manifest.name)
    findings = gate(files, manifest.stacks, rules, where)
    if findings:
        raise UserError("This code was rejected by the static checks:\n" + "\n".join(map(str, findings)))
    if wrong := pipeline_findings(files, manifest, pipeline, where):
        raise UserError("\n".join(map(str, wrong)))
