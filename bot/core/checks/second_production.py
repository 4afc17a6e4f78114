"""What would make a second production by mistake: a protected environment that is planned as though nothing of it existed.

It happens when a backend points to a place where no state is, and a plan that creates everything looks just like a first one.
"""

from collections.abc import Iterator, Mapping, Sequence

from bot.core.checks.backend import StatePlace, state_texts
from bot.core.plans.environment_plan import StackPlan
from bot.core.plans.plan import Action
from bot.core.tree import Tree
from bot.errors import Finding
from bot.model.environment import MANIFEST, Manifest
from bot.model.policy import PATH as POLICY
from bot.model.policy import Policy
from bot.names import EnvironmentName


def created_again(manifest: Manifest, stacks: Sequence[StackPlan], policy: Policy) -> Sequence[Finding]:
    """Return why the plan of a protected environment looks as if its state were not found."""
    if manifest.name not in policy.protected:
        return ()
    where = f"{policy.roots.environment(manifest.name)}/{MANIFEST}"
    lost = [stack.name for stack in stacks if stack.name in (manifest.state or {}) and _is_created_whole(stack)]
    if lost:
        return [Finding(where, 1, _lost(manifest, stack)) for stack in lost]
    managed = [stack for stack in stacks if any(not change.is_data for change in stack.plan.changes)]
    if manifest.name in policy.may_be_created or not managed or not all(map(_is_created_whole, managed)):
        return ()
    message = (
        f"every resource of `{manifest.name}` would be created, as though none existed. If it exists, its state lies elsewhere: "
        f"name it under `state` here. If it is new, add `{manifest.name}` to `may_be_created` in {POLICY} on the default branch."
    )
    return [Finding(where, 1, message)]


def _is_created_whole(stack: StackPlan) -> bool:
    managed = [change for change in stack.plan.changes if not change.is_data]
    return all(change.action is Action.CREATE and not change.is_import for change in managed)


def _lost(manifest: Manifest, stack: str) -> str:
    key = {str(name): each.key for name, each in (manifest.state or {}).items()}[stack]
    return (
        f"`state` says that the state of stack `{stack}` is at `{key}`, but there is none, or an empty one. Correct the key, and "
        "see that the plan's role may read it."
    )


def claimed_states(place: StatePlace, others: Mapping[EnvironmentName, Tree], where: str) -> Sequence[Finding]:
    """Return which states that `place` adopts are another environment's; `others` are the files of all others.

    `where` is the directory of the one that adopts them.
    """
    return list(_claimed(place, others, f"{where}/{MANIFEST}"))


def _claimed(place: StatePlace, others: Mapping[EnvironmentName, Tree], manifest: str) -> Iterator[Finding]:
    for stack, key in place.adopted.items():
        for other, files in others.items():
            texts = {_plain(text) for text in state_texts(files, place.facts)}
            if _plain(key) in texts or _first_name(key, place) == other:
                yield Finding(
                    manifest, 1, f"`state` gives stack `{stack}` the state `{key}`, which is that of `{other}`."
                )


def _first_name(key: str, place: StatePlace) -> str:
    base = _plain(place.arguments.get(place.facts.key, ("", ""))[0])
    plain = _plain(key)
    below = plain.removeprefix(f"{base}/") if base else plain
    return below.split(place.facts.separator, 1)[0] if place.facts.separator else ""


def _plain(key: str) -> str:
    """Return a key as a backend may take it, which drops slashes that say nothing."""
    return "/".join(filter(None, key.split("/")))
