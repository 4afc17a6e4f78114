"""Apply an environment: what was reviewed, in the order of its graph, each step once.

The promises, and how they are kept:
- Nothing is applied that was not reviewed: `bot.runs.apply.reviewed_environment` for the directory, `bot.runs.apply.stack` for each plan.
- One run at a time: the lease in the ledger, renewed while steps run. A run that loses it begins nothing more, and can
  write nothing more.
- A run killed anywhere is gone on with by the next: the ledger is written before and after each step, every verb of every
  step may be repeated, and a half-applied stack may do what is left of what was approved when it was begun.
- A failure stops what depends on it; what doesn't, and what is running, goes on.
"""

from collections.abc import Mapping
from datetime import datetime

from bot.clients.ledger import LedgerFile
from bot.core.graph import blocked, mermaid
from bot.core.ledger.apply_result import ApplyOutcome, StepResult
from bot.core.ledger.renamed_steps import with_present_names
from bot.names import StepName
from bot.runs.apply.reviewed_environment import approved
from bot.runs.apply.run import ApplyRun
from bot.runs.apply.step import run_step
from bot.runs.context import ApplyContext
from bot.runs.executor import run_graph
from bot.runs.held_lease import held, lease_kept
from bot.runs.request import ApplyRequest


def apply(request: ApplyRequest, context: ApplyContext) -> ApplyOutcome:
    """Apply one environment and return what became of each step.

    Raises `NotReviewed` and other `UserError`s before anything was begun, `LeaseHeld` when another run is at work,
    `LeaseLost` when another took over, and `Unverifiable` when what was or is can't be known.
    """
    environment = approved(request, context)
    ledger = LedgerFile(context.store, request.environment)
    began = context.now()
    with held(ledger, request, context, began) as before:
        now = with_present_names(before, environment.steps)
        if now != before:
            # Written down before anything runs: a run that dies in between leaves no step under two names.
            ledger.change(request.lock_owner, lambda found: with_present_names(found, environment.steps))
        work = ApplyRun(context, request, environment.tree, ledger, now, ledger.digest_key(), approved=environment)
        results = run_graph(
            environment.graph,
            lambda node: run_step(work, node.name),
            request.max_parallel,
            is_done=lambda result: result.is_done,
            supervision=lease_kept(work),
        )
    return _outcome(work, began, results)


def _outcome(work: ApplyRun, began: datetime, results: Mapping[StepName, StepResult]) -> ApplyOutcome:
    graph = work.approved.graph
    causes = blocked(graph, {name for name, result in results.items() if result.state == "failed"})
    steps = []
    for name, node in graph.nodes.items():
        because = f"it needs `{causes[name]}`, which failed" if name in causes else "the run stopped before it started"
        not_begun = StepResult(name=name, kind=node.step.kind, state="blocked", reason=because)
        steps.append(results.get(name, not_begun))
    request = work.request
    return ApplyOutcome(
        environment=request.environment,
        head=request.head,
        commit=request.commit,
        tree=work.approved.tree,
        by=request.by,
        run_url=request.run_url,
        started_at=began,
        ended_at=work.context.now(),
        steps=tuple(steps),
        diagram=mermaid(graph, {step.name: step.state for step in steps}),
    )
