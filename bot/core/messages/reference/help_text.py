"""What `/help` answers: the commands, what `/clone` can be given here, or how one command is written."""

from collections.abc import Iterator

from bot.commands.model import Clone, Help, Set
from bot.commands.spec import Option, Slot, Spec
from bot.commands.specs import BY_VERB, TABLE
from bot.core.markdown import cell, code, details, table
from bot.model.policy import Policy
from bot.model.template import Template


def help_text(command: Help, template: Template | None, policy: Policy) -> str:
    """Return the answer in Markdown; `template` is the one that the protected environment comes from."""
    if command.command is None:
        return "\n\n".join([_commands(policy), *(_template(template) if template else ())])
    spec = BY_VERB[command.command]
    wants_values = template is not None and spec.model in {Clone, Set}
    return "\n\n".join([*_command(spec, policy), *(_template(template) if wants_values and template else ())])


def _commands(policy: Policy) -> str:
    rows = [(code(spec.usage), cell(spec.about), code(policy.allow[spec.permission])) for spec in TABLE]
    return f"### Commands\n\n{table(('Command', 'What it does', 'Needs'), rows)}"


def _command(spec: Spec, policy: Policy) -> Iterator[str]:
    yield f"### {code('/' + spec.verb)}"
    yield f"{cell(spec.about)} Requires the {code(policy.allow[spec.permission])} permission on this repository."
    parts: list[Slot | Option] = [*spec.slots, *spec.options]
    rows = [(code(part.usage), cell(part.about)) for part in parts]
    if rows:
        yield table(("Part", "Meaning"), rows)
    yield f"For example {code(spec.example)}"


def _template(template: Template) -> Iterator[str]:
    purposes = [
        (f"{code(name)}{' (default)' if name == template.default_purpose else ''}", cell(purpose.description))
        for name, purpose in template.purposes.items()
    ]
    yield f"### Purposes of template {code(template.name)}\n\n{table(('Purpose', 'Description'), purposes)}"
    parameters = [
        (code(name), parameter.type, cell(parameter.description))
        for name, parameter in template.parameters.items()
        if parameter.settable
    ]
    yield details("Parameters for `--set`", table(("Parameter", "Type", "Description"), parameters))
