"""What the check of a pull request would refuse of an environment, as far as its files and the policy tell without Terraform.

It is asked for here before anything is proposed, so that whoever comments learns at once what `plan` would say in minutes.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.checks.backend import misplaced, state_place
from bot.core.checks.destroyable import undestroyable_code
from bot.core.checks.static_checks import GateRules, gate
from bot.core.cloud_facts import CloudFacts
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import CodeComparison
from bot.core.parity.by_code.leaks import leaks
from bot.core.parity.leaks import unwaived
from bot.core.rendering.assemble import TemplateAt
from bot.core.rendering.render import ENDING
from bot.core.requests.accounts import account_of
from bot.errors import Finding, UserError
from bot.model.environment import directory
from bot.model.modules import place_of
from bot.model.policy import Policy
from bot.model.template import directory as template_directory
from bot.names import ParameterName


@dataclass(frozen=True, slots=True)
class CheckRules:
    """What a pull request's check goes by: the policy of the default branch, and what is known of the cloud."""

    policy: Policy
    cloud: CloudFacts


def refusals(side: CodeSide, comparison: CodeComparison | None, rules: CheckRules, now: datetime) -> Sequence[str]:
    """Return why the environment would not be planned. `comparison` is the one with what it was cloned from, if it was."""
    manifest, files, policy = side.manifest, side.files, rules.policy
    where, stacks = directory(manifest.name), list(manifest.stacks)
    found = [*gate(files, stacks, GateRules(policy.gate, rules.cloud), where)]
    if found:
        return [str(each) for each in found]  # the others read the code as though it were harmless
    said: list[str] = []
    if policy.accounts:  # without any, nothing is deployed from here
        try:
            place = state_place(manifest, account_of(manifest, policy), policy, rules.cloud)
            found += misplaced(files, stacks, place, where)
        except UserError as error:
            said.append(str(error))
    if manifest.name not in policy.protected:
        found += undestroyable_code(files, manifest.stacks, where, rules.cloud.destroy_rules)
    leaked = leaks(comparison, side, now) if comparison is not None else ()
    return [
        *said,
        *map(str, found),
        *(f"{place_of(where, leak.place)}:{leak.line}: {leak.message}" for leak in unwaived(leaked)),
    ]


def template_findings(template: TemplateAt, side: CodeSide, policy: Policy) -> Sequence[Finding]:
    """Return what an environment rendered from a template may not do, at the template's files and lines."""
    where = directory(side.manifest.name)
    found = gate(side.files, list(side.manifest.stacks), GateRules(policy.gate, template.cloud), where)
    return [replace(each, path=_template_path(template, where, each.path)) for each in found]


def _template_path(template: TemplateAt, where: str, path: str) -> str:
    if not path.startswith(f"{where}/"):
        return path  # a module beside the environments
    path = path.removeprefix(f"{where}/")
    place = path if path in template.files or f"{path}{ENDING}" not in template.files else f"{path}{ENDING}"
    return f"{template_directory(template.declaration.name)}/{place}"


def blamed(
    found: Sequence[str], asked: Collection[ParameterName], found_without: Callable[[ParameterName], Sequence[str]]
) -> Sequence[ParameterName]:
    """Return which of the values asked for cause what was found: those without which some of it is gone."""
    return [name for name in asked if not set(found) <= set(found_without(name))]
