"""What the configuration of a provider or a backend may say: where it is, never who it is or whom it asks."""

from collections.abc import Iterator

from bot.core.checks.bounded_paths import bounded
from bot.core.checks.file_access import maps_in
from bot.core.checks.gate_rules import GateRules
from bot.core.hcl.ast import Block, Items, Literal

STATE = ".tfstate"
_RUNS = frozenset({"exec", "command", "credential_process"})


def backend_complaints(block: Block, rules: GateRules) -> Iterator[tuple[int, str]]:
    """Yield what is wrong with a backend, with its line."""
    kind = block.labels[0] if block.labels else "?"
    facts = rules.cloud.backends.get(kind)
    if facts is None:
        yield block.line, f"backend `{kind}` is not allowed. Use one of {', '.join(sorted(rules.backends))}."
        return
    allowed = facts.arguments | {facts.key, *facts.place, *facts.like_key}
    for name in sorted(_names(block) - allowed):
        message = f"`{name}` in a backend block is not allowed: leave it out, since credentials and addresses come from the runner."
        yield block.line, message
    path = block.setting("path")
    if path is not None and not bounded(path.value):
        yield path.line, "the local state must lie in the stack's directory: write a plain path without `..`."
    elif path is not None and not (block.text("path") or "").endswith(STATE):
        # Files of that name are never committed, so nobody hands the plan a state that was written by hand.
        yield path.line, f'the file of the local state must end in `{STATE}`: write `path = "terraform{STATE}"`.'


def _names(block: Block) -> set[str]:
    """Return what a block sets: its arguments, and the blocks in it, `dynamic` ones by what they make."""
    made = {inner.labels[0] if inner.type == "dynamic" and inner.labels else inner.type for inner in block.blocks}
    return {setting.name for setting in block.settings} | made


def provider_complaints(block: Block, source: str, rules: GateRules) -> Iterator[tuple[int, str]]:
    """Yield what is wrong with the configuration of the provider `source`, with its line."""
    guard = rules.cloud.account_guard
    if source == rules.cloud.provider and not _is_guarded(block, guard):
        yield block.line, f"the provider must be restricted to one account. Set `{guard} = [var.account_id]`."
    allowed = rules.provider_arguments(source)
    for found in sorted(_names(block) - allowed):
        yield block.line, _argument_complaint(found, source, rules)
    for found in sorted(_deeper_names(block, rules) - (_names(block) - allowed)):
        yield block.line, _argument_complaint(found, source, rules)


def _is_guarded(block: Block, guard: str) -> bool:
    found = block.setting(guard)
    if found is None:
        return False
    match found.value:
        case Items(items):
            return bool(items) and not any(isinstance(item, Literal) and not item.value for item in items)
        case Literal():
            return False
        case _:
            return True


def _deeper_names(block: Block, rules: GateRules) -> set[str]:
    """Return what would run a program or send requests elsewhere, in blocks and objects inside the provider's own arguments."""
    watched, free = _RUNS | rules.cloud.redirects, rules.cloud.gate.free_provider_arguments
    found: set[str] = set()
    for setting in block.settings:
        if setting.name not in free:
            found |= {key for key, _ in maps_in(setting.value)} & watched
    for inner in block.blocks:
        if inner.type in free:
            continue
        for each in inner.within():
            found |= (_names(each) | {key for s in each.settings for key, _ in maps_in(s.value)}) & watched
    return found


def _argument_complaint(name: str, source: str, rules: GateRules) -> str:
    if name in rules.cloud.redirects:
        return (
            f"`{name}` in a provider block is not allowed: credentials and addresses come from the runner "
            "(the roles of `accounts` in the policy)."
        )
    return (
        f"`{name}` in a provider block is not allowed: leave it out, or have it added to the policy's "
        f"`gate.provider_arguments` for `{source}`."
    )
