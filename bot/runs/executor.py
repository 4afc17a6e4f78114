"""One run at a time on an environment, and its steps side by side: what an apply and a destroy have in common."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from datetime import datetime

from bot.clients.ledger import LeaseLost, LedgerFile
from bot.core.graph import Graph, ready
from bot.core.ledger.apply_result import StepResult
from bot.core.ledger.lease import LENGTH
from bot.core.ledger.ledger import Lease, Ledger
from bot.errors import Unverifiable
from bot.names import StepName
from bot.runs.apply.run import ApplyContext, ApplyRequest, EnvironmentRun

RENEWAL = LENGTH / 5


@contextmanager
def held(ledger: LedgerFile, request: ApplyRequest, world: ApplyContext, now: datetime) -> Iterator[Ledger]:
    """Hold the environment's lease; yield the ledger as it was before. Raises `LeaseHeld`, `Unverifiable`."""
    lease = Lease(
        holder=request.holder,
        until=now + LENGTH,
        since=now,
        run_url=request.run_url,
        machine=request.machine,
    )
    before = ledger.acquire(lease, now, lambda holder: request.take_over or world.death_of(holder))
    if before.lease is not None and before.lease.holder != request.holder:
        world.log(f"taking over from {before.lease.holder}, which did not end as it should")
    try:
        yield before
    finally:
        ledger.release(request.holder)


def run_steps(
    run: EnvironmentRun, graph: Graph, run_step: Callable[[StepName], StepResult]
) -> Mapping[StepName, StepResult]:
    """Run every step that can be run, side by side as far as the graph lets them, and keep the lease meanwhile."""
    results: dict[StepName, StepResult] = {}
    running: dict[Future[StepResult], StepName] = {}
    with ThreadPoolExecutor(max_workers=graph.at_once(run.request.max_parallel), thread_name_prefix="step") as pool:
        try:
            while True:
                done = {name for name, result in results.items() if result.state in {"succeeded", "skipped"}}
                if not run.stopping.is_set():
                    for name in ready(graph, done, {*results, *running.values()}):
                        running[pool.submit(run_step, name)] = name
                if not running:
                    return results
                ended, _ = wait(running, timeout=RENEWAL.total_seconds(), return_when=FIRST_COMPLETED)
                for future in ended:
                    result = future.result()
                    results[running.pop(future)] = result
                _renew(run)
        except BaseException:
            _drain(run, running)
            raise


def _drain(run: EnvironmentRun, running: Mapping[Future[StepResult], StepName]) -> None:
    """Wait for the steps that run, whatever went wrong: they are not to be cut off half way."""
    run.stopping.set()
    left = {future for future in running if not future.done()}
    if left:
        run.world.log(f"stopping once these have ended: {', '.join(sorted(running[future] for future in left))}")
    while left:
        _, left = wait(left, timeout=RENEWAL.total_seconds())
        with suppress(LeaseLost):
            _renew(run)


def _renew(run: EnvironmentRun) -> None:
    try:
        run.ledger.renew(run.request.holder, run.world.now())
    except Unverifiable as error:
        # The lease outlives four of these; what is really broken stops the next step at its first write.
        run.world.log(f"the lease could not be renewed, and will be tried again: {error}")
