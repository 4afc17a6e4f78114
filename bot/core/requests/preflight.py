"""What the check of a pull request would refuse of an environment, as far as its files and the policy tell without Terraform.

It is asked for here before anything is proposed, so that whoever comments learns at once what `plan` would say in minutes.
"""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from bot.core.checks.backend import misplaced
from bot.core.checks.destroyable import undestroyable_code
from bot.core.checks.static_checks import gate
from bot.core.parity.by_code.compare import CodeComparison, CodeSide
from bot.core.parity.leaks import leaks, unwaived
from bot.core.requests.matrix import account_of
from bot.errors import UserError
from bot.model.environment import directory
from bot.model.policy import Policy
from bot.names import ParameterName


def refusals(side: CodeSide, comparison: CodeComparison | None, policy: Policy, now: datetime) -> Sequence[str]:
    """Return why the environment would not be planned. `comparison` is the one with what it was cloned from, if it was."""
    manifest, files = side.manifest, side.files
    where, stacks = directory(manifest.name), list(manifest.stacks)
    found = [*gate(files, stacks, policy.gate, where)]
    if found:
        return [str(each) for each in found]  # the others read the code as though it were harmless
    said: list[str] = []
    if policy.accounts:  # without any, nothing is deployed from here
        try:
            found += misplaced(files, stacks, manifest.name, account_of(manifest, policy).state_bucket, where)
        except UserError as error:
            said.append(str(error))
    if manifest.name not in policy.protected:
        found += undestroyable_code(files, manifest.stacks, where)
    leaked = leaks(comparison.clone, files, manifest, comparison.identity, now) if comparison is not None else ()
    return [
        *said,
        *map(str, found),
        *(f"{where}/{leak.place}:{leak.line}: {leak.message}" for leak in unwaived(leaked)),
    ]


def blamed(
    found: Sequence[str], asked: Collection[ParameterName], found_without: Callable[[ParameterName], Sequence[str]]
) -> Sequence[ParameterName]:
    """Return which of the values asked for cause what was found: those without which some of it is gone."""
    return [name for name in asked if not set(found) <= set(found_without(name))]
