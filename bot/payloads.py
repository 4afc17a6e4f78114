"""From a delivery to an event.

What is no event of ours is `Ignored`, with the reason for the log: a comment that was edited or deleted, or written by a bot, never
becomes a command.
"""

from pydantic import ValidationError

from bot import payload_shapes as shapes
from bot.events import (
    CheckRunCompleted,
    CommentCreated,
    DeploymentStatusCreated,
    DispatchReceived,
    Event,
    Ignored,
    Ping,
    PullRequestChanged,
    ReviewApproved,
    RunCompleted,
)
from bot.names import opening_text

EVENTS = (
    "issue_comment", "issues", "pull_request", "pull_request_review", "check_run", "deployment_status", "workflow_run", "repository_dispatch", "ping",
)  # fmt: skip
"""The events to subscribe to, by GitHub's names; the dispatch only if other repositories are to ask for something."""
DISPATCH = "envclone-set"
"""The `event_type` of a dispatch to us."""


def parse(name: str, body: bytes) -> Event:
    """Read a delivery: its event's name and its raw JSON body."""
    reader = _READERS.get(name)
    if reader is None:
        return Ignored(reason=f"unsupported event {name}")
    try:
        return reader(body)
    except ValidationError as error:
        places = sorted({".".join(map(str, problem["loc"])) or "the body" for problem in error.errors()})
        return Ignored(reason=f"unreadable {name}: {', '.join(places[:5])}")


def _comment(body: bytes) -> Event:
    payload = shapes.DeliveredIssueComment.model_validate_json(body)
    author = payload.comment.user or shapes.GHOST_USER
    if payload.action != "created":
        return Ignored(reason=f"a comment was {payload.action}")
    if author.is_bot:
        return Ignored(reason=f"a comment by the bot {author.login}")
    return CommentCreated(
        repository=payload.repository.full_name,
        issue=payload.issue.number,
        is_pull_request=payload.issue.pull_request is not None,
        comment=payload.comment.id,
        author=author.login,
        body=payload.comment.body or "",
        url=payload.comment.html_url,
        created_at=payload.comment.created_at,
    )


def _issues(body: bytes) -> Event:
    payload = shapes.DeliveredIssues.model_validate_json(body)
    if payload.action != "opened":
        return Ignored(reason=f"an issue was {payload.action}")
    if payload.changes:
        return Ignored(reason="an issue came from another repository")
    opening = _opening(payload.repository, payload.issue, payload.sender, is_pull_request=False)
    return opening or Ignored(reason="an issue that no person opened")


def _opening(
    repository: shapes.DeliveredRepository,
    opened: shapes.DeliveredOpened,
    sender: shapes.DeliveredUser | None,
    *,
    is_pull_request: bool,
) -> CommentCreated | None:
    """Return the text that a person opened something with; None when whoever opened it is another than its author, or a bot."""
    author = opened.user or shapes.GHOST_USER
    if author.is_bot or sender is None or sender.login != author.login:
        return None
    return CommentCreated(
        repository=repository.full_name,
        issue=opened.number,
        is_pull_request=is_pull_request,
        comment=opening_text(opened.number),
        author=author.login,
        body=opened.body or "",
        url=opened.html_url,
        created_at=opened.created_at,
    )


def _pull_request(body: bytes) -> Event:
    payload = shapes.DeliveredPullRequest.model_validate_json(body)
    pull = payload.pull_request
    is_retargeted = payload.action == "edited" and "base" in (payload.changes or {})
    if payload.action not in ("opened", "reopened", "synchronize", "closed") and not is_retargeted:
        return Ignored(reason=f"a pull request was {payload.action}")
    return PullRequestChanged(
        repository=payload.repository.full_name,
        number=pull.number,
        action="retargeted" if is_retargeted else payload.action,
        is_merged=pull.merged,
        author=(pull.user or shapes.GHOST_USER).login,
        sender=(payload.sender or shapes.GHOST_USER).login,
        head=pull.head.ref,
        head_sha=pull.head.sha,
        head_repository=pull.head.repo.full_name if pull.head.repo else None,
        base=pull.base.ref,
        merge_commit_sha=pull.merge_commit_sha,
        opening=_opening(payload.repository, pull, payload.sender, is_pull_request=True)
        if payload.action == "opened"
        else None,
    )


def _review(body: bytes) -> Event:
    payload = shapes.DeliveredPullRequestReview.model_validate_json(body)
    review = payload.review
    if payload.action != "submitted" or review.state.lower() != "approved":
        return Ignored(reason=f"a review was {payload.action} ({review.state.lower()})")
    if review.commit_id is None or review.submitted_at is None:
        return Ignored(reason="a review of no commit")
    return ReviewApproved(
        repository=payload.repository.full_name,
        number=payload.pull_request.number,
        review=review.id,
        commit=review.commit_id,
        author=(review.user or shapes.GHOST_USER).login,
        submitted_at=review.submitted_at,
    )


def _check_run(body: bytes) -> Event:
    payload = shapes.DeliveredCheckRun.model_validate_json(body)
    run = payload.check_run
    if payload.action != "completed":
        return Ignored(reason=f"a check was {payload.action}")
    return CheckRunCompleted(
        repository=payload.repository.full_name,
        check=run.id,
        name=run.name,
        head_sha=run.head_sha,
        conclusion=run.conclusion or "neutral",
        app=(run.app.slug if run.app else None) or "",
        external_id=run.external_id or None,
        pull_requests=tuple(pull.number for pull in run.pull_requests),
    )


def _dispatch(body: bytes) -> Event:
    payload = shapes.DeliveredDispatch.model_validate_json(body)
    if payload.action != DISPATCH:
        return Ignored(reason="a dispatch to somebody else")
    signed = shapes.DeliveredSigned.model_validate(payload.client_payload)
    return DispatchReceived(repository=payload.repository.full_name, request=signed.request, signature=signed.signature)


def _deployment_status(body: bytes) -> Event:
    payload = shapes.DeliveredDeploymentStatus.model_validate_json(body)
    status = payload.deployment_status
    if payload.action != "created":
        return Ignored(reason=f"a deployment status was {payload.action}")
    return DeploymentStatusCreated(
        repository=payload.repository.full_name,
        deployment=payload.deployment.id,
        status=status.id,
        environment=payload.deployment.environment,
        sha=payload.deployment.sha,
        state=status.state,
        description=status.description or "",
        environment_url=status.environment_url or "",
        log_url=status.log_url or status.target_url or "",
        creator=(status.creator or shapes.GHOST_USER).login,
    )


def _workflow_run(body: bytes) -> Event:
    payload = shapes.DeliveredRunOfWorkflow.model_validate_json(body)
    run = payload.workflow_run
    if payload.action != "completed":
        return Ignored(reason=f"a workflow run was {payload.action}")
    return RunCompleted(
        repository=payload.repository.full_name,
        run=run.id,
        attempt=run.run_attempt,
        title=run.display_title,
        workflow=run.path.partition("@")[0],  # GitHub may add the branch
        trigger=run.event,
        head=run.head_branch or "",
        head_sha=run.head_sha,
        conclusion=run.conclusion or "neutral",
        started_at=run.run_started_at or run.created_at,
        url=run.html_url,
    )


def _ping(body: bytes) -> Event:
    return Ping(hook=shapes.DeliveredPing.model_validate_json(body).hook_id)


_READERS = {
    "issue_comment": _comment,
    "issues": _issues,
    "pull_request": _pull_request,
    "pull_request_review": _review,
    "check_run": _check_run,
    "deployment_status": _deployment_status,
    "workflow_run": _workflow_run,
    "repository_dispatch": _dispatch,
    "ping": _ping,
}
