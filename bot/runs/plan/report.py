"""Say how planning went, everywhere that people and machines look: the comment, the check, the step summary, the artifact."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal, TypeVar, assert_never, cast

from bot.clients.github import CheckState
from bot.core.ledger.redaction import Secrets
from bot.core.markdown import bounded, shortened
from bot.core.messages.plan_comment import (
    COMMENT_LIMIT,
    STEP_SUMMARY_LIMIT,
    Whole,
    created_again,
    failure,
    fitted,
    refusal,
    title,
    undestroyable,
)
from bot.core.messages.versions import imports
from bot.core.parity.certificate import Certificate
from bot.core.parity.output.document import document
from bot.core.parity.output.plan_text import headline as parity_headline
from bot.core.parity.output.plan_text import section
from bot.core.plans.environment_plan import EnvironmentPlan, StackPlan
from bot.core.plans.job_report import FILE, JobReport, ReportedCheck, write_job_report
from bot.core.plans.risk import risk_of
from bot.core.plans.written_imports import WrittenImports, write_written
from bot.errors import Finding
from bot.model.pipeline import Json
from bot.model.risk import Risk
from bot.runs.plan.plan import CreatedAgain, Planned, PlanOutcome, PlanRefused, Undestroyable
from bot.runs.plan.recertify import said as certified
from bot.runs.plan.request import PlanRequest
from bot.runs.plan.steps.steps import Failed, ImportsWritten

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Unplanned:
    """Planning could not even be tried."""

    reason: str


@dataclass(frozen=True, slots=True)
class Report:
    """The same outcome at each length; `data` is for machines and holds no values of attributes.

    `parity` is the comparison with the source, for machines; `certificate` is there if it holds.
    """

    complete: str
    comment: str
    step_summary: str
    check: CheckState
    data: dict[str, Json]
    parity: Mapping[str, Json] | None = None
    certificate: Certificate | None = None


def report(request: PlanRequest, outcome: PlanOutcome | Unplanned) -> Report:
    """Return what is said about an outcome."""
    whole = Whole(f"plan-{request.environment}", request.run_url)
    match outcome:
        case Planned():
            return _planned(request, outcome, whole)
        case PlanRefused():
            text = refusal(request.environment, request.commit, outcome.findings, whole)
            said = _check(request, "failure", "Rejected by the static checks", text)
            return Report(text, text, text, said, {**_data(request, "refused"), "findings": _list(outcome.findings)})
        case Undestroyable():
            text = undestroyable(request.environment, request.commit, outcome.findings, whole)
            said = _check(request, "failure", "It could not be destroyed completely", text)
            return Report(
                text, text, text, said, {**_data(request, "undestroyable"), "findings": _list(outcome.findings)}
            )
        case CreatedAgain():
            text = created_again(request.environment, request.commit, outcome.findings, whole)
            said = _check(request, "failure", "It would be created a second time", text)
            return Report(
                text, text, text, said, {**_data(request, "created again"), "findings": _list(outcome.findings)}
            )
        case Failed():
            text = failure(request.environment, request.commit, outcome.reason, whole)
            said = _check(request, "failure", f"{outcome.step} could not be planned", text)
            return Report(text, text, text, said, {**_data(request, "failed"), "step": str(outcome.step)})
        case ImportsWritten():
            found = WrittenImports(
                environment=request.environment, commit=request.commit, step=outcome.step, **asdict(outcome.written)
            )
            text = imports.written(found, whole)
            said = _check(request, "failure", imports.TITLE, f"{text}\n{write_written(found)}")
            return Report(text, text, text, said, {**_data(request, "imports written"), "step": str(outcome.step)})
        case Unplanned():
            text = failure(request.environment, request.commit, outcome.reason, whole)
            return Report(
                text, text, text, _check(request, "failure", "Nothing was planned", text), _data(request, "unplanned")
            )
        case _:
            assert_never(outcome)


def _planned(request: PlanRequest, outcome: Planned, whole: Whole) -> Report:
    plan, result = outcome.plan, outcome.parity
    risk = risk_of(plan, is_as_promised=outcome.holds)

    def text(limit: int) -> str:
        said = section(result.parity, result.leaks, result.note, limit // 3) if result else ""
        shown = fitted(plan, risk, limit - len(said.encode()) - 1 if said else limit, whole)
        return f"{shown}\n{said}" if said else shown

    comment = text(COMMENT_LIMIT)
    headline = title(plan) if result is None or outcome.holds else parity_headline(result.parity, result.leaks)
    return Report(
        complete=text(sys.maxsize),
        comment=comment,
        step_summary=text(STEP_SUMMARY_LIMIT),
        check=_check(request, "success" if outcome.holds else "failure", headline, comment),
        data=_data(request, "planned" if outcome.holds else "parity failed", plan, risk),
        parity=document(result.parity, result.leaks) if result else None,
        certificate=result.certificate if result else None,
    )


def masked(said: Report, secrets: Secrets) -> Report:
    """Return the report without the tokens and keys that this process holds, should code have got hold of one."""
    return replace(
        said,
        complete=secrets.hide(said.complete),
        comment=secrets.hide(said.comment),
        step_summary=secrets.hide(said.step_summary),
        check=replace(said.check, title=secrets.hide(said.check.title), summary=secrets.hide(said.check.summary)),
        data=_masked_json(said.data, secrets),
        parity=None if said.parity is None else _masked_json(said.parity, secrets),
    )


def _masked_json(value: T, secrets: Secrets) -> T:
    return cast(T, secrets.hide_in(cast(Json, value)))


def write_report(directory: Path, request: PlanRequest, said: Report) -> None:
    """Write the artifact: the whole plan (`plan.md`, masked), the outcome (`plan.json`), the comparison (`parity.json`), and what is to be
    posted (`report.json`).
    """
    directory.mkdir(parents=True, exist_ok=True)
    (directory / FILE).write_bytes(write_job_report(left_behind(request, said)))
    (directory / "plan.md").write_text(said.complete, encoding="utf-8")
    (directory / "plan.json").write_text(json.dumps(said.data, indent=2) + "\n", encoding="utf-8")
    if said.parity is not None:
        (directory / "parity.json").write_text(json.dumps(said.parity, indent=2) + "\n", encoding="utf-8")


def left_behind(request: PlanRequest, said: Report) -> JobReport:
    """Return what another job is to post of a report: this one, which holds credentials, has no token that writes."""
    parity = _reported(_parity(request, said)) if said.parity is not None else None
    return JobReport(
        environment=request.environment,
        commit=request.commit,
        comment=bounded(said.comment),
        plan=_reported(said.check),
        parity=parity,
    )


def _reported(check: CheckState) -> ReportedCheck:
    conclusion: Literal["success", "failure"] = "success" if check.conclusion == "success" else "failure"
    return ReportedCheck(title=shortened(check.title, 200), summary=bounded(check.summary), conclusion=conclusion)


def _parity(request: PlanRequest, said: Report) -> CheckState:
    """Return the check that holds the certificate, or says that there is none."""
    if said.certificate is not None:
        return replace(certified(said.certificate), details_url=request.run_url or None)
    return _check(request, "failure", said.check.title, said.comment)


def _check(request: PlanRequest, conclusion: str, headline: str, text: str) -> CheckState:
    return CheckState(
        title=shortened(headline, 200),
        summary=text,
        conclusion="success" if conclusion == "success" else "failure",
        external_id=str(request.environment),
        details_url=request.run_url or None,
    )


def _list(findings: Sequence[Finding]) -> list[Json]:
    return [str(finding) for finding in findings]


def _data(
    request: PlanRequest, outcome: str, plan: EnvironmentPlan | None = None, risk: Risk | None = None
) -> dict[str, Json]:
    steps: dict[str, Json] = {}
    for step in plan.steps if plan else ():
        if isinstance(step, StackPlan):
            counts = step.plan.counts
            numbers: dict[str, Json] = {"add": counts.add, "change": counts.change, "destroy": counts.destroy}
            steps[step.name] = {"kind": "stack", "planned_with_mocks": step.is_preview, **numbers}
        else:
            steps[step.name] = {"kind": step.kind, "result": step.verb_result}
    return {
        "environment": str(request.environment),
        "commit": request.commit,
        "change": request.change,
        "outcome": outcome,
        **({"risk": risk.value} if risk is not None else {}),
        "steps": steps,
        "run": request.run_url,
    }
