"""Which states of others code may read by `terraform_remote_state`: those of its own environment, and those that the policy names.

A state holds every secret of its stack. So it must be plain where it lies: a state is compared by the address of its object, and what a
variable can be is followed as far as code and files of values say it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from bot.core.checks.file_access import ModulePlace
from bot.core.checks.gate_rules import GateRules
from bot.core.checks.known_texts import WITH_VALUES, KnownTexts, known_texts, texts_of, without_text
from bot.core.checks.workspaces import StackState, backend_blocks, kind_of, object_of, state_text, workspace_of
from bot.core.cloud_facts import BackendFacts
from bot.core.hcl.declarations import module_code
from bot.core.hcl.local_modules import reached
from bot.core.hcl.syntax.ast import AttributeAccess, Block, Expression, Index, Literal, NameExpression, Pairs
from bot.core.tree import Tree
from bot.errors import Finding, InvalidInput
from bot.model.pipeline import Stack
from bot.names import EnvironmentName, StepName

KIND = "terraform_remote_state"
_ARGUMENTS = frozenset({"backend", "config", "workspace", "defaults", "count", "for_each"})
_ANY = EnvironmentName("any-environment")
"""Stands for the environment's own name, which is that of its workspaces."""
_FETCHES = (
    f"data source `{KIND}` fetches every secret of another state. Take what you need as an input in template.yaml "
    "(`inputs: {subnet: {from: network.subnet, stand_in: none-yet}}`), make it a parameter"
)


def remote_state_findings(block: Block, place: ModulePlace, path: str, rules: GateRules) -> Iterator[Finding]:
    """Yield each remote state that a block reads and may not."""
    if rules.allows_data(KIND):
        return
    for inner in block.within():
        if inner.type == "data" and inner.labels[:1] == (KIND,):
            for complaint in _complaints(inner, place, rules):
                yield Finding(place.at(path), inner.line, complaint)


@dataclass(frozen=True, slots=True)
class StateRead:
    """A data source of a module that reads states of its environment's own `stacks` alone, and where it stands.

    `is_of_root` if the module is the stack itself, and not one that it calls. `outputs` are those that the module takes of it; None if that
    may be any.
    """

    name: str
    path: str
    line: int
    stacks: frozenset[StepName]
    is_of_root: bool
    outputs: frozenset[str] | None = None


def own_states_read(
    code: Tree, name: StepName, stacks: Mapping[StepName, Stack], backends: Mapping[str, BackendFacts]
) -> Sequence[StateRead]:
    """Return what a stack and its modules read of the states of the environment's own stacks."""
    directories = reached(code, name)
    blocks = [
        (directory, path, block)
        for directory in directories
        for path, block in module_code(code, directory).blocks
        if block.type == "data" and block.labels[:1] == (KIND,) and len(block.labels) > 1
    ]
    if not blocks:
        return ()
    own, known = _own(code, tuple(stacks), backends), known_texts(code, directories, stacks[name].inputs)
    found: list[StateRead] = []
    for directory, path, block in blocks:
        texts = known.get(directory, {})
        if next(_unclear(block, texts, backends), None) is None:
            addresses = _addresses(block, texts, backends)
            if addresses and addresses <= own.keys():
                read = frozenset(own[each] for each in addresses)
                taken = _outputs_taken(code, directory, block.labels[1])
                found.append(StateRead(block.labels[1], path, block.line, read, directory == name, taken))
    return found


def _outputs_taken(code: Tree, directory: str, name: str) -> frozenset[str] | None:
    """Return the outputs that a module takes of a data source of a state, one by one; None if it takes them together."""
    source, taken, others = AttributeAccess(AttributeAccess(NameExpression("data"), KIND), name), set[str](), 0
    for _, block in module_code(code, directory).blocks:
        for part in block.expressions():
            match part:
                case AttributeAccess(AttributeAccess(of, "outputs"), output) if _instance_of(of) == source:
                    taken.add(output)
                    others -= 1
                case Index(AttributeAccess(of, "outputs"), Literal(str(output))) if _instance_of(of) == source:
                    taken.add(output)
                    others -= 1
                case AttributeAccess() if part == source:
                    others += 1
                case _:
                    pass
    return None if others else frozenset(taken)


def _instance_of(value: Expression) -> Expression:
    return value.of if isinstance(value, Index) else value


def _complaints(block: Block, place: ModulePlace, rules: GateRules) -> Iterator[str]:
    """Yield at most one complaint: a state that may not be read, or why nobody can say which one it is."""
    unclear = next(_unclear(block, place.texts, rules.cloud.backends), None)
    if unclear is not None:
        yield (
            f"{_FETCHES}, or say plainly which state it is: {unclear}. Then have its address added to the policy's `gate.remote_states` "
            f"(`{KIND}` in `gate.data_sources` there would let code read any state)."
        )
        return
    read = _addresses(block, place.texts, rules.cloud.backends)
    own = _own(place.files, place.stacks, rules.cloud.backends).keys()
    for address in sorted(read - set(rules.policy.remote_states) - own)[:1]:
        yield f"{_FETCHES}, or have `{address}` added to the policy's `gate.remote_states`."


def _unclear(block: Block, known: KnownTexts, backends: Mapping[str, BackendFacts]) -> Iterator[str]:
    """Yield what to write so that it is plain where a state lies; nothing if it is."""
    facts, config = backends.get(block.text("backend") or ""), block.setting("config")
    others = sorted({each.name for each in block.settings} - _ARGUMENTS | {each.type for each in block.blocks})
    if facts is None or not facts.store:
        kinds = ", ".join(f'`"{kind}"`' for kind, each in sorted(backends.items()) if each.store)
        yield f"`backend` must be one of {kinds}"
    elif config is None or not isinstance(config.value, Pairs):
        yield "write `config` out as an object (`config = { … }`)"
    elif others:
        yield f"leave `{others[0]}` out"
    else:
        yield from _unclear_config(config.value, facts, known)
        chosen = block.setting("workspace")
        if chosen is not None and not _workspaces(chosen.value, known):
            yield _not_known("workspace", chosen.value, known)


def _unclear_config(config: Pairs, facts: BackendFacts, known: KnownTexts) -> Iterator[str]:
    said, needed = _said(config), (*facts.place, facts.key)
    if said is None:
        yield "write the names in `config` as they are, each once"
        return
    for name in sorted(said.keys() - facts.arguments - {*needed}):
        yield f"leave `{name}` out of `config`, since credentials and addresses come from the runner"
    for name in needed:
        if name not in said:
            yield f"write `{name}` into `config`"
        elif not texts_of(said[name], known):
            yield _not_known(name, said[name], known)


def _not_known(name: str, value: Expression, known: KnownTexts) -> str:
    unknown = without_text(value, known)
    more = f", and {unknown} gets none" if unknown else ""
    return f"`{name}` must be a text, or made of variables that get one {WITH_VALUES}{more}"


def _said(config: Pairs) -> Mapping[str, Expression] | None:
    said = {str(key.value): value for key, value in config.pairs if isinstance(key, Literal)}
    return said if len(said) == len(config.pairs) else None


def _addresses(block: Block, known: KnownTexts, backends: Mapping[str, BackendFacts]) -> set[str]:
    """Return the addresses of all states that a block can mean, where it is plain."""
    facts, config, chosen = backends[block.text("backend") or ""], block.setting("config"), block.setting("workspace")
    said = _said(config.value) if config is not None and isinstance(config.value, Pairs) else None
    assert said is not None, "what is unclear was refused"
    needed = (*facts.place, facts.key)
    every = [texts_of(said[name], known) for name in needed]
    return {
        _address(facts, dict(zip(needed, texts, strict=True)), workspace)
        for workspace in _workspaces(chosen.value if chosen is not None else None, known)
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


def _own(code: Tree, stacks: Sequence[StepName], backends: Mapping[str, BackendFacts]) -> Mapping[str, StepName]:
    """Return the environment's declared stacks by the addresses of their states; where each lies is checked for itself."""
    found: dict[str, StepName] = {}
    for stack in stacks:
        try:
            workspace = workspace_of(code, StackState(_ANY, stack), backends)
            blocks = list(backend_blocks(code, stack))
        except InvalidInput:
            continue  # reported where it stands
        for _, block in blocks:
            facts = backends.get(kind_of(block))
            parts = {name: block.text(name) for name in facts.place} if facts is not None else {}
            if facts is not None and facts.store and state_text(block, facts) and all(parts.values()):
                found[f"{facts.store.format(**parts)}/{object_of(block, workspace, backends)}"] = stack
    return found
