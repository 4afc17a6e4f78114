"""Post what plan jobs have left: comments and checks on a pull request. Runs without cloud credentials, in a job of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.clients.github import CheckState, GitHub
from bot.core.messages.plan_comment import marker
from bot.core.messages.run_report import MANY, many_plans
from bot.core.parity.certificate import CHECK as PARITY
from bot.core.plans.job_report import FILE, LARGEST, JobReport, ReportedCheck, read_job_report
from bot.core.plans.required_check import CHECK
from bot.errors import Unverifiable
from bot.names import EnvironmentName, RepositoryName

MOST_COMMENTS = 50
"""Environments whose plans get a comment each."""


@dataclass(frozen=True, slots=True)
class ProposedPlan:
    """The pull request and its head that were planned, and the run that did it: the page of that very attempt."""

    github: GitHub
    repository: RepositoryName
    number: int
    commit: str
    run_url: str = ""


@dataclass(frozen=True, slots=True)
class PostedReports:
    """The environments whose plan succeeded, and why some report was not posted."""

    completed: tuple[EnvironmentName, ...]
    complaints: tuple[str, ...]


def post(reports: Path, environments: Sequence[EnvironmentName], at: ProposedPlan) -> PostedReports:
    """Post the report of each environment, from `reports/plan-<environment>/`. Raises `Transient`.

    Of many environments one comment tells all: a comment each would bury the pull request, and GitHub takes 500 an hour.
    """
    read: list[JobReport] = []
    complaints: list[str] = []
    for name in environments:
        try:
            read.append(_read(reports / f"plan-{name}" / FILE, name, at.commit))
        except Unverifiable as error:
            complaints.append(str(error))
    if len(environments) > MOST_COMMENTS:
        at.github.upsert_comment(at.repository, at.number, MANY, many_plans(read, complaints, at.commit))
    for report in read:
        if len(environments) <= MOST_COMMENTS:
            at.github.upsert_comment(at.repository, at.number, marker(report.environment), report.comment)
        _post_checks(report, at)
    completed = tuple(report.environment for report in read if report.plan.conclusion == "success")
    return PostedReports(completed, tuple(complaints))


def _read(path: Path, name: EnvironmentName, commit: str) -> JobReport:
    if path.is_symlink() or not path.is_file():
        raise Unverifiable(f"The plan of {name} left no report. See its job.")
    with path.open("rb") as file:
        data = file.read(LARGEST + 1)
    return read_job_report(data, name, commit, marker(name))


def _post_checks(report: JobReport, at: ProposedPlan) -> None:
    """Put the checks, after the comment. The plan's comes last: it is what merging waits for."""
    name = report.environment
    if report.parity is not None:
        at.github.put_check(at.repository, at.commit, PARITY.format(environment=name), _check(name, report.parity, at))
    at.github.put_check(at.repository, at.commit, CHECK.format(environment=name), _check(name, report.plan, at))


def _check(name: EnvironmentName, said: ReportedCheck, at: ProposedPlan) -> CheckState:
    return CheckState(
        title=said.title,
        summary=said.summary,
        conclusion=said.conclusion,
        external_id=at.run_url or str(name),
        details_url=at.run_url or None,
    )
