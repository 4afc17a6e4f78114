"""What the configuration of a provider or a backend may say: where it is, never who it is or whom it asks."""

import re
from collections.abc import Iterator

from bot.core.checks.bounded_paths import bounded
from bot.core.checks.file_access import maps_in
from bot.core.checks.files.by_name import STATE
from bot.core.checks.gate_rules import HOLD_PROGRAMS, RUNS, GateRules
from bot.core.checks.providers.credentials import COMMAND, EXEC, allowed_programs, role_complaints
from bot.core.checks.workspaces import kind_of
from bot.core.cloud_facts import BackendFacts
from bot.core.hcl.syntax.ast import Block, Items, Literal, Pairs, parts_of


def backend_complaints(block: Block, rules: GateRules) -> Iterator[tuple[int, str]]:
    """Yield what is wrong with a backend, with its line."""
    kind = kind_of(block) or "?"
    facts = rules.cloud.backends.get(kind)
    if facts is None:
        yield block.line, f"backend `{kind}` is not allowed. Use one of {', '.join(sorted(rules.backends))}."
        return
    allowed = (
        facts.arguments
        | facts.machine_arguments
        | {facts.key.partition(".")[0], *facts.place, *facts.like_key, *facts.asserted}
    )
    for name in sorted(_names(block) - allowed):
        yield block.line, _backend_argument_complaint(name)
    for inner in block.blocks:
        for name in sorted(_names(inner) - {facts.key.rpartition(".")[2], *facts.chosen_by} - facts.beside_key):
            message = (
                f"`{name}` in `{inner.type}` is not allowed: each stack of each environment has a workspace of its own. Write its "
                "`name`, or a `cloud` block with `tags`."
            )
            yield inner.line, message
    yield from _reserved_complaints(block, facts)
    for name, choices in facts.choices.items():
        setting = block.setting(name)
        if setting is not None and block.text(name) not in choices:
            named = ", ".join(f"`{choice}`" for choice in sorted(choices))
            yield (
                setting.line,
                f"`{name}` in a backend block would let others read the state: leave it out, or use {named}.",
            )
    path = block.setting("path")
    if path is not None and not bounded(path.value):
        yield path.line, "the local state must lie in the stack's directory: write a plain path without `..`."
    elif path is not None and not (block.text("path") or "").endswith(STATE):
        # Files of that name are never committed, so nobody hands the plan a state that was written by hand.
        yield path.line, f'the file of the local state must end in `{STATE}`: write `path = "terraform{STATE}"`.'


def _reserved_complaints(block: Block, facts: BackendFacts) -> Iterator[tuple[int, str]]:
    """Yield which names of an argument are those by which the backend finds a state, perhaps another's."""
    for name, reserved in facts.reserved.items():
        setting = block.setting(name)
        if setting is None:
            continue
        pairs = setting.value.pairs if isinstance(setting.value, Pairs) else None
        if pairs is None or not all(isinstance(key, Literal) for key, _ in pairs):
            yield setting.line, f'`{name}` in a backend block must be written out: `{name} = {{ team = "platform" }}`.'
        for key in sorted({key for key, _ in maps_in(setting.value)} & reserved):
            yield setting.line, f"`{key}` in `{name}` is how Terraform finds the state: leave it out, or rename it."


def _backend_argument_complaint(name: str) -> str:
    return f"`{name}` in a backend block is not allowed: leave it out, since credentials and addresses come from the runner."


def _names(block: Block) -> set[str]:
    """Return what a block sets: its arguments, and the blocks in it, `dynamic` ones by what they make."""
    made = {inner.labels[0] if inner.type == "dynamic" and inner.labels else inner.type for inner in block.blocks}
    return {setting.name for setting in block.settings} | made


def provider_complaints(block: Block, source: str, rules: GateRules) -> Iterator[tuple[int, str]]:
    """Yield what is wrong with the configuration of the provider `source`, with its line."""
    guard = rules.cloud.account_guard
    allowed = rules.provider_arguments(source)
    if source == rules.cloud.provider:
        if rules.policy.account_guard and not _is_guarded(block, guard):
            yield (
                block.line,
                f"the provider must be restricted to one account. Set `{guard}` to the id of the environment's own, or to a variable that holds it.",
            )
        if _is_guarded(block, guard):
            allowed |= rules.cloud.gate.machine_arguments
        if rules.policy.assume_role:
            allowed |= {rules.cloud.gate.assumed.argument}
        yield from role_complaints(block, rules)
        yield from _host_complaints(block, rules)
    programs = {EXEC, COMMAND} if rules.policy.exec and allowed_programs(block, rules) else set[str]()
    refused = ((_names(block) - allowed) | _deeper_names(block, source, rules)) - programs
    if rules.cloud.gate.assumed.argument in refused and source == rules.cloud.provider:
        refused -= {rules.cloud.gate.assumed.role}  # it stands in there, and is said with it
    for found in sorted(refused):
        yield block.line, _argument_complaint(found, source, rules)
    yield from _hidden_complaints(block, rules)


def machine_complaints(block: Block, rules: GateRules) -> Iterator[tuple[int, str]]:
    """Yield what a provider's configuration in a module says of one machine: only a stack's own is taken away."""
    for setting in block.settings if block.type == "provider" else ():
        if setting.name in rules.cloud.gate.machine_arguments:
            message = (
                f"`{setting.name}` in a module's provider block is not allowed: configure the provider in the stack, and hand it to the "
                "module (`providers = { … }`)."
            )
            yield setting.line, message


def _host_complaints(block: Block, rules: GateRules) -> Iterator[tuple[int, str]]:
    """Yield the arguments that the provider makes a part of an address, and that are not plainly one."""
    for name, pattern in rules.cloud.gate.host_parts.items():
        setting = block.setting(name)
        if setting is not None and re.fullmatch(pattern, block.text(name) or "") is None:
            message = (
                f"`{name}` in a provider block becomes a part of the address that credentials are sent to: write it out (`eu-west-1`), or "
                "leave it out."
            )
            yield setting.line, message


def _hidden_complaints(block: Block, rules: GateRules) -> Iterator[tuple[int, str]]:
    """Yield the objects of a provider block whose names are not all to be seen there: one of them may start a program."""
    free = rules.cloud.gate.free_provider_arguments
    for holder in (block, *(inner for outer in block.blocks if outer.type not in free for inner in outer.within())):
        for setting in (each for each in holder.settings if each.name not in free):
            is_open = setting.name not in HOLD_PROGRAMS or isinstance(setting.value, Pairs | Literal)
            keys = [key for node in parts_of(setting.value) if isinstance(node, Pairs) for key, _ in node.pairs]
            if not is_open or not all(isinstance(key, Literal) for key in keys):
                message = (
                    f"`{setting.name}` in a provider block must be written out there, with plain names: "
                    f"`{setting.name} = {{ host = … }}`."
                )
                yield setting.line, message


def _is_guarded(block: Block, guard: str) -> bool:
    found = block.setting(guard)
    if found is None:
        return False
    # Only a list that is written out: what a name stands for may be an empty one, which the provider takes for "any account".
    items = found.value.items if isinstance(found.value, Items) else ()
    return bool(items) and not any(isinstance(item, Literal) and not item.value for item in items)


def _deeper_names(block: Block, source: str, rules: GateRules) -> set[str]:
    """Return what would run a program or send requests elsewhere, in blocks and objects inside the provider's own arguments."""
    free = rules.cloud.gate.free_provider_arguments
    # What the policy allows of another provider's configuration, it allows in the blocks that it has too.
    named = set(rules.policy.provider_arguments.get(source, ())) if source != rules.cloud.provider else set()
    roles = {rules.cloud.gate.assumed.role} if source == rules.cloud.provider and rules.policy.assume_role else set()
    watched = RUNS | ((rules.cloud.redirects - named) - roles)
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
    if name in RUNS:
        return (
            f"`{name}` in a provider block starts a program: leave it out, or write it out (`args` as a list) and have its whole line added to "
            "the policy's `gate.exec`, for example `kubelogin get-token --server-id *`."
        )
    if source == rules.cloud.provider and name in rules.cloud.gate.machine_arguments:
        return (
            f"`{name}` in a provider block means something on one machine only, and is not used here: the role of the account in the "
            f"policy's `accounts` takes its place. Say in `{rules.cloud.account_guard}` which account that is, or leave "
            f"`{name}` out."
        )
    if source == rules.cloud.provider and name in {rules.cloud.gate.assumed.argument, rules.cloud.gate.assumed.role}:
        return (
            f"`{name}` in a provider block is not allowed: the runner assumes the role of the account in the policy's `accounts`. Leave "
            "it out, or have the role added to `gate.assume_role`, as the code writes it."
        )
    if name in rules.cloud.redirects and source != rules.cloud.provider:
        return (
            f"`{name}` in a provider block says with whose credentials the provider works, or whom it asks: leave it out and give the "
            "provider its own environment variable (`variables` of the account in the policy), or have it added to the policy's "
            f"`gate.provider_arguments` for `{source}`."
        )
    if name in rules.cloud.redirects:
        return (
            f"`{name}` in a provider block is not allowed: credentials and addresses come from the runner "
            "(the roles of `accounts` in the policy)."
        )
    return (
        f"`{name}` in a provider block is not allowed: leave it out, or have it added to the policy's "
        f"`gate.provider_arguments` for `{source}`."
    )
