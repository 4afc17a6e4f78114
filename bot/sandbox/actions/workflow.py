"""A workflow file, as far as its runner must understand it: triggers, jobs, permissions and concurrency."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

import yaml

ExpressionNode: TypeAlias = "str | list[ExpressionNode] | dict[str, ExpressionNode]"
USES = re.compile(r"^\s*(?:- )?uses:\s*['\"]?([\w.-]+/[\w.-]+)(?:/[\w./-]+)?@([\w./-]+)", re.MULTILINE)
BEGIN = "Begin"
BEGINNING = f"""{{name: {BEGIN}, shell: bash, working-directory: ., run: 'exec "$SANDBOX_PYTHON" -I -m bot.sandbox.actions.steps.begin'}}"""
"""The step that the runner adds to each job, in flow style, so that it fits any indentation."""


class WorkflowInvalid(Exception):
    """A workflow file that GitHub would refuse, or that says more than this runner understands."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """One event of `on:` with its filters; empty means any."""

    event: str
    types: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    workflows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Concurrency:
    """`concurrency:`; `group` may hold expressions. Without `keeps_all`, one that waits is dropped for a newer one."""

    group: str
    cancels: bool
    keeps_all: bool


@dataclass(frozen=True, slots=True)
class Job:
    """One job; `name` and `environment` may hold expressions."""

    id: str
    name: str
    environment: str | None
    permissions: Mapping[str, str]
    concurrency: Concurrency | None


@dataclass(frozen=True, slots=True)
class WorkflowFile:
    """One workflow file of one commit. `run_name` may hold expressions."""

    path: str
    name: str
    run_name: str
    text: str
    triggers: tuple[Trigger, ...]
    concurrency: Concurrency | None
    jobs: tuple[Job, ...]

    @property
    def permissions(self) -> dict[str, str]:
        """What the jobs declare together, each at its strongest."""
        together: dict[str, str] = {}
        for job in self.jobs:
            for name, level in job.permissions.items():
                if level == "write" or (level == "read" and name not in together):
                    together[name] = level
        return together

    def job(self, id_: str) -> Job:
        """Return the job of that id. Raises `KeyError`."""
        return {job.id: job for job in self.jobs}[id_]


@lru_cache(maxsize=64)  # each event asks for all workflows of its commit, which are those of the last event's
def parse(path: str, text: str) -> WorkflowFile:
    """Read a workflow file. Raises `WorkflowInvalid`."""
    try:
        # BaseLoader makes nothing but strings, lists and mappings, so `on` stays a word and nothing is constructed.
        document: ExpressionNode = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506
    except yaml.YAMLError as error:
        raise WorkflowInvalid(f"{path}: {error}") from error
    top = _mapping(document, path)
    permissions = _permissions(top.get("permissions", {}), path)
    jobs = _mapping(top.get("jobs", {}), f"{path}: jobs")
    return WorkflowFile(
        path=path,
        name=str(top.get("name", path)),
        run_name=str(top.get("run-name", "")),
        text=text,
        triggers=_triggers(top.get("on", {}), path),
        concurrency=_concurrency(top.get("concurrency"), path),
        jobs=tuple(_job(id_, _mapping(body, f"{path}: jobs.{id_}"), permissions, path) for id_, body in jobs.items()),
    )


def actions_used(text: str) -> set[tuple[str, str]]:
    """Return (`owner/name`, ref) of every repository whose actions a workflow or composite action uses."""
    return set(USES.findall(text))


def without_queue(text: str) -> str:
    """Blank the lines of `queue:` under `concurrency:`, which `act` does not know; line numbers stay as they are."""
    lines = text.splitlines(keepends=True)
    for key in _queue_keys(yaml.compose(text, Loader=yaml.BaseLoader)):
        lines[key] = "\n"
    return "".join(lines)


def with_beginnings(text: str) -> str:
    """Put a first step into every job: there it waits for its turn and gets its request token, whatever its own steps are."""
    lines = text.splitlines(keepends=True)
    document = yaml.compose(text, Loader=yaml.BaseLoader)
    found = [_child(job, "steps") for job in _children(_child(document, "jobs"))]
    for steps in reversed(list({id(each): each for each in found}.values())):  # an alias is the node that it repeats
        if not isinstance(steps, yaml.SequenceNode) or not steps.value:
            continue
        line, column = steps.start_mark.line, steps.start_mark.column
        if steps.flow_style:
            lines[line] = f"{lines[line][: column + 1]}{BEGINNING}, {lines[line][column + 1 :]}"
        else:
            line = steps.value[0].start_mark.line  # with an anchor, the list itself begins on the line before
            lines.insert(line, f"{lines[line].partition('-')[0]}- {BEGINNING}\n")
    return "".join(lines)


def _child(node: yaml.Node | None, name: str) -> yaml.Node | None:
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    return next((value for key, value in pairs if key.value == name), None)


def _children(node: yaml.Node | None) -> list[yaml.Node]:
    return [value for _, value in node.value] if isinstance(node, yaml.MappingNode) else []


def _queue_keys(node: yaml.Node | None, inside: str = "") -> list[int]:
    found: list[int] = []
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if inside == "concurrency" and key.value == "queue":
                found.append(key.start_mark.line)
            found += _queue_keys(value, key.value)
    return found


def _triggers(node: ExpressionNode, path: str) -> tuple[Trigger, ...]:
    if isinstance(node, str):
        return (Trigger(node),)
    if isinstance(node, list):
        return tuple(Trigger(str(event)) for event in node)
    found: list[Trigger] = []
    for event, body in node.items():
        filters = body if isinstance(body, dict) else {}
        unknown = {key for key in filters if key.endswith("-ignore")}
        if unknown:
            raise WorkflowInvalid(f"{path}: on.{event}: the sandbox does not support {', '.join(sorted(unknown))}")
        found.append(
            Trigger(
                event, *(_words(filters.get(key, [])) for key in ("types", "branches", "paths", "tags", "workflows"))
            )
        )
    return tuple(found)


def _job(id_: str, body: dict[str, ExpressionNode], inherited: Mapping[str, str], path: str) -> Job:
    environment = body.get("environment")
    if isinstance(environment, dict):
        environment = environment.get("name")
    return Job(
        id=id_,
        name=str(body.get("name", id_)),
        environment=environment if isinstance(environment, str) else None,
        permissions=_permissions(body["permissions"], path) if "permissions" in body else inherited,
        concurrency=_concurrency(body.get("concurrency"), path),
    )


def _concurrency(node: ExpressionNode | None, path: str) -> Concurrency | None:
    if node is None:
        return None
    body: dict[str, ExpressionNode] = (
        {"group": node} if isinstance(node, str) else _mapping(node, f"{path}: concurrency")
    )
    return Concurrency(str(body["group"]), body.get("cancel-in-progress") == "true", body.get("queue") == "max")


def _permissions(node: ExpressionNode, path: str) -> dict[str, str]:
    if not isinstance(node, dict):
        raise WorkflowInvalid(f"{path}: list permissions one by one; `{node}` is too broad")
    return {name: str(level) for name, level in node.items()}


def _mapping(node: ExpressionNode, where: str) -> dict[str, ExpressionNode]:
    if not isinstance(node, dict):
        raise WorkflowInvalid(f"{where}: expected a mapping")
    return node


def _words(node: ExpressionNode) -> tuple[str, ...]:
    return (node,) if isinstance(node, str) else tuple(str(word) for word in node)
