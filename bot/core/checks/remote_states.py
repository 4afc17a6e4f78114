"""Which states of others code may read by `terraform_remote_state`: those of its own environment, and those that the policy names.

A state holds every secret of its stack. So it must be plain where it lies: a state is compared by the address of its object, and what a
variable can be is followed as far as code and files of values say it.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product

from bot.core.checks.file_access import ModulePlace
from bot.core.checks.gate_rules import GateRules
from bot.core.checks.known_texts import KnownTexts, texts_of
from bot.core.checks.workspaces import StackState, backend_blocks, kind_of, object_of, state_text, workspace_of
from bot.core.cloud_facts import BackendFacts
from bot.core.hcl.ast import AttributeAccess, Block, Expression, Literal, NameExpression, Pairs
from bot.errors import Finding, InvalidInput
from bot.names import EnvironmentName

KIND = "terraform_remote_state"
_ARGUMENTS = frozenset({"backend", "config", "workspace", "defaults", "count", "for_each"})
_ANY = EnvironmentName("any-environment")
"""Stands for the environment's own name, which is that of its workspaces."""


def remote_state_findings(block: Block, place: ModulePlace, path: str, rules: GateRules) -> Iterator[Finding]:
    """Yield each remote state that a block reads and may not."""
    if rules.allows_data(KIND):
        return
    for inner in block.within():
        if inner.type == "data" and inner.labels[:1] == (KIND,):
            read = _addresses(inner, place.texts, rules.cloud.backends)
            others = sorted(read - set(rules.policy.remote_states) - _own(place, rules)) if read else [""]
            yield from (Finding(place.at(path), inner.line, _complaint(address)) for address in others[:1])


def _complaint(address: str) -> str:
    policy = (
        f"have `{address}` added to the policy's `gate.remote_states`"
        if address
        else "write out where it lies (`backend`, and a `config` with plain texts) and have that added to the policy's `gate.remote_states`"
    )
    return (
        f"data source `{KIND}` fetches every secret of another state. Take what you need as an input in template.yaml "
        f"(`inputs: {{subnet: {{from: network.subnet, stand_in: none-yet}}}}`), make it a parameter, or {policy}."
    )


def _addresses(block: Block, known: KnownTexts, backends: Mapping[str, BackendFacts]) -> set[str]:
    """Return the addresses of all states that a block can mean; none if it isn't plain."""
    kind, config, chosen = block.text("backend"), block.setting("config"), block.setting("workspace")
    facts = backends.get(kind or "")
    if facts is None or not facts.store or config is None or not isinstance(config.value, Pairs):
        return set()
    if {setting.name for setting in block.settings} - _ARGUMENTS or block.blocks:
        return set()
    said = {str(key.value): value for key, value in config.value.pairs if isinstance(key, Literal)}
    needed = (*facts.place, facts.key)
    if (
        len(said) != len(config.value.pairs)
        or said.keys() - facts.arguments - {*needed}
        or not said.keys() >= {*needed}
    ):
        return set()
    workspaces = _workspaces(chosen.value if chosen is not None else None, known)
    every = [texts_of(said[name], known) for name in needed]
    return {
        _address(facts, dict(zip(needed, texts, strict=True)), workspace)
        for workspace in workspaces
        for texts in product(*every)
    }


def _workspaces(value: Expression | None, known: KnownTexts) -> Sequence[str]:
    match value:
        case None:
            return [""]
        case AttributeAccess(NameExpression("terraform"), "workspace"):
            return [_ANY]
        case _:
            texts = texts_of(value, known)
            return texts if _ANY not in texts else []


def _address(facts: BackendFacts, said: Mapping[str, str], workspace: str) -> str:
    form = facts.workspace if workspace and workspace != "default" else facts.object
    name = form.format(key=said[facts.key], workspace=workspace, prefix="env:")
    return f"{facts.store.format(**said)}/{name}"


def _own(place: ModulePlace, rules: GateRules) -> set[str]:
    """Return the addresses of the states of the environment's declared stacks; where each lies is checked for itself."""
    found: set[str] = set()
    for stack in place.stacks:
        try:
            workspace = workspace_of(place.files, StackState(_ANY, stack), rules.cloud.backends)
            blocks = list(backend_blocks(place.files, stack))
        except InvalidInput:
            continue  # reported where it stands
        for _, block in blocks:
            facts = rules.cloud.backends.get(kind_of(block))
            parts = {name: block.text(name) for name in facts.place} if facts is not None else {}
            if facts is not None and facts.store and state_text(block, facts) and all(parts.values()):
                found.add(f"{facts.store.format(**parts)}/{object_of(block, workspace, rules.cloud.backends)}")
    return found
