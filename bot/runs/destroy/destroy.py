"""Destroy an environment whose directory is gone from the default branch: what was reviewed, backwards, each step once.

The promises, and how they are kept:
- Nothing is destroyed that was not reviewed: the review must be that of the merged removal, for the very directory that was removed,
  and each stack's plan may name nothing beyond it (`bot.runs.destroy.stack`).
- Whatever an apply created is destroyed, also after a run that stopped half way, and also if the template has changed since: each
  step is undone by the code that applied it (`bot.runs.destroy.applied_versions`).
- One run at a time, resumable anywhere: the lease and the ledger, as for an apply.
- In the end a search by the environment's tags (`bot.runs.destroy.orphans`) looks for orphans, and the receipt says what it found.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.clients.git.checkout import Checkout
from bot.clients.git.commits import tree_at
from bot.clients.git.history.changes import change_of
from bot.clients.ledger import LedgerFile
from bot.clients.objects.store import ObjectStore
from bot.clouds.registry import FACTS
from bot.core.graph import blocked, mermaid
from bot.core.ledger.apply_result import StepResult
from bot.core.ledger.destroy_report import DestroyReport, receipt_key
from bot.core.ledger.unsearched import unsearched
from bot.core.plans.review import Review, read_review, review_key
from bot.core.requests.accounts import account_of
from bot.core.requests.destroy import removable
from bot.errors import UserError
from bot.model.policy import Policy
from bot.model.roots import Roots
from bot.names import StepName
from bot.runs.apply.reviewed_environment import NotReviewed
from bot.runs.context import ApplyContext
from bot.runs.destroy.applied_versions import PolicyBase, applied
from bot.runs.destroy.orphans import OrphanSearch, find_orphans
from bot.runs.destroy.run import DestroyRun
from bot.runs.destroy.step import undo_step
from bot.runs.executor import run_graph
from bot.runs.held_lease import held, lease_kept
from bot.runs.request import ApplyRequest


@dataclass(frozen=True, slots=True)
class _ReviewedRemoval:
    """An environment that may be destroyed: the commit before its removal, its tree there, and the review."""

    base: str
    tree: str
    review: Review


def destroy(request: ApplyRequest, context: ApplyContext, policy: Policy, search: OrphanSearch) -> DestroyReport:
    """Destroy one environment, and return the receipt, which is kept beside the state too.

    Raises `NotReviewed` and other `UserError`s before anything was begun, `LeaseHeld` when another run is at work,
    `LeaseLost` when another took over, and `Unverifiable` when what was or is can't be known.
    """
    removal = _reviewed_removal(request, context.store, policy.roots)
    ledger, began = LedgerFile(context.store, request.environment), context.now()
    with (
        held(ledger, request, context, began) as before,
        applied(request.root, request.environment, before, PolicyBase(removal.base, policy)) as found,
    ):
        removable(request.environment, found.newest.manifest, policy)
        key, tree = ledger.digest_key(), removal.tree
        run = DestroyRun(context, request, tree, ledger, before, key, applied=found, review=removal.review)
        results = run_graph(
            found.backwards,
            lambda node: undo_step(run, node.name),
            request.max_parallel,
            is_done=lambda result: result.is_done,
            supervision=lease_kept(run),
        )
        receipt = _receipt(run, began, results)
        if receipt.is_undone:
            orphans = find_orphans(search, found, policy, {each.what for each in receipt.remains})
            cloud = account_of(found.newest.manifest, policy).cloud
            elsewhere = unsearched(receipt.destroyed, cloud, FACTS, search.find)
            receipt = receipt.model_copy(update={"orphans": orphans.model_copy(update={"unsearched": elsewhere})})
        context.store.write(receipt_key(request.environment, request.head), receipt.model_dump_json(indent=1).encode())
    return receipt


def _reviewed_removal(request: ApplyRequest, store: ObjectStore, roots: Roots) -> _ReviewedRemoval:
    name, where = request.environment, roots.environment(request.environment)
    if Checkout(request.root, roots).environment(name):
        raise UserError(
            f"{where} exists in this checkout: an environment is destroyed once its directory is gone from the default branch."
        )
    removal = change_of(request.root, where)
    tree = tree_at(request.root, removal.parents[0], where) if removal and removal.parents else None
    if removal is None or tree is None:
        raise UserError(f"Environment `{name}` never existed on this branch: there is nothing to destroy.")
    stored = store.read(review_key(name, request.head))
    if stored is None:
        raise NotReviewed(
            f"There is no reviewed destroy plan of `{name}` at commit {request.head[:12]}, and only a reviewed plan is applied. "
            f"Comment `/destroy {name}`: its pull request is planned again, or the reply says how to restore the directory."
        )
    review = read_review(stored.data, name, request.head)
    if review.change != "destroy":
        raise NotReviewed(f"The review at {request.head[:12]} is of a deployment of `{name}`, not of a destroy plan.")
    if review.tree != tree:
        raise NotReviewed(
            f"`{where}` changed between review and removal (reviewed {review.tree[:12]}, removed {tree[:12]}). Restore the "
            "directory and comment `/destroy` again."
        )
    return _ReviewedRemoval(removal.parents[0], tree, review)


def _receipt(run: DestroyRun, began: datetime, results: Mapping[StepName, StepResult]) -> DestroyReport:
    graph, request = run.applied.backwards, run.request
    causes = blocked(graph, {name for name, result in results.items() if result.state == "failed"})
    steps = []
    for name in graph.order:
        because = (
            f"`{causes[name]}`, which needs it, was not destroyed"
            if name in causes
            else "the run stopped before it started"
        )
        waiting = StepResult(name=name, kind=run.applied.steps[name].kind, state="blocked", reason=because)
        steps.append(results.get(name, waiting))
    ledger = run.ledger.read()
    return DestroyReport(
        environment=request.environment,
        head=request.head,
        commit=request.commit,
        by=request.by,
        run_url=request.run_url,
        started_at=began,
        ended_at=run.context.now(),
        steps=tuple(steps),
        gone={
            name: entry.gone for name in graph.order if (entry := ledger.steps.get(name)) and entry.result == "undone"
        },
        diagram=mermaid(graph, {step.name: step.state for step in steps}),
    )
