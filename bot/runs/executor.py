"""Run the steps of a graph in threads: each after all that it needs, independent ones side by side."""

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from bot.clients.ledger import LeaseLost
from bot.core.graph import Graph, Node, ready
from bot.names import StepName

NodeResult = TypeVar("NodeResult")


@dataclass(frozen=True, slots=True)
class Supervision:
    """What is done while steps run: `renew` at least every `interval`. Once `stopping` is set, no further step begins."""

    stopping: threading.Event = field(default_factory=threading.Event)
    interval: timedelta | None = None
    renew: Callable[[], None] = lambda: None
    log: Callable[[str], None] = lambda line: None

    @property
    def seconds(self) -> float | None:
        return self.interval.total_seconds() if self.interval is not None else None


def run_graph(
    graph: Graph,
    work: Callable[[Node], NodeResult],
    most: int,
    *,
    is_done: Callable[[NodeResult], bool] = lambda result: True,
    supervision: Supervision | None = None,
) -> Mapping[StepName, NodeResult]:
    """Return what `work` gave for each step that was run: at most `most` at a time, and no more than the graph allows.

    A step begins once `is_done` says so of the results of all that it needs. If `work` or `supervision.renew` raises, no
    further step begins, those under way are awaited, and the first error is raised.
    """
    watch = supervision or Supervision()
    results: dict[StepName, NodeResult] = {}
    running: dict[Future[NodeResult], StepName] = {}
    with ThreadPoolExecutor(max_workers=graph.at_once(most), thread_name_prefix="step") as pool:
        try:
            while True:
                done = {name for name, result in results.items() if is_done(result)}
                if not watch.stopping.is_set():
                    for name in ready(graph, done, {*results, *running.values()}):
                        running[pool.submit(work, graph.nodes[name])] = name
                if not running:
                    return results
                ended, _ = wait(running, timeout=watch.seconds, return_when=FIRST_COMPLETED)
                for future in ended:
                    result = future.result()
                    results[running.pop(future)] = result
                watch.renew()
        except BaseException:
            _drain(running, watch)
            raise


def _drain(running: Mapping[Future[Any], StepName], watch: Supervision) -> None:
    """Wait for the steps that run, whatever went wrong: they are not to be cut off half way."""
    watch.stopping.set()
    left = {future for future in running if not future.done()}
    if left:
        watch.log(f"stopping once these have finished: {', '.join(sorted(running[future] for future in left))}")
    while left:
        _, left = wait(left, timeout=watch.seconds)
        with suppress(LeaseLost):
            watch.renew()
