"""One graph of steps, stacks and hooks alike: what each needs, in which order they run, and what may run now.

A step needs what it names in `needs` and, without saying so, every step whose output it takes. Everything here is a
function of declarations; `problems` finds, with its line, whatever would make the other functions meaningless, so it is
called before them.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bot.errors import Finding, InvalidInput
from bot.model.pipeline import FromOutput, Hook, Json, Pipeline, Stack
from bot.model.suggest import closest
from bot.model.yaml_document import DocumentPath, line_of
from bot.names import ParameterName, PurposeName, StepName

StepState: TypeAlias = Literal["waiting", "running", "succeeded", "skipped", "failed", "blocked"]


@dataclass(frozen=True, slots=True)
class StepDocuments:
    """The documents that declare steps, for findings with a line: the one that holds `stacks:`, and the one that holds `hooks:`."""

    stacks_path: str
    stacks_text: str
    hooks_path: str
    hooks_text: str

    def finding(self, step: Stack | Hook, place: DocumentPath, message: str) -> Finding:
        """Return what is wrong at a place in the declaration of a step, which begins with the step's name."""
        if isinstance(step, Stack):
            return Finding(self.stacks_path, line_of(self.stacks_text, ("stacks", *place)), message)
        return Finding(self.hooks_path, line_of(self.hooks_text, ("hooks", *place)), message)


@dataclass(frozen=True, slots=True)
class Node:
    """A step and the steps of this graph that must be done before it, in their declared order."""

    name: StepName
    step: Stack | Hook
    needs: tuple[StepName, ...]


@dataclass(frozen=True, slots=True)
class Graph:
    """The steps of one environment, each after all that it needs; the same declarations give the same order.

    `concurrency` is how many may be at work at once, if that is declared.
    """

    nodes: Mapping[StepName, Node]
    concurrency: int | None = None

    @property
    def order(self) -> tuple[StepName, ...]:
        return tuple(self.nodes)

    def at_once(self, allowed: int) -> int:
        """Return how many steps may be at work at once in a run that allows so many."""
        return min(allowed, self.concurrency or allowed)

    def dependents(self, name: StepName) -> tuple[StepName, ...]:
        """Return every step that can't run before `name`, also through others, in order."""
        found = {name}
        for node in self.nodes.values():
            if found.intersection(node.needs):
                found.add(node.name)
        return tuple(step for step in self.nodes if step in found and step != name)


def needed(stacks: Mapping[StepName, Stack], name: StepName) -> set[StepName]:
    """Return every stack that `name` needs, also through others, said or implied."""
    found: set[StepName] = set()
    left = [name]
    while left:
        step = stacks.get(left.pop())
        new = {*step.needs, *_sources(step)} - found if step is not None else set()
        found |= new
        left += new
    return found


def problems(pipeline: Pipeline, documents: StepDocuments) -> Sequence[Finding]:
    """Return what is wrong with the pipeline's references."""
    found = [
        documents.finding(hook, (name,), f"`{name}` is the name of both a stack and a hook. Rename the hook.")
        for name, hook in pipeline.hooks.items()
        if name in pipeline.stacks
    ]
    found += [
        documents.finding(pipeline.steps[name], (name, "renamed_from"), message)
        for name, message in _former_name_problems(pipeline)
    ]
    for name, step in _declared(pipeline):
        for place, message in _step_problems(pipeline, name, step):
            found.append(documents.finding(step, (name, *place), f"`{name}` {message}"))
    if not found and (cycle := _cycle(pipeline)):
        first = cycle[0]
        path = " → ".join(f"`{name}`" for name in (*cycle, first))
        message = f"`{first}` is in a dependency cycle: {path}. Remove one of these `needs`."
        found.append(documents.finding(pipeline.steps[first], (first,), message))
    return found


def graph(
    pipeline: Pipeline, purpose: PurposeName | None = None, parameters: Mapping[ParameterName, Json] | None = None
) -> Graph:
    """Return the graph of the steps that this purpose and these parameters call for; without them, of all steps.

    What needs a step that is left out needs what that step needed. Raises `InvalidInput` for a circle, and for an input
    that is an output of a step left out.
    """
    if cycle := _cycle(pipeline):
        raise InvalidInput(f"Dependency cycle: {', '.join(f'`{name}`' for name in cycle)}.")
    given = parameters or {}
    kept = {
        name: step
        for name, step in pipeline.steps.items()
        if purpose is None or step.when is None or step.when.applies(purpose, given)
    }
    for name, step in kept.items():
        for source in _sources(step):
            if source not in kept:
                raise InvalidInput(
                    f"`{name}` uses an output of `{source}`, which is not part of this environment (see its `when`). "
                    f"Give `{name}` the same `when`."
                )
    nodes = {name: Node(name, step, _needs_kept(pipeline, name, kept)) for name, step in kept.items()}
    return Graph({name: nodes[name] for name in _ordered(nodes)}, pipeline.concurrency)


def graph_of_remains(pipeline: Pipeline) -> Graph:
    """Return the graph of steps that are left of several versions of an environment: needs that are gone don't count.

    Raises `InvalidInput` for a circle.
    """
    if cycle := _cycle(pipeline):
        raise InvalidInput(f"Dependency cycle: {', '.join(f'`{name}`' for name in cycle)}.")
    nodes = {name: Node(name, step, _needs(pipeline, name)) for name, step in pipeline.steps.items()}
    return Graph({name: nodes[name] for name in _ordered(nodes)}, pipeline.concurrency)


def in_reverse(graph: Graph) -> Graph:
    """Return the graph in which each step waits for all that needed it: the order in which steps are taken back."""
    nodes = {
        name: Node(name, graph.nodes[name].step, tuple(o for o in graph.nodes if name in graph.nodes[o].needs))
        for name in reversed(graph.order)
    }
    return Graph(nodes, graph.concurrency)


def diagram(pipeline: Pipeline) -> str:
    """Return the whole pipeline as Mermaid text."""
    return mermaid(graph(pipeline), {})


def mermaid(graph: Graph, states: Mapping[StepName, StepState]) -> str:
    """Return the graph as Mermaid text for a pull request; stacks are boxes, hooks are rounded."""
    # Ids of our own, because `end`, `graph` and others are words of Mermaid's.
    ids = {name: f"s{number}" for number, name in enumerate(graph.nodes)}
    lines = ["flowchart LR"]
    for name, node in graph.nodes.items():
        shape = f'["{name}"]' if isinstance(node.step, Stack) else f'(["{name}"])'
        state = f":::{states[name]}" if name in states else ""
        lines.append(f"  {ids[name]}{shape}{state}")
    lines += [f"  {ids[need]} --> {ids[name]}" for name, node in graph.nodes.items() for need in node.needs]
    used = [state for state in _COLOURS if state in states.values()]
    lines += [f"  classDef {state} {_COLOURS[state]}" for state in used]
    return "\n".join(lines)


def ready(graph: Graph, done: Collection[StepName], started: Collection[StepName]) -> tuple[StepName, ...]:
    """Return the steps that may start now: all they need is done, and they were not started (nor done) themselves."""
    return tuple(
        name
        for name, node in graph.nodes.items()
        if name not in done and name not in started and all(need in done for need in node.needs)
    )


def blocked(graph: Graph, failed: Collection[StepName]) -> dict[StepName, StepName]:
    """Return the steps that can't run because of a failed one, with the first such (in order) as the cause."""
    causes: dict[StepName, StepName] = {}
    for name in graph.nodes:
        if name in failed:
            for dependent in graph.dependents(name):
                if dependent not in failed:
                    causes.setdefault(dependent, name)
    return causes


_COLOURS: dict[StepState, str] = {
    "waiting": "fill:#f6f8fa,stroke:#8c959f",
    "running": "fill:#ddf4ff,stroke:#0969da",
    "succeeded": "fill:#dafbe1,stroke:#1a7f37",
    "skipped": "fill:#f6f8fa,stroke:#1a7f37,stroke-dasharray:3",
    "failed": "fill:#ffebe9,stroke:#cf222e",
    "blocked": "fill:#fff8c5,stroke:#9a6700,stroke-dasharray:3",
}


def _declared(pipeline: Pipeline) -> Iterator[tuple[StepName, Stack | Hook]]:
    yield from pipeline.stacks.items()
    yield from pipeline.hooks.items()


def _former_name_problems(pipeline: Pipeline) -> Iterator[tuple[StepName, str]]:
    """Yield what would give a step the ledger's entry of another one."""
    former = Counter(old for _, step in _declared(pipeline) for old in step.renamed_from)
    for name, step in _declared(pipeline):
        for old in step.renamed_from:
            if old in pipeline.steps:
                yield name, f"`{old}` is still a step of its own."
            elif former[old] > 1:
                yield name, f"`{old}` is also the former name of another step."


def _step_problems(pipeline: Pipeline, name: StepName, step: Stack | Hook) -> Iterator[tuple[DocumentPath, str]]:
    for position, need in enumerate(step.needs):
        if message := _reference_problem(pipeline, name, need):
            yield ("needs", position), message
    key = "inputs" if isinstance(step, Stack) else "with"
    for given, value in step.inputs.items():
        if not isinstance(value, FromOutput):
            continue
        if message := _reference_problem(pipeline, name, value.step):
            yield (key, given), message
        elif isinstance(step, Stack) and value.stand_in is None:
            # It is planned before the first apply, and its end may be planned when the output is lost or secret.
            yield (
                (key, given),
                (
                    f"uses `{value.source}`, which may not exist yet at plan time, or no longer when a destroy is "
                    "planned. Add a mock value (`stand_in`)."
                ),
            )


def _reference_problem(pipeline: Pipeline, name: StepName, need: StepName) -> str | None:
    if need == name:
        return "depends on itself."
    if need in pipeline.steps:
        return None
    near = closest(need, pipeline.steps)
    return f"needs `{need}`, which is not a step of this environment." + (f" Did you mean `{near}`?" if near else "")


def _sources(step: Stack | Hook) -> list[StepName]:
    return [value.step for value in step.inputs.values() if isinstance(value, FromOutput)]


def _needs(pipeline: Pipeline, name: StepName) -> tuple[StepName, ...]:
    """Return what a step needs directly, said or implied, in the order of declaration; unknown steps are left out."""
    step = pipeline.steps[name]
    wanted = {*step.needs, *_sources(step)}
    return tuple(other for other in pipeline.steps if other in wanted)


def _needs_kept(pipeline: Pipeline, name: StepName, kept: Collection[StepName]) -> tuple[StepName, ...]:
    found: set[StepName] = set()
    waiting = list(_needs(pipeline, name))
    while waiting:
        need = waiting.pop()
        if need in kept:
            found.add(need)
        else:
            waiting += _needs(pipeline, need)
    return tuple(other for other in pipeline.steps if other in found)


def _ordered(nodes: Mapping[StepName, Node]) -> Iterator[StepName]:
    """Yield the names so that each comes after what it needs; among several, the first declared comes first."""
    left = dict(nodes)
    while left:
        name = next(name for name, node in left.items() if not any(need in left for need in node.needs))
        del left[name]
        yield name


def _cycle(pipeline: Pipeline) -> tuple[StepName, ...]:
    """Return the steps of one circle, each needing the next, or nothing."""
    finished: set[StepName] = set()
    for start in pipeline.steps:
        path: list[StepName] = []
        stack: list[tuple[StepName, Iterator[StepName]]] = [(start, iter(_needs(pipeline, start)))]
        while stack and start not in finished:
            name, needs = stack[-1]
            if name not in path:
                path.append(name)
            following = next((need for need in needs if need not in finished), None)
            if following is None:
                finished.add(name)
                path.pop()
                stack.pop()
            elif following in path:
                return tuple(path[path.index(following) :])
            else:
                stack.append((following, iter(_needs(pipeline, following))))
    return ()
