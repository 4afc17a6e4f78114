"""Keep the one issue about an environment's drift: opened when it comes, brought up to date, closed when it has gone."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from bot.clients.github import CheckState, GitHub, GitHubRefused
from bot.core.messages import drift_issue
from bot.core.plans.drift import Drift
from bot.core.plans.drift_alike import signs
from bot.core.requests.rerun import DRIFT_CHECK
from bot.names import Login, RepositoryName


@dataclass(frozen=True, slots=True)
class DriftReport:
    """Where to say it, of whose environment, and the page of the run that looked."""

    github: GitHub
    repository: RepositoryName
    owner: Login
    run_url: str = ""


def report_drift(drift: Drift, to: DriftReport) -> str:
    """Bring the environment's issue up to date, and return what was done. Run twice, it leaves GitHub as run once."""
    marker = drift_issue.marker(drift.environment)
    found = to.github.find_issue(to.repository, marker)
    if drift.drifted:
        title = drift_issue.title(drift.environment)
        body = drift_issue.body(drift, to.owner, to.run_url, _alike(drift, to))
        if found is None:
            return f"opened #{to.github.open_issue(to.repository, title, body).number}"
        to.github.edit_issue(to.repository, found, title=title, body=body, state="open")
        if found.state == "open":
            return f"updated #{found.number}"
        _say(to, found.number, "back", drift_issue.came_back(drift))
        return f"reopened #{found.number}"
    if found is None or found.state == "closed":
        return "nothing to report"
    if not drift.has_gone(drift_issue.drifted_before(found.body)):
        return f"#{found.number} stays open: what had drifted could not be checked"
    _say(to, found.number, "gone", drift_issue.gone(drift))
    to.github.edit_issue(to.repository, found, title=found.title, body=found.body, state="closed")
    return f"closed #{found.number}"


def _alike(drift: Drift, to: DriftReport) -> Mapping[str, int]:
    """Return the other environments whose open issue is about a change of this drift, too."""
    ours = set(signs(drift))
    found = {
        name: issue.number
        for issue in to.github.our_issues(to.repository)
        if issue.state == "open" and (name := drift_issue.about(issue.body)) and ours & drift_issue.signs_in(issue.body)
    }
    return {name: number for name, number in found.items() if name != drift.environment}


def report_check(drift: Drift, said: str, to: DriftReport) -> str:
    """Write down what was found as a check of the commit, so that whoever asked for the run can be told; return why that failed.

    `said` is what became of the issue.
    """
    conclusion: Literal["failure", "neutral", "success"] = (
        "failure" if drift.unchecked else "neutral" if drift.drifted or drift.because else "success"
    )
    state = CheckState(
        title=drift_issue.headline(drift),
        summary=drift_issue.check_summary(drift, said),
        conclusion=conclusion,
        text=drift_issue.check_text(drift),
        external_id=to.run_url or str(drift.environment),
        details_url=to.run_url or None,
    )
    name = DRIFT_CHECK.format(environment=drift.environment)
    try:
        to.github.put_check(to.repository, drift.commit, name, state)
    except GitHubRefused as refused:
        if refused.status != 403:
            raise
        return "The check could not be written: the job needs `checks: write`. Run `envclone init` to update the workflows."
    return ""


def forget_drift(github: GitHub, repository: RepositoryName, present: Collection[str]) -> list[int]:
    """Close the issues about environments that are not `present` any more; return their numbers."""
    closed = []
    for issue in github.our_issues(repository):
        name = drift_issue.about(issue.body)
        if name is not None and name not in present and issue.state == "open":
            github.upsert_comment(repository, issue.number, "<!-- envclone:drift-end -->", drift_issue.no_more(name))
            github.edit_issue(repository, issue, title=issue.title, body=issue.body, state="closed")
            closed.append(issue.number)
    return closed


def _say(to: DriftReport, issue: int, what: str, text: str) -> None:
    # One comment for each time: a run that is killed after it and run again finds its own.
    to.github.upsert_comment(to.repository, issue, f"<!-- envclone:drift-{what}:{to.run_url} -->", text)
