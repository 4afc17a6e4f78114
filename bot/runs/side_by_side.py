"""Run the steps of a graph in threads: each after all that it needs, independent ones side by side."""

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

from bot.core.graph import Graph, Node, ready
from bot.names import StepName

NodeResult = TypeVar("NodeResult")


def run_graph(graph: Graph, work: Callable[[Node], NodeResult], most: int) -> Mapping[StepName, NodeResult]:
    """Return what `work` gave for each step, at most `most` at a time, and no more than the graph allows.

    If `work` raises, no further step begins, those under way are awaited, and the first error is raised. Work that
    returns a failure as a value lets the steps after it begin all the same.
    """
    results: dict[StepName, NodeResult] = {}
    running: dict[Future[NodeResult], StepName] = {}
    with ThreadPoolExecutor(max_workers=graph.at_once(most), thread_name_prefix="step") as pool:
        while len(results) < len(graph.nodes):
            started = {*results, *running.values()}
            for name in ready(graph, results, started):
                running[pool.submit(work, graph.nodes[name])] = name
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                results[running.pop(future)] = future.result()
    return results
