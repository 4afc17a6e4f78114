"""Where a stack's state lies: in the place of its own account, under its own environment's name (law 5)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from bot.core.cloud_facts import BackendFacts, CloudFacts
from bot.core.hcl.ast import Block
from bot.core.hcl.parser import blocks
from bot.core.tree import Tree
from bot.errors import Finding
from bot.model.environment import MANIFEST, Manifest
from bot.model.policy import Policy, PolicyAccount
from bot.names import EnvironmentName, StepName

_At: TypeAlias = tuple[str, Block]


@dataclass(frozen=True, slots=True)
class StatePlace:
    """Where the states of an environment belong.

    `backend` is Terraform's name of it, `arguments` what each of its blocks must say, with the policy's key that says so.
    `adopted` are the keys of states that are older than the environment's directory, by stack.
    """

    owner: EnvironmentName
    backend: str
    facts: BackendFacts
    arguments: Mapping[str, tuple[str, str]]
    adopted: Mapping[StepName, str]
    may_adopt: bool


def state_place(manifest: Manifest, account: PolicyAccount, policy: Policy, cloud: CloudFacts) -> StatePlace:
    """Return where the account of an environment keeps its states."""
    adopted = {stack: each.key for stack, each in (manifest.state or {}).items()}
    may_adopt = manifest.name in policy.protected
    if account.state is not None:
        kind = account.state.backend
        said = {key: (value, f"state.with.{key}") for key, value in account.state.arguments.items()}
    else:
        kind = cloud.accounts[account.cloud or cloud.key].backend
        said = {cloud.backends[kind].place[0]: (account.state_bucket, "state_bucket")}
    return StatePlace(manifest.name, kind, cloud.backends[kind], said, adopted, may_adopt)


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
        backends = list(_backends(files, stack))
        if not backends:
            message = f'no `backend "{place.backend}"`: the state would be lost with the runner. Add one.'
            found.append(Finding(f"{where}/{stack}/backend.tf", 1, message))
        for at in backends:
            found += _misplaced(at, stack, place, where)
            key = state_text(at[1], place.facts) or ""
            if keys.setdefault(key, stack) != stack:
                found.append(
                    Finding(f"{where}/{at[0]}", at[1].line, f"the state's key is that of stack `{keys[key]}`.")
                )
    if place.adopted and not place.may_adopt:
        message = (
            "`state` may be set in a protected environment only: a clone begins with a state of its own. Remove it."
        )
        found.append(Finding(f"{where}/{MANIFEST}", 1, message))
    for unknown in sorted(place.adopted.keys() - set(stacks)):
        found.append(Finding(f"{where}/{MANIFEST}", 1, f"`state` names the stack `{unknown}`, which does not exist."))
    return found


def _misplaced(at: _At, stack: StepName, place: StatePlace, where: str) -> Iterator[Finding]:
    path, block = f"{where}/{at[0]}", at[1]
    if kind_of(block) != place.backend:
        instead = "cloud { … }" if place.backend == "cloud" else f'backend "{place.backend}"'
        message = f"this account keeps its state in the backend `{place.backend}`. Write `{instead}`."
        yield Finding(path, block.line, message)
        return
    facts = place.facts
    for argument, (value, said_by) in place.arguments.items():
        if argument != facts.key and block.text(argument) != value:
            noun = "be in" if argument == "bucket" else f"have `{argument}` of"
            yield Finding(path, block.line, f"the state must {noun} the account's `{said_by}`, `{value}`.")
    for argument in facts.asserted:
        if argument not in place.arguments and block.setting(argument) is not None:
            yield Finding(
                path, block.line, f"`{argument}` is not in the account's `state.with`: leave it out, or add it there."
            )
    texts = {
        facts.key: state_text(block, facts),
        **{name: block.text(name) for name in facts.like_key if block.setting(name)},
    }
    for name, text in texts.items():
        if complaint := _key_complaint(text or "", name, stack, place):
            yield Finding(path, block.line, complaint)


def _key_complaint(key: str, argument: str, stack: StepName, place: StatePlace) -> str:
    adopted = place.adopted.get(stack)
    if adopted is not None and argument == place.facts.key:
        if key != adopted:
            return f"the state's `{argument}` must be `{adopted}`, as `state` in {MANIFEST} says."
        return _adopted_complaint(key, argument, place)
    separator = place.facts.separator
    name = f"{place.owner}{separator}{stack}"
    if place.backend == "local":
        return ""  # a file in the stack's own directory: the gate sees to it
    base = place.arguments.get(argument, place.arguments.get(place.facts.key, ("", "")))[0]
    if base:
        name = f"{base.rstrip('/')}/{name}"
    if separator != "/":
        return "" if key == name else f"the state's `{argument}` must be `{name}`."
    if (key == name or key.startswith(f"{name}/")) and not {"..", ".", ""} & set(key[len(name) + 1 :].split("/")[:-1]):
        return (
            ""
            if ".." not in key and not {"?", "#", "%"} & set(key)
            else f"the state's `{argument}` must be a plain path."
        )
    return f"the state's {argument if argument == 'key' else f'`{argument}`'} must begin with `{name}/`."


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
    stacks = {StepName(path.rpartition("/")[0]) for path in files if path.endswith(".tf") and path.count("/") == 1}
    texts = (state_text(block, facts) for stack in stacks for _, block in _backends(files, stack))
    return frozenset(text for text in texts if text)


def state_keys(files: Tree, stacks: Sequence[StepName], cloud: CloudFacts) -> Mapping[StepName, str]:
    """Return the key of the object in which each stack's state is; a stack for which it isn't known is left out."""
    found = {stack: _object(block, cloud) for stack in stacks for _, block in _backends(files, stack)}
    return {stack: key for stack, key in found.items() if key}


def _object(block: Block, cloud: CloudFacts) -> str:
    facts = cloud.backends.get(kind_of(block))
    key = state_text(block, facts) if facts is not None else None
    return facts.object.format(key=key) if facts is not None and key else ""


def _backends(files: Tree, stack: StepName) -> Iterator[_At]:
    for path in sorted(files):
        if path.endswith(".tf") and path.rpartition("/")[0] == stack:
            for outer in blocks(path, files[path].data):
                yield from (
                    (path, b) for b in outer.blocks if outer.type == "terraform" and b.type in {"backend", "cloud"}
                )


def kind_of(block: Block) -> str:
    """Return Terraform's name of the backend of a `backend` or `cloud` block."""
    return "cloud" if block.type == "cloud" else block.labels[0] if block.labels else ""


def state_text(block: Block, facts: BackendFacts) -> str | None:
    """Return the text that names whose state it is; the key may be an argument of an inner block (`workspaces.name`)."""
    outer, _, inner = facts.key.rpartition(".")
    found = block if not outer else next((each for each in block.blocks if each.type == outer), None)
    return found.text(inner) if found is not None else None
