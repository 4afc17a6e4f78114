"""Which workflows an event starts, from which commit, and on which commit their checks stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bot.sandbox.actions.workflow import Trigger, WorkflowFile, parse
from bot.sandbox.github.git.bare import BareRepository
from bot.sandbox.github.records.checks import JsonObject
from bot.sandbox.github.records.repositories import NO_COMMIT

DIRECTORY = ".github/workflows"


@dataclass(frozen=True, slots=True)
class TriggerEvent:
    """An event as Actions sees it.

    `ref` and `sha` are where the workflow file and `GITHUB_SHA` come from; `head_sha` is where its checks stand, and
    `head_branch` the branch that people see on the run. `workflow` is set when the event names one file.
    """

    event: str
    action: str | None
    branch: str
    ref: str
    sha: str
    head_sha: str
    head_branch: str
    title: str
    paths: tuple[str, ...]
    payload: JsonObject
    workflow: str | None = None


def trigger_event(name: str, payload: JsonObject, bare: BareRepository) -> TriggerEvent | None:
    """Return what a webhook event means to Actions, or None when it starts nothing here."""
    match name:
        case "push":
            return _push(payload, bare)
        case "pull_request":
            return _pull_request_target(payload, bare)
        case "pull_request_review":
            return _pull_request_review(payload, bare)
        case "workflow_dispatch":
            return _dispatch(payload, bare)
        case "schedule":
            return _schedule(payload, bare)
        case "issue_comment" | "issues":
            return _on_default_branch(name, payload, bare)
        case _:
            return None


def started(event: TriggerEvent, bare: BareRepository) -> Iterator[WorkflowFile]:
    """Yield the workflows of the event's commit that it starts. Raises `WorkflowInvalid`."""
    for entry in bare.lasting("ls-tree", "--name-only", event.sha, f"{DIRECTORY}/").splitlines():
        if not entry.endswith((".yml", ".yaml")) or event.workflow not in (None, entry):
            continue
        workflow = parse(entry, bare.lasting("show", f"{event.sha}:{entry}") + "\n")
        if any(starts(trigger, event) for trigger in workflow.triggers):
            yield workflow


def starts(trigger: Trigger, event: TriggerEvent) -> bool:
    """Say whether a trigger's filters let the event through."""
    if trigger.event != event.event:
        return False
    if (
        trigger.tags and not trigger.branches
    ):  # no push of a tag comes here, and with `tags:` alone GitHub leaves out branches
        return False
    types = trigger.types or (("opened", "synchronize", "reopened") if event.action else ())
    return (
        (event.action is None or event.action in types)
        and (not trigger.workflows or event.title in trigger.workflows)
        and (not trigger.branches or matches(event.branch, trigger.branches))
        and (not trigger.paths or any(matches(path, trigger.paths) for path in event.paths))
    )


def matches(text: str, patterns: tuple[str, ...]) -> bool:
    """Say whether GitHub's filter patterns let `text` through; the last one that fits decides, `!` excludes."""
    chosen = False
    for pattern in patterns:
        if re.fullmatch(_expression(pattern.removeprefix("!")), text):
            chosen = not pattern.startswith("!")
    return chosen


def _expression(pattern: str) -> str:
    """`**` crosses `/`, `*` does not; `?`, `+` and sets are not used here and stand for themselves."""
    parts = re.split(r"(\*\*|\*)", pattern)
    return "".join({"**": ".*", "*": "[^/]*"}.get(part, re.escape(part)) for part in parts)


def _push(payload: JsonObject, bare: BareRepository) -> TriggerEvent | None:
    ref, before, after = str(payload["ref"]), str(payload["before"]), str(payload["after"])
    if after == NO_COMMIT or not ref.startswith("refs/heads/"):
        return None
    branch = ref.removeprefix("refs/heads/")
    head = _mapping(payload.get("head_commit"))
    return TriggerEvent(
        event="push",
        action=None,
        branch=branch,
        ref=ref,
        sha=after,
        head_sha=after,
        head_branch=branch,
        title=str(head.get("message", "")).partition("\n")[0],
        paths=_changed(bare, before, after),
        payload=payload,
    )


def _changed(bare: BareRepository, before: str, after: str) -> tuple[str, ...]:
    """The paths between two commits; of a new branch, those of its last commit."""
    arguments = ("--root", after) if before == NO_COMMIT else (before, after)
    raw = bare.text("diff-tree", "-r", "-z", "--name-only", "--no-renames", "--no-commit-id", *arguments)
    return tuple(path for path in raw.split("\0") if path)


def _pull_request_target(payload: JsonObject, bare: BareRepository) -> TriggerEvent | None:
    pull = _mapping(payload["pull_request"])
    head, base = _mapping(pull["head"]), _mapping(pull["base"])
    default = str(_mapping(payload["repository"])["default_branch"])
    sha = bare.resolve(f"refs/heads/{default}")
    if sha is None:
        return None
    return TriggerEvent(
        event="pull_request_target",
        action=str(payload["action"]),
        branch=str(base["ref"]),
        ref=f"refs/heads/{default}",
        sha=sha,
        head_sha=str(head["sha"]),
        head_branch=str(head["ref"]),
        title=str(pull["title"]),
        paths=_changed(bare, bare.merge_base(str(base["sha"]), str(head["sha"])) or NO_COMMIT, str(head["sha"])),
        payload=payload,
    )


def _pull_request_review(payload: JsonObject, bare: BareRepository) -> TriggerEvent | None:
    """Return a review as it starts workflows: those of the commit that a merge would give, which holds the pull request's own."""
    pull = _mapping(payload["pull_request"])
    head, base = _mapping(pull["head"]), _mapping(pull["base"])
    onto, tip = bare.resolve(f"refs/heads/{base['ref']}"), str(head["sha"])
    tree = bare.merged_tree(onto, tip) if onto is not None else None
    if onto is None or tree is None:
        return None  # GitHub makes no such commit while they conflict
    by = bare.commit(tip).committer
    return TriggerEvent(
        event="pull_request_review",
        action=str(payload["action"]),
        branch=str(base["ref"]),
        ref=f"refs/pull/{pull['number']}/merge",
        sha=bare.write_commit(tree, (onto, tip), f"Merge {tip} into {onto}\n", by, by),
        head_sha=tip,
        head_branch=str(head["ref"]),
        title=str(pull["title"]),
        paths=(),
        payload=payload,
    )


def _dispatch(payload: JsonObject, bare: BareRepository) -> TriggerEvent | None:
    ref = str(payload["ref"])
    ref = ref if ref.startswith("refs/") else f"refs/heads/{ref}"
    sha = bare.resolve(ref)
    if sha is None:
        return None
    workflow = str(payload["workflow"])
    branch = ref.removeprefix("refs/heads/")
    return TriggerEvent(
        event="workflow_dispatch",
        action=None,
        branch=branch,
        ref=ref,
        sha=sha,
        head_sha=sha,
        head_branch=branch,
        title=workflow,
        paths=(),
        payload=payload,
        workflow=workflow,
    )


def _schedule(payload: JsonObject, bare: BareRepository) -> TriggerEvent | None:
    default = str(_mapping(payload["repository"])["default_branch"])
    sha = bare.resolve(f"refs/heads/{default}")
    if sha is None:
        return None
    return TriggerEvent(
        event="schedule",
        action=None,
        branch=default,
        ref=f"refs/heads/{default}",
        sha=sha,
        head_sha=sha,
        head_branch=default,
        title=str(payload["workflow"]),
        paths=(),
        payload=payload,
        workflow=str(payload["workflow"]),
    )


def run_completed(payload: JsonObject, bare: BareRepository) -> TriggerEvent | None:
    """Return what the end of a workflow's run means to Actions; its title is the workflow's name."""
    found = _on_default_branch("workflow_run", payload, bare)
    name = str(_mapping(payload["workflow"])["name"])
    return replace(found, title=name) if found is not None else None


def _on_default_branch(name: str, payload: JsonObject, bare: BareRepository) -> TriggerEvent | None:
    """Return an event that runs the default branch's workflows on its last commit, whatever it is about."""
    default = str(_mapping(payload["repository"])["default_branch"])
    sha = bare.resolve(f"refs/heads/{default}")
    if sha is None:
        return None
    return TriggerEvent(
        event=name,
        action=str(payload["action"]),
        branch=default,
        ref=f"refs/heads/{default}",
        sha=sha,
        head_sha=sha,
        head_branch=default,
        title=str(_mapping(payload.get("issue")).get("title", "")),
        paths=(),
        payload=payload,
    )


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, Mapping) else {}
