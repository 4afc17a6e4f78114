"""REST: check runs and commit statuses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import Field

from bot.sandbox.github.answers import RestAnswer, not_found
from bot.sandbox.github.auth import read, write
from bot.sandbox.github.checks import CheckEdit, NewStatus, create_check, create_status, update_check
from bot.sandbox.github.records.checks import CheckOutput, CheckRunRecord, CommitStatusRecord, JsonObject
from bot.sandbox.github.records.repositories import RepositoryRecord
from bot.sandbox.github.rest.repos import resolved
from bot.sandbox.github.rest.routing import Operations, RequestBody, RestCall
from bot.sandbox.github.views.checks import check_view, short_status_view, status_view
from bot.sandbox.github.views.common import minimal_repository_view

table = Operations()
READ = read("checks")
WRITE = write("checks")
MOST_ANNOTATIONS = 50
AllowedConclusion = Literal[
    "action_required", "cancelled", "failure", "neutral", "success", "skipped", "stale", "timed_out"
]


class OutputBody(RequestBody):
    """What a check run shows."""

    title: str | None = None
    summary: str
    text: str | None = None
    annotations: list[dict[str, object]] = Field(default=[], max_length=MOST_ANNOTATIONS)


class CheckUpdate(RequestBody):
    """Body of "update a check run"."""

    name: str | None = None
    status: Literal["queued", "in_progress", "completed", "waiting", "requested", "pending"] | None = None
    conclusion: AllowedConclusion | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    details_url: str | None = None
    external_id: str | None = None
    output: OutputBody | None = None

    def edit(self) -> CheckEdit:
        """Return what to change."""
        shown = self.output
        output = CheckOutput(shown.title, shown.summary, shown.text, tuple(shown.annotations)) if shown else None
        return CheckEdit(
            self.name, self.status, self.conclusion, self.started_at, self.completed_at,
            self.details_url, self.external_id, output,
        )  # fmt: skip


class NewCheck(CheckUpdate):
    """Body of "create a check run"."""

    name: str
    head_sha: str


class StatusBody(RequestBody):
    """Body of "create a commit status"."""

    state: Literal["error", "failure", "pending", "success"]
    target_url: str | None = None
    description: str | None = Field(default=None, max_length=140)
    context: str = "default"


@table.on("POST", "/repos/{owner}/{repo}/check-runs")
def create_check_run(call: RestCall) -> RestAnswer:
    """Make a check run, as an app."""
    repository = call.repository(WRITE)
    new = call.body(NewCheck)
    check = create_check(call.act(repository), new.head_sha, new.edit())
    return RestAnswer(check_view(call.forge, repository, check), 201)


def _found(call: RestCall, repository: RepositoryRecord) -> CheckRunRecord:
    check = call.forge.state.checks.get(call.number("check"))
    if check is None or check.repository_id != repository.id:
        raise not_found()
    return check


@table.on("GET", "/repos/{owner}/{repo}/check-runs/{check}")
def get_check_run(call: RestCall) -> RestAnswer:
    """One check run."""
    repository = call.repository(READ)
    return RestAnswer(check_view(call.forge, repository, _found(call, repository)))


@table.on("PATCH", "/repos/{owner}/{repo}/check-runs/{check}")
def update_check_run(call: RestCall) -> RestAnswer:
    """Change a check run of the caller's own app."""
    repository = call.repository(WRITE)
    check = update_check(call.act(repository), _found(call, repository), call.body(CheckUpdate).edit())
    return RestAnswer(check_view(call.forge, repository, check))


@table.on("GET", "/repos/{owner}/{repo}/check-runs/{check}/annotations")
def list_annotations(call: RestCall) -> RestAnswer:
    """A check run's annotations."""
    repository = call.repository(READ)
    return call.listing(_found(call, repository).output.annotations, _annotation_view)


def _annotation_view(annotation: JsonObject) -> JsonObject:
    optional = dict.fromkeys(("start_column", "end_column", "title", "raw_details"))
    return {**optional, "blob_href": "", **annotation}


@table.on("GET", "/repos/{owner}/{repo}/commits/{ref}/check-runs")
def list_check_runs(call: RestCall) -> RestAnswer:
    """The check runs of a commit; `check_name`, `app_id`, `status` and `filter` (latest) choose."""
    repository = call.repository(READ)
    sha = resolved(call, repository, call.path["ref"])
    wanted = call.query
    runs = [
        run
        for run in call.forge.state.checks_at(repository, sha)
        if wanted.get("check_name") in (None, run.name)
        and wanted.get("app_id") in (None, str(run.app.id))
        and wanted.get("status") in (None, run.status)
    ]
    if wanted.get("filter", "latest") == "latest":
        runs = list({(run.app.id, run.name): run for run in reversed(runs)}.values())
    return call.envelope("check_runs", runs, lambda run: check_view(call.forge, repository, run))


@table.on("POST", "/repos/{owner}/{repo}/statuses/{sha}")
def create_commit_status(call: RestCall) -> RestAnswer:
    """Add a status to a commit."""
    repository = call.repository(write("statuses"))
    body = call.body(StatusBody)
    new = NewStatus(body.state, body.context, body.description, body.target_url)
    sha = call.path["sha"]
    status = create_status(call.act(repository), sha, new)
    return RestAnswer(status_view(call.forge, repository, status), 201)


@table.on("GET", "/repos/{owner}/{repo}/statuses/{ref}")
@table.on("GET", "/repos/{owner}/{repo}/commits/{ref}/statuses")
def list_commit_statuses(call: RestCall) -> RestAnswer:
    """All statuses of a commit, newest first. The older of its two addresses is the one PyGithub uses."""
    repository = call.repository(read("statuses"))
    sha = resolved(call, repository, call.path["ref"])
    statuses = list(reversed(call.forge.state.statuses[repository.id, sha]))
    return call.listing(statuses, lambda status: status_view(call.forge, repository, status))


@table.on("GET", "/repos/{owner}/{repo}/commits/{ref}/status")
def get_combined_status(call: RestCall) -> RestAnswer:
    """The latest status of each context, and all of them in one word."""
    repository = call.repository(read("statuses"))
    sha = resolved(call, repository, call.path["ref"])
    latest = list({s.context: s for s in call.forge.state.statuses[repository.id, sha]}.values())
    url = f"{call.forge.urls.repository(repository)}/commits/{sha}"
    page = call.page(latest)
    return RestAnswer(
        {
            "state": _combined([status.state for status in latest]),
            "statuses": [_short(call, repository, status) for status in page.items],
            "sha": sha,
            "total_count": page.total,
            "repository": minimal_repository_view(call.forge, repository),
            "commit_url": url,
            "url": f"{url}/status",
        },
        headers=page.headers,
    )


def _short(call: RestCall, repository: RepositoryRecord, status: CommitStatusRecord) -> JsonObject:
    return short_status_view(call.forge, repository, status)


def _combined(states: Sequence[str]) -> str:
    if any(state in ("error", "failure") for state in states):
        return "failure"
    return "success" if states and all(state == "success" for state in states) else "pending"
