"""What the check of a pull request would refuse of an environment, as far as its files and the policy tell without Terraform.

It is asked for here before anything is proposed, so that whoever comments learns at once what `plan` would say in minutes.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import SequenceMatcher

from bot.core.checks.adopting import adopted_by_clones
from bot.core.checks.backend import misplaced, state_place
from bot.core.checks.destroyable import undestroyable_code
from bot.core.checks.gate_rules import NOBODY, GateRules, Judges
from bot.core.checks.required_providers import unlocked_providers, unlocked_versions
from bot.core.checks.static_checks import gate
from bot.core.checks.terraform_version import version_findings
from bot.core.cloud_facts import CloudFacts
from bot.core.parity.by_code.apart import not_apart
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import CodeComparison
from bot.core.parity.by_code.leaks import leaks
from bot.core.parity.leaks import unwaived
from bot.core.rendering.assemble import TemplateAt
from bot.core.rendering.migrations import FILE
from bot.core.rendering.render import ENDING
from bot.core.requests.accounts import account_of, other_accounts
from bot.errors import Finding, UserError
from bot.model.environment import MANIFEST
from bot.model.modules import place_of
from bot.model.policy import Policy
from bot.model.template import DECLARATION
from bot.names import ParameterName


@dataclass(frozen=True, slots=True)
class CheckRules:
    """What a pull request's check goes by: the policy of the default branch, what is known of the cloud, and who else is asked."""

    policy: Policy
    cloud: CloudFacts
    judges: Judges = NOBODY

    @property
    def gate(self) -> GateRules:
        return GateRules(self.policy.gate, self.cloud, self.judges.code, self.policy.roots, self.policy.tool)


def code_findings(side: CodeSide, rules: CheckRules) -> Sequence[Finding]:
    """Return why an environment's code would not be planned: the one list that every check goes through (law 11).

    `envclone template check`, `/clone`, `/set`, the command line and the jobs of a pull request ask it, so what passes one passes
    all. The static checks come first: the others read the code as though it were harmless.
    """
    manifest, code, policy = side.manifest, side.files, rules.policy
    where, stacks = policy.roots.environment(manifest.name), list(manifest.stacks)
    found = [*gate(code, manifest.stacks, rules.gate, where)]
    if found:
        return found
    found += rules.judges.steps(code, manifest, where)
    found += version_findings(code, stacks, where, policy)
    found += unlocked_versions(code, stacks, where)
    found += unlocked_providers(code, stacks, where)
    if policy.accounts:  # without any, nothing is deployed from here
        try:
            place = state_place(manifest, account_of(manifest, policy), policy, rules.cloud)
            found += misplaced(code, stacks, place, where)
        except UserError as error:
            found.append(Finding(f"{where}/{MANIFEST}", 1, str(error)))
    if manifest.name not in policy.protected:
        found += adopted_by_clones(code, stacks, where)
        found += undestroyable_code(code, manifest.stacks, where, rules.cloud.destroy_rules)
    return found


def refusals(side: CodeSide, comparison: CodeComparison | None, rules: CheckRules, now: datetime) -> Sequence[Finding]:
    """Return why the environment would not be planned. `comparison` is the one with what it was cloned from, if it was."""
    where, found = rules.policy.roots.environment(side.manifest.name), code_findings(side, rules)
    if comparison is not None and not found:
        found = not_apart(comparison.source, side, rules.cloud, where)
    others = other_accounts(side.manifest, rules.policy)
    leaked = leaks(comparison, side, now, others=others) if comparison is not None and not found else ()
    return [*found, *(Finding(place_of(where, leak.place), leak.line, leak.message) for leak in unwaived(leaked))]


def in_template(template: TemplateAt, side: CodeSide, found: Sequence[Finding]) -> Sequence[Finding]:
    """Return what was found in an environment's files at the files and lines of the template that they were rendered from."""
    where = template.roots.environment(side.manifest.name)
    return [_in_template(template, side, each, where) for each in found]


def _in_template(template: TemplateAt, side: CodeSide, found: Finding, where: str) -> Finding:
    if not found.path.startswith(f"{where}/"):
        return found  # a module beside the environments
    path = found.path.removeprefix(f"{where}/")
    source, rendered = template.files.get(f"{path}{ENDING}"), side.files.get(path)
    if path == MANIFEST:
        path = DECLARATION
    elif path not in template.files and source is None and rendered is not None and path.endswith(f"/{FILE}"):
        text = template.files[DECLARATION].data  # where a migration's blocks are indented
        line = line_before(_not_indented(text), _not_indented(rendered.data), found.line)
        return replace(found, path=f"{template.where}/{DECLARATION}", line=line)
    elif path not in template.files and source is not None and rendered is not None:
        line = line_before(source.data, rendered.data, found.line)
        return replace(found, path=f"{template.where}/{path}{ENDING}", line=line)
    return replace(found, path=f"{template.where}/{path}")


def _not_indented(text: bytes) -> bytes:
    return b"\n".join(line.strip() for line in text.splitlines())


def line_before(source: bytes, rendered: bytes, line: int) -> int:
    """Return the line of a file that became this line of the rendered one; where it was changed, the nearest."""
    before, after = (text.decode("utf-8", "replace").splitlines() for text in (source, rendered))
    for kind, first, last, start, end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if start < line <= end:
            offset = line - start
            return first + offset if kind == "equal" else min(first + offset, max(last, first + 1))
    return min(line, max(1, len(before)))


def blamed(
    found: Sequence[Finding],
    asked: Collection[ParameterName],
    found_without: Callable[[ParameterName], Sequence[Finding]],
) -> Sequence[ParameterName]:
    """Return which of the values asked for cause what was found: those without which some of it is gone.

    A value that has to be given, so that nothing is made without it, is not among them.
    """

    def is_to_blame(name: ParameterName) -> bool:
        try:
            return not set(found) <= set(found_without(name))
        except UserError:
            return False

    return [name for name in asked if is_to_blame(name)]
