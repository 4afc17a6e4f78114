"""Where a stack's state lies: in the place of its own account, under its own environment's name (law 5)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.core.checks.workspaces import (
    PREFIX,
    StackState,
    Workspace,
    backend_blocks,
    kind_of,
    object_of,
    state_text,
    workspace_of,
    workspace_reads,
)
from bot.core.cloud_facts import BackendFacts, CloudFacts
from bot.core.hcl.local_modules import code_files, is_outside
from bot.core.hcl.syntax.ast import Block
from bot.core.tree import Tree
from bot.errors import Finding
from bot.model.account import PolicyAccount
from bot.model.environment import MANIFEST, ExistingState, Manifest
from bot.model.policy import Policy
from bot.names import EnvironmentName, StepName

_At: TypeAlias = tuple[str, Block]
_HOW = {PREFIX: " (`*` stands for one name, as in `live/*`)"}


@dataclass(frozen=True, slots=True)
class StateAt:
    """A stack, and the workspace that its state lies in."""

    stack: StepName
    workspace: Workspace | None


@dataclass(frozen=True, slots=True)
class StatePlace:
    """Where the states of an environment belong.

    `backend` is Terraform's name of it, `arguments` what each of its blocks must say, with the policy's key that says so.
    `existing` are the states that are older than the environment's directory, by stack, and `adopted` their keys.
    """

    owner: EnvironmentName
    backend: str
    facts: BackendFacts
    arguments: Mapping[str, tuple[str, str]]
    existing: Mapping[StepName, ExistingState]
    may_adopt: bool

    @property
    def adopted(self) -> Mapping[StepName, str]:
        return {stack: each.key for stack, each in self.existing.items()}


def state_place(manifest: Manifest, account: PolicyAccount, policy: Policy, cloud: CloudFacts) -> StatePlace:
    """Return where the account of an environment keeps its states."""
    may_adopt = manifest.name in policy.protected
    if account.state is not None:
        kind = account.state.backend
        said = {key: (value, f"state.with.{key}") for key, value in account.state.arguments.items()}
    else:
        kind = cloud.accounts[account.cloud or cloud.key].backend
        said = {cloud.backends[kind].place[0]: (account.state_bucket, "state_bucket")}
    return StatePlace(manifest.name, kind, cloud.backends[kind], said, manifest.state or {}, may_adopt)


def store_address(account: PolicyAccount, cloud: CloudFacts) -> str:
    """Return the address of the account's store, for the ledger and what else lies beside the state."""
    if account.store:
        return account.store
    own = cloud.accounts[account.cloud or cloud.key].backend
    if account.state_bucket:
        return cloud.backends[own].store.format(bucket=account.state_bucket)
    assert account.state is not None, "the policy was checked when it was read"
    return cloud.backends[account.state.backend].store.format(**account.state.arguments)


def misplaced(files: Tree, stacks: Sequence[StepName], place: StatePlace, where: str) -> Sequence[Finding]:
    """Return every stack whose state does not lie in `place`, or not under the names of its environment and stack.

    The files must have passed the gate, so they parse. `where` is the environment's directory, for messages.
    """
    found: list[Finding] = []
    keys: dict[str, StepName] = {}
    for stack in stacks:
        backends = list(backend_blocks(files, stack))
        state = StackState(place.owner, stack, place.existing.get(stack))
        workspace = workspace_of(files, state, {place.backend: place.facts})
        if not backends:
            message = f'no `backend "{place.backend}"`: the state would be lost with the runner. Add one.'
            found.append(Finding(f"{where}/{stack}/backend.tf", 1, message))
        for at in backends:
            found += _misplaced(at, StateAt(stack, workspace), place, where)
            key = object_of(at[1], workspace, {place.backend: place.facts}) or state_text(at[1], place.facts) or ""
            if key and keys.setdefault(key, stack) != stack:
                found.append(
                    Finding(f"{where}/{at[0]}", at[1].line, f"the state's key is that of stack `{keys[key]}`.")
                )
        if workspace is None and not place.facts.workspace:
            found += _no_workspaces(list(workspace_reads(files, stack)), place, where)
    if place.adopted and not place.may_adopt:
        message = (
            "`state` may be set in a protected environment only: a clone begins with a state of its own. Remove it."
        )
        found.append(Finding(f"{where}/{MANIFEST}", 1, message))
    for unknown in sorted(place.adopted.keys() - set(stacks)):
        found.append(Finding(f"{where}/{MANIFEST}", 1, f"`state` names the stack `{unknown}`, which does not exist."))
    return found


def _no_workspaces(reads: Sequence[tuple[str, int]], place: StatePlace, where: str) -> Iterator[Finding]:
    """Yield one finding for a stack, at the first place: all have the same cause, and some code reads the workspace in every name."""
    for path, line in reads[:1]:
        others = f" (and at {len(reads) - 1} more places)" if reads[1:] else ""
        message = (
            f"`terraform.workspace` is `default` in every environment, since the backend `{place.backend}` has no workspaces here{others}. Use "
            "a parameter of the template in its place."
        )
        yield Finding(f"{where}/{path}", line, message)


def _misplaced(at: _At, state: StateAt, place: StatePlace, where: str) -> Iterator[Finding]:
    path, block = f"{where}/{at[0]}", at[1]
    if kind_of(block) != place.backend:
        instead = "cloud { … }" if place.backend == "cloud" else f'backend "{place.backend}"'
        message = f"this account keeps its state in the backend `{place.backend}`. Write `{instead}`."
        yield Finding(path, block.line, message)
        return
    facts = place.facts
    for argument, (value, said_by) in place.arguments.items():
        if argument == PREFIX:
            yield from (Finding(path, block.line, each) for each in _prefix_complaints(block, value))
        elif argument != facts.key and block.text(argument) != value:
            noun = "be in" if argument == "bucket" else f"have `{argument}` of"
            message = f"the state must {noun} the account's `{said_by}`, `{value}`.{_unwritten(block, argument)}"
            yield Finding(path, block.line, message)
    for argument in facts.asserted:
        if argument not in place.arguments and block.setting(argument) is not None:
            message = f"`{argument}` is not in the account's `state.with`: leave it out, or add it there{_HOW.get(argument, '')}."
            yield Finding(path, block.line, message)
    if state.workspace is not None and state.workspace.is_remote:
        return  # the runner names it for this environment and stack alone
    texts = {
        facts.key: state_text(block, facts),
        **{name: block.text(name) for name in facts.like_key if block.setting(name)},
    }
    for name, text in texts.items():
        if complaint := _key_complaint(text or "", name, state, place):
            yield Finding(path, block.line, complaint + _unwritten(block, name))


def _unwritten(block: Block, argument: str) -> str:
    """Say what is the matter where a block leaves an argument to the command line, as many do."""
    if "." in argument or block.setting(argument) is not None:
        return ""
    return f" Write `{argument}` into the block: what `-backend-config` gives is not read."


def _prefix_complaints(block: Block, pattern: str) -> Iterator[str]:
    """Yield why the prefix of a workspace's state is not the account's; `*` stands for one name, so that all are equally deep."""
    if block.setting(PREFIX) is None:
        return
    said, names = (block.text(PREFIX) or "").split("/"), pattern.split("/")
    alike = (name in {"*", each} and each.strip(".") for name, each in zip(names, said, strict=False))
    if len(said) != len(names) or not all(alike):
        yield f"`{PREFIX}` must be `{pattern}`, as the account's `state.with` says."


def _key_complaint(key: str, argument: str, state: StateAt, place: StatePlace) -> str:
    adopted, stack = place.adopted.get(state.stack), state.stack
    if adopted is not None and argument == place.facts.key:
        if key != adopted:
            return f"the state's `{argument}` must be `{adopted}`, as `state` in {MANIFEST} says."
        return _adopted_complaint(key, argument, place)
    if state.workspace is not None:
        return "" if key and _is_plain(key) else f"the state's `{argument}` must be a plain path."
    if place.owner == place.arguments.get(PREFIX, ("", ""))[0].partition("/")[0]:
        return f"states of workspaces lie below `{place.owner}/`, as the account's `state.with` says. Give the environment another name."
    separator = place.facts.separator
    name = f"{place.owner}{separator}{stack if separator == '/' else stack.word}"
    if place.backend == "local":
        return ""  # a file in the stack's own directory: the gate sees to it
    base = place.arguments.get(argument, place.arguments.get(place.facts.key, ("", "")))[0]
    if base:
        name = f"{base.rstrip('/')}/{name}"
    if separator != "/":
        return "" if key == name else f"the state's `{argument}` must be `{name}`."
    if (key == name or key.startswith(f"{name}/")) and not {"..", ".", ""} & set(key[len(name) + 1 :].split("/")[:-1]):
        return "" if _is_plain(key) else f"the state's `{argument}` must be a plain path."
    return f"the state's {argument if argument == 'key' else f'`{argument}`'} must begin with `{name}/`."


def _is_plain(key: str) -> bool:
    # A backend may append `env:` and a workspace's name to a key.
    return not (".." in key or "." in key.split("/") or {"?", "#", "%"} & set(key) or "env:" in key)


def _adopted_complaint(key: str, argument: str, place: StatePlace) -> str:
    """Return what is wrong with the key of a state that already exists: it lies in the account's place, too, under one name."""
    base = place.arguments.get(argument, ("", ""))[0].rstrip("/") if argument in place.facts.place else ""
    if base and not key.startswith(f"{base}/"):
        return f"the state's `{argument}` must begin with `{base}/`, where the account keeps its states."
    if {".", ".."} & set(key.split("/")):
        return f"the state's `{argument}` must be a plain path: write it without `.` and `..`."
    return ""


def state_texts(files: Tree, facts: BackendFacts) -> frozenset[str]:
    """Return what all stacks in `files` say in the argument that names whose state it is."""
    directories = [each for each in code_files(files) if not is_outside(each)]
    texts = (state_text(block, facts) for each in directories for _, block in backend_blocks(files, each))
    return frozenset(text for text in texts if text)


def state_keys(files: Tree, manifest: Manifest, cloud: CloudFacts) -> Mapping[StepName, str]:
    """Return the key of the object in which each stack's state is; a stack for which it isn't known is left out."""
    found: dict[StepName, str] = {}
    for stack in manifest.stacks:
        state = StackState(manifest.name, stack, (manifest.state or {}).get(stack))
        for _, block in backend_blocks(files, stack):
            found[stack] = object_of(block, workspace_of(files, state, cloud.backends), cloud.backends)
    return {stack: key for stack, key in found.items() if key}
