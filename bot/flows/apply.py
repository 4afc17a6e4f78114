"""Apply an environment: what was reviewed, in the order of its graph, each step once.

The promises, and how they are kept:
- Nothing is applied that was not reviewed: `bot.flows.approval` for the directory, `bot.flows.apply_stack` for each plan.
- One run at a time: the lease in the ledger, renewed while steps run. A run that loses it begins nothing more, and can
  write nothing more.
- A run killed anywhere is gone on with by the next: the ledger is written before and after each step, every verb of every
  step may be repeated, and a half-applied stack may do what is left of what was approved when it was begun.
- A failure stops what depends on it; what doesn't, and what is running, goes on.
"""

from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import datetime

from bot.clients.ledger import LeaseLost, LedgerFile
from bot.core.apply_outcome import ApplyOutcome, StepResult
from bot.core.graph import blocked, mermaid, ready
from bot.core.lease import LENGTH
from bot.core.ledger import Lease
from bot.errors import Unverifiable
from bot.flows.apply_step import kind_of, run_step
from bot.flows.applying import ApplyRequest, ApplyWorld, Work
from bot.flows.approval import approved
from bot.names import StepName

RENEWAL = LENGTH / 5


def apply(request: ApplyRequest, world: ApplyWorld) -> ApplyOutcome:
    """Apply one environment and return what became of each step.

    Raises `NotReviewed` and other `UserError`s before anything was begun, `LeaseHeld` when another run is at work,
    `LeaseLost` when another took over, and `Unverifiable` when what was or is can't be known.
    """
    environment = approved(request.root, request.environment, request.head, world.store, world.rules)
    ledger = LedgerFile(world.store, request.environment)
    began = world.now()
    lease = Lease(
        holder=request.holder,
        until=began + LENGTH,
        since=began,
        run_url=request.run_url,
        machine=request.machine,
    )
    before = ledger.acquire(lease, began, lambda holder: request.take_over or world.death_of(holder))
    if before.lease is not None and before.lease.holder != request.holder:
        world.log(f"taking over from {before.lease.holder}, which did not end as it should")
    work = Work(world, request, environment, ledger, before)
    try:
        results = _run(work)
    finally:
        ledger.release(request.holder)
    return _outcome(work, began, results)


def _run(work: Work) -> Mapping[StepName, StepResult]:
    """Run every step that can be run, side by side as far as the graph lets them."""
    graph = work.approved.graph
    results: dict[StepName, StepResult] = {}
    running: dict[Future[StepResult], StepName] = {}
    with ThreadPoolExecutor(max_workers=graph.at_once(work.request.max_parallel), thread_name_prefix="step") as pool:
        try:
            while True:
                done = {name for name, result in results.items() if result.state in {"succeeded", "skipped"}}
                if not work.stopping.is_set():
                    for name in ready(graph, done, {*results, *running.values()}):
                        running[pool.submit(run_step, work, name)] = name
                if not running:
                    return results
                ended, _ = wait(running, timeout=RENEWAL.total_seconds(), return_when=FIRST_COMPLETED)
                for future in ended:
                    result = future.result()
                    results[running.pop(future)] = result
                _renew(work)
        except BaseException:
            _drain(work, running)
            raise


def _drain(work: Work, running: Mapping[Future[StepResult], StepName]) -> None:
    """Wait for the steps that run, whatever went wrong: they are not to be cut off half way."""
    work.stopping.set()
    left = {future for future in running if not future.done()}
    if left:
        work.world.log(f"stopping once these have ended: {', '.join(sorted(running[future] for future in left))}")
    while left:
        _, left = wait(left, timeout=RENEWAL.total_seconds())
        with suppress(LeaseLost):
            _renew(work)


def _renew(work: Work) -> None:
    try:
        work.ledger.renew(work.request.holder, work.world.now())
    except Unverifiable as error:
        # The lease outlives four of these; what is really broken stops the next step at its first write.
        work.world.log(f"the lease could not be renewed, and will be tried again: {error}")


def _outcome(work: Work, began: datetime, results: Mapping[StepName, StepResult]) -> ApplyOutcome:
    graph = work.approved.graph
    causes = blocked(graph, {name for name, result in results.items() if result.state == "failed"})
    steps = []
    for name, node in graph.nodes.items():
        because = f"it needs `{causes[name]}`, which failed" if name in causes else "the run stopped before its turn"
        not_begun = StepResult(name=name, kind=kind_of(node.step), state="blocked", reason=because)
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
        ended_at=work.world.now(),
        steps=tuple(steps),
        diagram=mermaid(graph, {step.name: step.state for step in steps}),
    )
