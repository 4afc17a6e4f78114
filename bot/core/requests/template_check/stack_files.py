"""The Terraform files of a template's stacks: whether they are there, locked, and can be read."""

from collections.abc import Iterator

from bot.core.checks.files.by_name import misplaced
from bot.core.checks.required_providers import LOCK
from bot.core.hcl.comparison.structure import check_syntax
from bot.core.rendering.assemble import TemplateAt
from bot.core.rendering.render import ENDING
from bot.core.tree import CODE, OPENTOFU
from bot.errors import Finding, InvalidInput
from bot.model.environment import Manifest
from bot.model.policy import Tool
from bot.model.template import DECLARATION


def missing_files(template: TemplateAt, source: Manifest | None) -> Iterator[Finding]:
    """Yield the stacks without code, and those without a lock file."""
    where = template.where
    for stack in template.declaration.stacks:
        files = [path for path in template.files if path.startswith(f"{stack}/")]
        if not any(path.removesuffix(ENDING).endswith(CODE) for path in files):
            yield Finding(f"{where}/{DECLARATION}", 1, f"stack `{stack}` has no Terraform files in {where}/{stack}/.")
        elif f"{stack}/{LOCK}" not in files:
            advice = in_its_directory(template, source, stack, "terraform init -backend=false")
            message = f"missing, so any provider version could be installed. {advice[0].upper()}{advice[1:]}."
            yield Finding(f"{where}/{stack}/{LOCK}", 1, message)


def unreadable_files(template: TemplateAt, tool: Tool) -> Iterator[Finding]:
    """Yield the files of code and values that can't be read, or that this tool doesn't read."""
    where = template.where
    for path, file in template.files.items():
        name = path.removesuffix(ENDING)
        if name.endswith(OPENTOFU) and (message := misplaced(name, tool)):
            # Said first: without these files the code lacks what others refer to.
            yield Finding(f"{where}/{path}", 1, message)
        elif path.endswith((*CODE, ".tfvars", ".tfvars.json")):
            try:
                check_syntax(path, file.data)
            except InvalidInput as error:
                yield Finding(f"{where}/{path}", 1, str(error))


def in_its_directory(template: TemplateAt, source: Manifest | None, stack: str, command: str) -> str:
    """Say where to run a command of Terraform's that writes a stack's lock file: it reads no `.tf.j2`."""
    place = f"{template.where}/{stack}"
    rendered_ones = (path.removesuffix(ENDING) for path in template.files if path.endswith(ENDING))
    if not any(path.startswith(f"{stack}/") and path.endswith(CODE) for path in rendered_ones):
        return f"run `{command}` in {place}, and commit the file"
    rendered = f"{template.roots.environment(source.name if source else template.roots.named('NAME', template.declaration.name))}/{stack}"
    return f"run `{command}` in {rendered}, and copy the {LOCK} that it writes to {place}"
