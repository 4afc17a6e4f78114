"""The one required check: it passes only if every environment that had to be planned was planned, for this very commit.

A required check is worth what it does when something did not run: a skipped job counts as success for GitHub, so here
every word but "success" fails, and what was expected is compared with what was completed.
"""

from collections.abc import Collection
from dataclasses import dataclass

from pydantic import TypeAdapter, ValidationError

from bot.core.markdown import code
from bot.core.plural import joined
from bot.model.base import ForeignDocument
from bot.names import EnvironmentName

CHECK = "envclone/plan: {environment}"
"""The name of the check in which one environment's plan is reported on the pull request's head."""

MOST_JOBS = 256
"""Jobs that GitHub makes of one matrix; of a longer one it makes none. Source: https://docs.github.com/actions/reference/limits"""


class _Job(ForeignDocument):
    result: str | None = None  # a job that the workflow does not have is null
    outputs: dict[str, str | None] | None = None  # a job without outputs has `{}` on GitHub and null in act

    def output(self, name: str) -> str:
        return (self.outputs or {}).get(name) or ""


class _Row(ForeignDocument):
    environment: EnvironmentName


class _Matrix(ForeignDocument):
    include: tuple[_Row, ...]


_WORDS: TypeAdapter[tuple[str, ...]] = TypeAdapter(tuple[str, ...])
_NAMES: TypeAdapter[tuple[EnvironmentName, ...]] = TypeAdapter(tuple[EnvironmentName, ...])


class Needs(ForeignDocument):
    """How the jobs before the workflow's last one ended, in the form of `toJSON(needs)`, and what they hand on."""

    targets: _Job
    plan: _Job
    plan_2: _Job = _Job()
    plan_3: _Job = _Job()
    report: _Job = _Job()

    @property
    def expected(self) -> tuple[EnvironmentName, ...] | None:
        """The environments that had to be planned; None when that isn't known."""
        if self.targets.result != "success":
            return None
        try:
            if said := self.targets.output("environments"):
                return _NAMES.validate_json(said)
            # What a workflow of an earlier version hands on.
            rows = _Matrix.model_validate_json(self.targets.output("matrix")).include
        except ValidationError:
            return None
        return tuple(row.environment for row in rows)

    @property
    def plans(self) -> str:
        """How the jobs that had something to plan ended: `success`, or the first other word."""
        jobs = (self.plan, self.plan_2, self.plan_3)[: max(-(-len(self.expected or ()) // MOST_JOBS), 1)]
        return next((job.result or "skipped" for job in jobs if job.result != "success"), "success")

    @property
    def complaints(self) -> tuple[str, ...]:
        """Why nothing may be planned, as the first job says."""
        return _words(self.targets.output("complaints"))

    @property
    def completed(self) -> tuple[str, ...]:
        """The environments whose plan succeeded, as the job says that has read the reports: a check may be written by any workflow."""
        return _words(self.report.output("completed"))


def _words(said: str) -> tuple[str, ...]:
    try:
        return _WORDS.validate_json(said)
    except ValidationError:
        return ()


@dataclass(frozen=True, slots=True)
class RequiredCheck:
    """Whether the check passes, and the sentence that says why."""

    passes: bool
    reason: str


def required_check(needs: Needs, completed: Collection[str], *, is_fork: bool) -> RequiredCheck:
    """Return the conclusion; `completed` are the environments whose plan reported success on the pull request's head."""
    if is_fork:
        return RequiredCheck(
            False,
            "This pull request comes from a fork. Forks get no credentials, so nothing was planned. A maintainer who "
            "has reviewed it can push its commits to a branch of this repository and open a pull request from there.",
        )
    expected = needs.expected
    if expected is None and needs.complaints:
        return RequiredCheck(False, "Nothing was planned.\n" + "\n".join(needs.complaints))
    if expected is None:
        return RequiredCheck(False, "Could not determine which environments change. See the job “targets”.")
    if not expected:
        return RequiredCheck(True, "No environments change.")
    missing = sorted(set(expected) - set(completed))
    if needs.plans != "success" or missing:
        names = joined([*map(code, missing)]) or "an environment"
        failed = f"{names} {'were' if len(missing) > 1 else 'was'} not planned successfully"
        why = "its check says why" if needs.plans == "success" else f"the job “plan” ended with “{needs.plans}”"
        return RequiredCheck(False, f"{failed}: {why}.")
    return RequiredCheck(True, f"Verified and planned: {', '.join(map(code, sorted(expected)))}.")
