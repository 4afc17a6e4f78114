"""REST: issues, comments and labels."""

from __future__ import annotations

import re

from pydantic import Field

from bot.sandbox.github.answers import ApiError, RestAnswer, invalid, not_found
from bot.sandbox.github.auth import allows, read, write
from bot.sandbox.github.issues import (
    Edit,
    IssueText,
    add_comment,
    add_label,
    delete_comment,
    edit_comment,
    edit_issue,
    open_issue,
    set_labels,
)
from bot.sandbox.github.records.issues import CommentRecord, IssueRecord
from bot.sandbox.github.records.repositories import RepositoryRecord
from bot.sandbox.github.rest.routing import Operations, RequestBody, RestCall
from bot.sandbox.github.views.common import moment
from bot.sandbox.github.views.issues import DEFAULT_COLOR, comment_view, issue_view, label_record_view, label_view

table = Operations()
READ = (read("issues"), read("pull_requests"))
# Whoever may read may take part in the conversation.
TALK = (write("issues", role="read"), write("pull_requests", role="read"))
TRIAGE = (write("issues", role="triage"), write("pull_requests", role="triage"))


class LabelName(RequestBody):
    """A label given as an object."""

    name: str


class NewIssue(RequestBody):
    """Body of "create an issue"."""

    title: str
    body: str | None = None
    labels: list[str | LabelName] = Field(default_factory=list)
    assignees: list[str] = Field(default_factory=list)


class IssueEdit(RequestBody):
    """Body of "update an issue"."""

    title: str | None = None
    body: str | None = None
    state: str | None = None
    state_reason: str | None = None
    labels: list[str | LabelName] | None = None


class LabelList(RequestBody):
    """Body of "add labels to an issue"."""

    labels: list[str | LabelName]


class NewComment(RequestBody):
    """Body of "create" and "update a comment"."""

    body: str


class NewLabel(RequestBody):
    """Body of "create a label"."""

    name: str
    color: str = DEFAULT_COLOR
    description: str | None = None


def _names(labels: list[str | LabelName]) -> tuple[str, ...]:
    return tuple(label if isinstance(label, str) else label.name for label in labels)


@table.on("GET", "/repos/{owner}/{repo}/issues")
def list_issues(call: RestCall) -> RestAnswer:
    """Issues and pull requests; `state` (open), `labels`, `creator`, `since` filter, `sort` and `direction` order."""
    repository = call.repository(*READ)
    state = call.query.get("state", "open")
    labels = {name.casefold() for name in call.query.get("labels", "").split(",") if name}
    creator = call.query.get("creator", "").casefold()
    since = call.query.get("since", "")
    found = [
        issue
        for issue in call.forge.state.issues_of(repository)
        if state in ("all", issue.state)
        and labels <= {name.casefold() for name in issue.labels}
        and creator in ("", issue.author.login.casefold())
        and since <= moment(issue.updated_at)
    ]
    if call.query.get("sort") == "updated":
        found.sort(key=lambda issue: issue.updated_at, reverse=True)
    if call.query.get("direction") == "asc":
        found.reverse()
    return call.listing(found, lambda issue: issue_view(call.forge, repository, issue))


@table.on("POST", "/repos/{owner}/{repo}/issues")
def create_issue(call: RestCall) -> RestAnswer:
    """Open an issue; labels of people who may not triage are dropped, as on GitHub."""
    repository = call.repository(write("issues", role="read"))
    new = call.body(NewIssue)
    may_label = allows(call.forge.state, call.by, repository, TRIAGE[0])
    labels = _names(new.labels) if may_label else ()
    issue = open_issue(call.act(repository), IssueText(new.title, new.body, labels))
    location = f"{call.forge.urls.repository(repository)}/issues/{issue.number}"
    return RestAnswer(issue_view(call.forge, repository, issue), 201, {"Location": location})


@table.on("GET", "/repos/{owner}/{repo}/issues/{number}")
def get_issue(call: RestCall) -> RestAnswer:
    """One issue, or a pull request as an issue."""
    repository = call.repository(*READ)
    return RestAnswer(issue_view(call.forge, repository, call.forge.issue(repository, call.number("number"))))


@table.on("PATCH", "/repos/{owner}/{repo}/issues/{number}")
def update_issue(call: RestCall) -> RestAnswer:
    """Change an issue: its author and triagers may."""
    repository = call.repository(*TALK)
    issue = call.forge.issue(repository, call.number("number"))
    _require_own(call, repository, issue)
    new = call.body(IssueEdit)
    labels = None if new.labels is None else _names(new.labels)
    edit = Edit(new.title, new.body, new.state, new.state_reason, labels)
    issue = edit_issue(call.act(repository), issue, edit)
    return RestAnswer(issue_view(call.forge, repository, issue))


def _require_own(call: RestCall, repository: RepositoryRecord, content: IssueRecord | CommentRecord) -> None:
    """Refuse to change somebody else's words without the role for it."""
    state = call.forge.state
    if content.author.id != call.by.account.id and not any(allows(state, call.by, repository, n) for n in TRIAGE):
        raise ApiError(403, "Must have admin rights to Repository.")


@table.on("GET", "/repos/{owner}/{repo}/issues/{number}/comments")
def list_comments(call: RestCall) -> RestAnswer:
    """The comments of an issue or pull request, oldest first; `since` filters by update."""
    repository = call.repository(*READ)
    issue = call.forge.issue(repository, call.number("number"))
    since = call.query.get("since", "")
    comments = [comment for comment in call.forge.state.comments_of(issue) if since <= moment(comment.updated_at)]
    return call.listing(comments, lambda comment: comment_view(call.forge, repository, comment))


@table.on("GET", "/repos/{owner}/{repo}/issues/comments")
def list_repository_comments(call: RestCall) -> RestAnswer:
    """The comments of all issues and pull requests; `since`, `sort` and `direction` as elsewhere."""
    repository = call.repository(*READ)
    since = call.query.get("since", "")
    comments = [
        comment
        for comment in call.forge.state.comments.values()
        if comment.repository_id == repository.id and since <= moment(comment.updated_at)
    ]
    if call.query.get("sort") == "updated":
        comments.sort(key=lambda comment: comment.updated_at)
    if "sort" in call.query and call.query.get("direction", "desc") == "desc":
        comments.reverse()
    return call.listing(comments, lambda comment: comment_view(call.forge, repository, comment))


@table.on("POST", "/repos/{owner}/{repo}/issues/{number}/comments")
def create_comment(call: RestCall) -> RestAnswer:
    """Comment on an issue or pull request."""
    repository = call.repository(*TALK)
    issue = call.forge.issue(repository, call.number("number"))
    comment = add_comment(call.act(repository), issue, call.body(NewComment).body)
    location = f"{call.forge.urls.repository(repository)}/issues/comments/{comment.id}"
    return RestAnswer(comment_view(call.forge, repository, comment), 201, {"Location": location})


def comment_in(call: RestCall, repository: RepositoryRecord) -> CommentRecord:
    """Return the comment in the path, or raise 404."""
    comment = call.forge.state.comments.get(call.number("comment"))
    if comment is None or comment.repository_id != repository.id:
        raise not_found()
    return comment


@table.on("GET", "/repos/{owner}/{repo}/issues/comments/{comment}")
def get_comment(call: RestCall) -> RestAnswer:
    """One comment."""
    repository = call.repository(*READ)
    return RestAnswer(comment_view(call.forge, repository, comment_in(call, repository)))


@table.on("PATCH", "/repos/{owner}/{repo}/issues/comments/{comment}")
def update_comment(call: RestCall) -> RestAnswer:
    """Replace a comment's text."""
    repository = call.repository(*TALK)
    comment = comment_in(call, repository)
    _require_own(call, repository, comment)
    comment = edit_comment(call.act(repository), comment, call.body(NewComment).body)
    return RestAnswer(comment_view(call.forge, repository, comment))


@table.on("DELETE", "/repos/{owner}/{repo}/issues/comments/{comment}")
def remove_comment(call: RestCall) -> RestAnswer:
    """Remove a comment."""
    repository = call.repository(*TALK)
    comment = comment_in(call, repository)
    _require_own(call, repository, comment)
    delete_comment(call.act(repository), comment)
    return RestAnswer(status=204)


@table.on("GET", "/repos/{owner}/{repo}/labels")
def list_labels(call: RestCall) -> RestAnswer:
    """The repository's labels."""
    repository = call.repository(*READ)
    labels = call.forge.state.labels_of(repository)
    return call.listing(labels, lambda label: label_record_view(call.forge, repository, label))


@table.on("POST", "/repos/{owner}/{repo}/labels")
def create_label(call: RestCall) -> RestAnswer:
    """Make a label."""
    repository = call.repository(*TRIAGE)
    new = call.body(NewLabel)
    if not re.fullmatch("[0-9a-fA-F]{6}", new.color):
        raise invalid("Label", "color", "invalid")
    label = add_label(call.forge, repository, new.name, new.color, new.description)
    return RestAnswer(label_record_view(call.forge, repository, label), 201)


@table.on("GET", "/repos/{owner}/{repo}/labels/{name}")
def get_label(call: RestCall) -> RestAnswer:
    """One label."""
    repository = call.repository(*READ)
    label = call.forge.state.labels.get((repository.id, call.path["name"].casefold()))
    if label is None:
        raise not_found()
    return RestAnswer(label_record_view(call.forge, repository, label))


@table.on("GET", "/repos/{owner}/{repo}/issues/{number}/labels")
def list_issue_labels(call: RestCall) -> RestAnswer:
    """The labels of an issue or pull request."""
    repository = call.repository(*READ)
    issue = call.forge.issue(repository, call.number("number"))
    return call.listing(issue.labels, lambda name: label_view(call.forge, repository, name))


@table.on("POST", "/repos/{owner}/{repo}/issues/{number}/labels")
def add_issue_labels(call: RestCall) -> RestAnswer:
    """Add labels to an issue, given as `{"labels": […]}` or as a bare array."""
    repository = call.repository(*TRIAGE)
    issue = call.forge.issue(repository, call.number("number"))
    names = (*issue.labels, *_names(call.body(LabelList, bare="labels").labels))
    issue = set_labels(call.act(repository), issue, names)
    return RestAnswer([label_view(call.forge, repository, name) for name in issue.labels])


@table.on("DELETE", "/repos/{owner}/{repo}/issues/{number}/labels/{name}")
def remove_issue_label(call: RestCall) -> RestAnswer:
    """Take one label off an issue."""
    repository = call.repository(*TRIAGE)
    issue = call.forge.issue(repository, call.number("number"))
    kept = tuple(name for name in issue.labels if name.casefold() != call.path["name"].casefold())
    if kept == issue.labels:
        raise ApiError(404, "Label does not exist")
    issue = set_labels(call.act(repository), issue, kept)
    return RestAnswer([label_view(call.forge, repository, name) for name in issue.labels])
