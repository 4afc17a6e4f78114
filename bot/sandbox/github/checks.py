"""What happens to commits, deployments and workflows: check runs, statuses, deployments. Each verb announces its event."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.sandbox.github.answers import ApiError, invalid
from bot.sandbox.github.events import announce
from bot.sandbox.github.forge import Act, Forge
from bot.sandbox.github.records.accounts import AppRecord
from bot.sandbox.github.records.checks import (
    CheckOutput,
    CheckRunRecord,
    CommitStatusRecord,
    DeploymentRecord,
    DeploymentStatusRecord,
    JsonObject,
)
from bot.sandbox.github.state import ForgeState
from bot.sandbox.github.views.checks import check_view, deployment_status_view, deployment_view, status_view, suite_view
from bot.sandbox.github.views.pulls import commit_view

ACTIONS = "github-actions"
"""The app that workflows' own tokens act for."""
LONGEST_OUTPUT = 65_535
LONGEST_DESCRIPTION = 140


@dataclass(frozen=True, slots=True)
class CheckEdit:
    """What a check run is to become; None leaves a part as it is (or at GitHub's default for a new one)."""

    name: str | None = None
    status: str | None = None
    conclusion: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    details_url: str | None = None
    external_id: str | None = None
    output: CheckOutput | None = None


def create_check(act: Act, sha: str, edit: CheckEdit) -> CheckRunRecord:
    """Make a check run on a commit. Only apps may; raises 422 for an unknown commit or a text over 65,535 characters."""
    app = act.by.app
    if app is None:
        raise ApiError(403, "You must authenticate via a GitHub App.")
    edit = _as_kept(app, edit)
    if act.forge.bare(act.repository).resolve(sha) is None:
        raise ApiError(422, f"No commit found for SHA: {sha}")
    known = act.state.checks_at(act.repository, sha)
    suite_id = next((run.suite_id for run in known if run.app.id == app.id), None)
    check = CheckRunRecord(
        id=act.state.next_id(),
        repository_id=act.repository.id,
        suite_id=suite_id or act.state.next_id(),
        app=app,
        name=edit.name or "",
        head_sha=sha,
        status="queued",
        conclusion=None,
        started_at=act.state.clock(),
        completed_at=None,
        details_url=None,
        external_id=None,
        output=CheckOutput(),
    )
    act.state.checks_of[act.repository.id, sha].append(check.id)
    return _store(act, _edited(check, edit, act.state.clock()), "created")


def update_check(act: Act, check: CheckRunRecord, edit: CheckEdit) -> CheckRunRecord:
    """Change a check run of the caller's own app."""
    if act.by.app is None or act.by.app.id != check.app.id:
        raise ApiError(403, "Invalid app_id `{}` - check run can only be modified by the GitHub App that created it.")
    edit = _as_kept(act.by.app, edit)
    action = "completed" if edit.conclusion or edit.status == "completed" else "created"
    return _store(act, _edited(check, edit, act.state.clock()), action)


def _as_kept(app: AppRecord, edit: CheckEdit) -> CheckEdit:
    """Return an edit without the address that a workflow's own token gives, which GitHub ignores."""
    return replace(edit, details_url=None) if app.slug == ACTIONS else edit


def link_check(state: ForgeState, check_id: int, page: str) -> None:
    """Let a job's own check lead to its run, as GitHub itself does."""
    state.checks[check_id] = replace(state.checks[check_id], details_url=page)


def _edited(check: CheckRunRecord, edit: CheckEdit, now: datetime) -> CheckRunRecord:
    status = edit.status or check.status
    conclusion = edit.conclusion
    completed_at = check.completed_at
    if conclusion is not None or edit.completed_at is not None or status == "completed":
        status, conclusion = "completed", conclusion or check.conclusion
        if conclusion is None:
            raise ApiError(422, 'Invalid request.\n\n"conclusion" wasn\'t supplied.')
        completed_at = edit.completed_at or now
    else:
        # GitHub reopens a completed run that is set back to queued or in progress.
        completed_at = None
    return replace(
        check,
        name=edit.name or check.name,
        status=status,
        conclusion=conclusion,
        started_at=edit.started_at or check.started_at,
        completed_at=completed_at,
        details_url=edit.details_url or check.details_url,
        external_id=edit.external_id or check.external_id,
        output=_merged_output(check.output, edit.output),
    )


def _merged_output(old: CheckOutput, new: CheckOutput | None) -> CheckOutput:
    if new is None:
        return old
    for name, text in (("summary", new.summary), ("text", new.text)):
        if text is not None and len(text) > LONGEST_OUTPUT:
            raise ApiError(422, f"Invalid request.\n\nOnly {LONGEST_OUTPUT} characters are allowed in {name}.")
    return replace(new, annotations=(*old.annotations, *new.annotations))


def _store(act: Act, check: CheckRunRecord, action: str) -> CheckRunRecord:
    act.state.checks[check.id] = check
    if act.forge.address:
        actual = "completed" if check.status == "completed" else action
        view = check_view(act.forge, act.repository, check)
        view["check_suite"] = suite_view(act.forge, act.repository, check)
        announce(act, "check_run", {"action": actual, "check_run": view})
    return check


@dataclass(frozen=True, slots=True)
class NewStatus:
    """A commit status to be."""

    state: str
    context: str
    description: str | None
    target_url: str | None


def create_status(act: Act, sha: str, new: NewStatus) -> CommitStatusRecord:
    """Add a status to a commit."""
    if act.forge.bare(act.repository).resolve(sha) is None:
        raise ApiError(422, f"No commit found for SHA: {sha}")
    status = CommitStatusRecord(
        act.state.next_id(), act.repository.id, sha, new.state, new.context, new.description, new.target_url,
        act.by.account, act.state.clock(),
    )  # fmt: skip
    act.state.statuses[act.repository.id, sha].append(status)
    view = status_view(act.forge, act.repository, status)
    commit = commit_view(act.forge, act.repository, act.forge.bare(act.repository).commit(sha))
    content: JsonObject = {
        key: view[key] for key in ("id", "avatar_url", "state", "description", "target_url", "context")
    }
    content |= {"created_at": view["created_at"], "updated_at": view["updated_at"]}
    content |= {"sha": sha, "name": act.repository.full_name, "commit": commit, "branches": _branches_at(act, sha)}
    announce(act, "status", content)
    return status


def _branches_at(act: Act, sha: str) -> list[JsonObject]:
    """The branches whose head a commit is."""
    url = f"{act.forge.urls.repository(act.repository)}/commits/{sha}"
    heads = act.forge.bare(act.repository).references("refs/heads/")
    names = [reference.removeprefix("refs/heads/") for reference, head, _ in heads if head == sha]
    return [
        {"name": name, "commit": {"sha": sha, "url": url}, "protected": act.repository.protection(name) is not None}
        for name in names
    ]


@dataclass(frozen=True, slots=True)
class NewDeployment:
    """A deployment to be."""

    ref: str
    sha: str
    task: str
    payload: JsonObject | str
    environment: str
    description: str | None
    transient: bool
    production: bool


def create_deployment(act: Act, new: NewDeployment) -> DeploymentRecord:
    """Record that a commit is being deployed."""
    now = act.state.clock()
    deployment = DeploymentRecord(
        id=act.state.next_id(),
        repository_id=act.repository.id,
        sha=new.sha,
        ref=new.ref,
        task=new.task,
        payload=new.payload,
        environment=new.environment,
        original_environment=new.environment,
        description=new.description,
        transient=new.transient,
        production=new.production,
        creator=act.by.account,
        created_at=now,
        updated_at=now,
        via_app=act.by.app,
    )
    act.state.deployments[deployment.id] = deployment
    view = deployment_view(act.forge, act.repository, deployment)
    content: JsonObject = {"action": "created", "deployment": view, "workflow": None, "workflow_run": None}
    announce(act, "deployment", content)
    return deployment


@dataclass(frozen=True, slots=True)
class NewDeploymentStatus:
    """A deployment status to be; `environment` None keeps the deployment's."""

    state: str
    description: str
    environment: str | None
    environment_url: str
    log_url: str
    auto_inactive: bool


def create_deployment_status(
    act: Act, deployment: DeploymentRecord, new: NewDeploymentStatus
) -> DeploymentStatusRecord:
    """Add a status. A success makes earlier successes of the same lasting, non-production environment inactive."""
    if len(new.description) > LONGEST_DESCRIPTION:
        message = f"description is too long (maximum is {LONGEST_DESCRIPTION} characters)"
        raise invalid("DeploymentStatusRecord", "description", "custom", message)
    environment = new.environment or deployment.environment
    status = DeploymentStatusRecord(
        id=act.state.next_id(),
        deployment_id=deployment.id,
        state=new.state,
        description=new.description,
        environment=environment,
        environment_url=new.environment_url,
        log_url=new.log_url,
        creator=act.by.account,
        created_at=act.state.clock(),
        via_app=act.by.app,
    )
    deployment = replace(deployment, environment=environment, updated_at=act.state.clock())
    act.state.deployments[deployment.id] = deployment
    act.state.deployment_statuses[deployment.id].append(status)
    if new.state == "success" and new.auto_inactive:
        _retire_others(act.forge, deployment)
    content: JsonObject = {
        "action": "created",
        "deployment_status": deployment_status_view(act.forge, act.repository, status),
        "deployment": deployment_view(act.forge, act.repository, deployment),
        "check_run": None,
        "workflow": None,
        "workflow_run": None,
    }
    announce(act, "deployment_status", content)
    return status


def _retire_others(forge: Forge, current: DeploymentRecord) -> None:
    for other in forge.state.deployments.values():
        history = forge.state.deployment_statuses[other.id]
        same = other.repository_id == current.repository_id and other.environment == current.environment
        lasting = not other.transient and not other.production
        if other.id != current.id and same and lasting and history and history[-1].state == "success":
            history.append(replace(history[-1], id=forge.state.next_id(), state="inactive", description=""))
