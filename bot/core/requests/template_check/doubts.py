"""What holds for a template where it is checked, and may not elsewhere: on the machines that plan, or once clones reach outside."""

import posixpath
from collections.abc import Iterator
from contextlib import suppress

from bot.core.checks.files.unready import unready
from bot.core.checks.files.unset import unset
from bot.core.checks.required_providers import LOCK, of_one_platform, superfluous_providers
from bot.core.parity.by_code.external_references import outbound_alike
from bot.core.rendering.assemble import TemplateAt
from bot.core.requests.preflight import CheckRules
from bot.core.requests.template_check.stack_files import in_its_directory
from bot.core.tree import Tree
from bot.errors import UserError
from bot.model.environment import Manifest


def on_other_machines(template: TemplateAt, source: Manifest | None, code: Tree, rules: CheckRules) -> Iterator[str]:
    """Yield what holds here, and may not on the machines that plan. `code` is what the template renders for the source."""
    variables = {name for account in rules.policy.accounts.values() for name in account.variables}
    with suppress(UserError):  # of code that can't be read: each of its files is a finding
        yield from unset(code, template.declaration.stacks, variables)
        yield from unready(code, template.declaration.stacks, rules.cloud.backends)
        for stack, address in superfluous_providers(code, template.declaration.stacks):
            advice = in_its_directory(template, source, stack, "terraform init -backend=false")
            yield (
                f"the {LOCK} of `{stack}` names `{address}`, which no code uses: `terraform init` fails for an environment whose state has nothing "
                f"of it. To have it removed, {advice}."
            )
    if of_one := [posixpath.dirname(path) for path in of_one_platform(template.files)]:
        advice = in_its_directory(template, source, of_one[0], "terraform providers lock -platform=linux_amd64")
        more = "; the same for each other" if len(of_one) > 1 else ""
        yield (
            f"a lock file has the checksum of one platform alone ({', '.join(of_one)}). If that is not the runners', {advice}{more}."
        )


def sent_as_by_the_source(template: TemplateAt, source: Manifest, clone: Manifest) -> Iterator[str]:
    """Yield the outbound parameters that a clone shares with the source, though neither its purpose nor `shared` says so."""
    purpose = template.declaration.purposes[clone.purpose]
    names = [
        f"`{name}`"
        for name in outbound_alike(clone, source, template)
        if not {"outbound", f"parameter:{name}"} & {*purpose.match, *purpose.differ}
    ]
    if names:
        have, them = ("has", "it") if len(names) == 1 else ("have", "them")
        yield (
            f"{', '.join(names)} {have} {source.name}'s value in clones for `{clone.purpose}`, too, and reaches outside. `set` {them} in that purpose, "
            f"and add `outbound` to its `differ`. If clones may share {them}, list the value under `shared`, or leave out `outbound: true`."
        )
