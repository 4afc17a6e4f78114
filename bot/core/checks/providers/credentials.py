"""How a provider's configuration may get credentials besides the runner's: a role that the policy names, or a program that it names.

Both are compared whole with what the policy says. A role's expression is compared as it is written (`var.deploy_role`), so its
value comes from the environment's parameters, which are reviewed; a program's line is its command with every argument, and `*` in
the policy stands for one argument of any kind.
"""

from collections.abc import Iterator, Sequence

from bot.core.checks.file_access import maps_in
from bot.core.checks.gate_rules import GateRules
from bot.core.hcl.syntax.ast import Block, Expression, Items, Literal, Pairs

EXEC = "exec"
COMMAND = "command"
ANY = "*"
_EXEC_KEYS = frozenset({"api_version", COMMAND, "args", "interactive_mode"})


def role_complaints(block: Block, rules: GateRules) -> Iterator[tuple[int, str]]:
    """Yield which role of a provider block of the cloud the policy doesn't name."""
    facts = rules.cloud.gate.assumed
    if not rules.policy.assume_role:
        return
    for inner in block.blocks:
        made = inner.labels[0] if inner.type == "dynamic" and inner.labels else inner.type
        if made == facts.argument:
            yield from _role_complaints(inner, rules)
    setting = block.setting(facts.argument)
    if setting is not None:
        yield setting.line, f"write `{facts.argument}` as a block, so that its role can be checked against the policy."


def _role_complaints(block: Block, rules: GateRules) -> Iterator[tuple[int, str]]:
    facts = rules.cloud.gate.assumed
    setting = block.setting(facts.role)
    written = setting.code.strip('"') if setting is not None else "(none)"
    if block.type == "dynamic" or written not in rules.policy.assume_role:
        named = ", ".join(f"`{role}`" for role in rules.policy.assume_role)
        yield (
            block.line,
            f"the role `{written}` is not in the policy's `gate.assume_role` ({named}). Use one of these, or have it added.",
        )
    others = {each.name for each in block.settings} | {inner.type for inner in block.blocks}
    for other in sorted(others - facts.others - {facts.role}):
        yield block.line, f"`{other}` in `{facts.argument}` is not allowed: leave it out."


def allowed_programs(block: Block, rules: GateRules) -> bool:
    """Say whether every program that a provider block starts is one of the policy's."""
    blocks = [inner for outer in block.blocks for inner in outer.within()]
    lines = [_line_of_block(inner) for inner in blocks if inner.type == EXEC]
    commands = sum(inner.setting(COMMAND) is not None for inner in blocks)
    maps = [pair for holder in (block, *blocks) for setting in holder.settings for pair in maps_in(setting.value)]
    lines += [_line_of_map(value) for key, value in maps if key == EXEC]
    commands += sum(key == COMMAND for key, _ in maps)
    return commands == len(lines) and all(line is not None and _is_named(line, rules) for line in lines)


def _is_named(line: Sequence[str | None], rules: GateRules) -> bool:
    return any(
        len(words) == len(line) and all(_is_said(word, said) for word, said in zip(words, line, strict=True))
        for words in (entry.split() for entry in rules.policy.exec)
    )


def _is_said(word: str, said: str | None) -> bool:
    """Say whether an argument is the policy's; an option (`--endpoint-url=…`) stands for no value."""
    return word == said or (word == ANY and not (said or "").startswith("-"))


def _line_of_block(block: Block) -> Sequence[str | None] | None:
    if block.blocks or {setting.name for setting in block.settings} - _EXEC_KEYS:
        return None
    return _line({setting.name: setting.value for setting in block.settings})


def _line_of_map(value: Expression) -> Sequence[str | None] | None:
    if not isinstance(value, Pairs):
        return None
    entries = {_key(key): item for key, item in value.pairs}
    return None if entries.keys() - _EXEC_KEYS or len(entries) != len(value.pairs) else _line(entries)


def _key(key: Expression) -> str:
    return str(key.value) if isinstance(key, Literal) else ""


def _line(entries: dict[str, Expression]) -> Sequence[str | None] | None:
    """Return a program with its arguments; what is no plain text is None."""
    args = entries.get("args", Items(()))
    if not isinstance(args, Items):
        return None
    return [_text(entries.get(COMMAND)), *map(_text, args.items)]


def _text(value: Expression | None) -> str | None:
    return value.value if isinstance(value, Literal) and isinstance(value.value, str) else None
