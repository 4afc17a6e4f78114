"""What a plan job leaves is posted only if it is what was to be planned, in form and size: the job may have been taken over."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.clients.github import GitHub, Token
from bot.core.messages.plan_comment import COMMENT_LIMIT, marker
from bot.core.messages.run_report import many_plans
from bot.core.plans.job_report import LARGEST, JobReport, ReportedCheck, write_job_report
from bot.core.plans.required_check import Needs, required_check
from bot.errors import Finding
from bot.names import EnvironmentName
from bot.runs.plan.plan import PlanRefused
from bot.runs.plan.posting import ProposedPlan, post
from bot.runs.plan.report import left_behind
from bot.runs.plan.report import report as said_of
from bot.runs.plan.request import PlanRequest
from bot.sandbox.github import IssueText, PullSpec
from tests.support.small_monorepo import MAINTAINER, REPOSITORY, SmallMonorepo

NAME = EnvironmentName("demo-x")
OTHER = EnvironmentName("demo-y")


@pytest.fixture
def at(place: SmallMonorepo) -> ProposedPlan:
    """A pull request, and GitHub as the job that posts sees it."""
    commit = place.server.commit(REPOSITORY, {"a": b"b"}, by=MAINTAINER, message="Mine", branch="mine")
    number = place.server.open_pull(REPOSITORY, PullSpec(IssueText("Mine"), "mine", "main"), by=MAINTAINER)
    token = place.server.workflow_token(REPOSITORY, {"pull_requests": "write", "checks": "write"})
    github = GitHub(Token(token, "github-actions[bot]"), api_url=f"{place.server.url}/api/v3")
    return ProposedPlan(github, REPOSITORY, number, commit)


def report(at: ProposedPlan, **changes: object) -> bytes:
    found = JobReport(
        environment=NAME,
        commit=at.commit,
        comment=f"{marker(NAME)}\n## Plan",
        plan=ReportedCheck(title="Planned", summary="Fine", conclusion="success"),
    )
    return write_job_report(found.model_copy(update=changes))


def left(directory: Path, data: bytes, name: str = NAME) -> Path:
    place = directory / f"plan-{name}"
    place.mkdir(parents=True, exist_ok=True)
    (place / "report.json").write_bytes(data)
    return directory


def test_a_report_becomes_one_comment_and_one_check(tmp_path: Path, place: SmallMonorepo, at: ProposedPlan) -> None:
    for _ in range(2):
        found = post(left(tmp_path, report(at)), [NAME], at)
        assert (found.completed, found.complaints) == ((NAME,), ())
    (comment,) = place.server.comments(REPOSITORY, at.number)
    assert comment.author.login == "github-actions[bot]"
    (check,) = place.server.checks(REPOSITORY, at.commit)
    assert (check.name, check.conclusion) == (f"envclone/plan: {NAME}", "success")


def test_what_is_too_long_for_github_is_shortened_and_posted(
    tmp_path: Path, place: SmallMonorepo, at: ProposedPlan
) -> None:
    request = PlanRequest(NAME, at.commit, "create")
    refused = PlanRefused([Finding(f"envs/demo-x/app/{n}.tf", 1, "It runs a program. " * 200) for n in range(50)])
    found = post(left(tmp_path, write_job_report(left_behind(request, said_of(request, refused)))), [NAME], at)
    assert found.complaints == ()
    (comment,) = place.server.comments(REPOSITORY, at.number)
    (check,) = place.server.checks(REPOSITORY, at.commit)
    assert comment.body.endswith("so the rest is left out.*")
    assert check.output is not None
    assert check.output.summary == comment.body


def test_of_many_plans_one_comment_tells_all_those_that_failed_first(
    tmp_path: Path, place: SmallMonorepo, at: ProposedPlan
) -> None:
    names = [EnvironmentName(f"demo-{number}") for number in range(51)]
    failed = ReportedCheck(title="Two | stacks failed", summary="Why", conclusion="failure")
    for name in names[:-1]:
        changes = {"plan": failed} if name == "demo-7" else {}
        left(tmp_path, report(at, environment=name, comment=f"{marker(name)}\n## Plan", **changes), name)
    found = post(tmp_path, names, at)
    assert found.completed == tuple(name for name in names[:-1] if name != "demo-7")
    assert found.complaints == ("The plan of demo-50 left no report. See its job.",)
    (comment,) = place.server.comments(REPOSITORY, at.number)
    assert "49 plans succeeded" in comment.body
    assert ", 2 did not." in comment.body
    rows = [line for line in comment.body.splitlines() if line.startswith("| `")]
    assert rows[0] == "| `demo-7` | **failed** | Two \\| stacks failed |"
    assert len(rows) == 50
    assert len(place.server.checks(REPOSITORY, at.commit)) == 50


def test_a_comment_about_all_plans_that_one_run_can_have_fits(at: ProposedPlan) -> None:
    name = EnvironmentName("d" * 24)
    plan = ReportedCheck(title="|" * 200, summary="Why", conclusion="failure")
    one = JobReport(environment=name, commit=at.commit, comment="", plan=plan)
    missing = [f"The plan of {name} left no report. See its job."] * 384
    text = many_plans([one] * 384, missing, at.commit)
    assert len(text.encode()) <= COMMENT_LIMIT
    assert "184 other environments in the checks." in text


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (lambda at: b"{}", "can't be read"),
        (lambda at: b"\xff", "can't be read"),
        (lambda at: b" " * (LARGEST + 1), "bytes; at most"),
        (lambda at: report(at, environment=OTHER), "about something else"),
        (lambda at: report(at, commit="0" * 40), "about something else"),
        (lambda at: report(at, comment=f"{marker(NAME)}\n{marker(OTHER)}"), "another comment's marker"),
        (lambda at: report(at, comment="x" * 70_000), "can't be read"),
        (lambda at: json.dumps({**json.loads(report(at)), "approve": True}).encode(), "can't be read"),
    ],
)
def test_anything_else_is_not_posted(
    tmp_path: Path, place: SmallMonorepo, at: ProposedPlan, data: Callable[[ProposedPlan], bytes], why: str
) -> None:
    left(tmp_path, report(at, environment=OTHER, comment=f"{marker(OTHER)}\n## Plan"), OTHER)
    found = post(left(tmp_path, data(at)), [NAME, OTHER], at)
    assert found.completed == (OTHER,), "one that makes no sense keeps no other from being posted"
    (complaint,) = found.complaints
    assert why in complaint
    assert len(place.server.comments(REPOSITORY, at.number)) == 1


def test_a_link_and_a_report_that_is_missing_are_not_read(tmp_path: Path, at: ProposedPlan) -> None:
    (tmp_path / "elsewhere").write_bytes(report(at))
    (tmp_path / f"plan-{NAME}").mkdir()
    (tmp_path / f"plan-{NAME}" / "report.json").symlink_to(tmp_path / "elsewhere")
    assert post(tmp_path, [NAME, OTHER], at).complaints == (
        "The plan of demo-x left no report. See its job.",
        "The plan of demo-y left no report. See its job.",
    )


def test_a_check_that_another_workflow_wrote_completes_nothing(place: SmallMonorepo, at: ProposedPlan) -> None:
    rows = json.dumps({"include": [{"environment": NAME}]})
    jobs = {"targets": {"result": "success", "outputs": {"matrix": rows}}, "plan": {"result": "success"}}
    for said, passes in (('["demo-x"]', True), ("[]", False), ("", False), ("nonsense", False)):
        needs = Needs.model_validate({**jobs, "report": {"result": "success", "outputs": {"completed": said}}})
        assert required_check(needs, needs.completed, is_fork=False).passes is passes
    assert Needs.model_validate(jobs).completed == ()
