"""What people and bots do to issues: open, edit, comment, react, label. Each verb changes the memory and announces it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.sandbox.github.answers import invalid
from bot.sandbox.github.events import announce
from bot.sandbox.github.forge import Act, Forge
from bot.sandbox.github.records.accounts import Caller
from bot.sandbox.github.records.checks import JsonObject
from bot.sandbox.github.records.issues import (
    REACTIONS,
    CommentRecord,
    IssueRecord,
    PullRecord,
    ReactionRecord,
    ReactionSubject,
)
from bot.sandbox.github.records.repositories import LabelRecord, RepositoryRecord
from bot.sandbox.github.views.issues import DEFAULT_COLOR, comment_view, issue_view, label_view
from bot.sandbox.github.views.pulls import full_pull_view

LONGEST_BODY = 65_536
LONGEST_TITLE = 256


@dataclass(frozen=True, slots=True)
class IssueText:
    """The words of an issue or pull request."""

    title: str
    body: str | None = None
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """What to change about an issue; None leaves it as it is."""

    title: str | None = None
    body: str | None = None
    state: str | None = None
    state_reason: str | None = None
    labels: tuple[str, ...] | None = None


def add_issue(act: Act, text: IssueText, pull: PullRecord | None = None) -> IssueRecord:
    """Store a new issue or pull request, without announcing it."""
    if not text.title.strip():
        raise invalid("Issue", "title", "missing_field")
    check_length("Issue", "title", text.title, LONGEST_TITLE)
    check_length("Issue", "body", text.body or "", LONGEST_BODY)
    now = act.state.clock()
    number = act.state.next_number(act.repository)
    id_ = act.state.next_id()
    labels = tuple(ensure_label(act.forge, act.repository, name).name for name in dict.fromkeys(text.labels))
    return act.state.save_issue(
        IssueRecord(
            id_, act.repository.id, number, text.title, text.body, act.by.account, now, now,
            labels=labels, via_app=act.by.app, pull=pull,
        )
    )  # fmt: skip


def open_issue(act: Act, text: IssueText) -> IssueRecord:
    """Open an issue. Raises 422 without a title or with too long a text."""
    issue = add_issue(act, text)
    announce_issue(act, issue, "opened", {})
    return issue


def edit_issue(act: Act, issue: IssueRecord, edit: Edit) -> IssueRecord:
    """Change title, body, labels or state; announces `edited`, `closed` or `reopened`, and each label."""
    before = issue
    if edit.title is not None or edit.body is not None:
        issue = _reworded(act, issue, edit)
    if edit.labels is not None:
        issue = set_labels(act, issue, edit.labels)
    if edit.state is not None and edit.state != before.state:
        issue = set_state(act, issue, edit)
    return issue


def _reworded(act: Act, issue: IssueRecord, edit: Edit) -> IssueRecord:
    check_length("Issue", "title", edit.title or "", LONGEST_TITLE)
    check_length("Issue", "body", edit.body or "", LONGEST_BODY)
    title = issue.title if edit.title is None else edit.title
    body = issue.body if edit.body is None else edit.body
    changes: JsonObject = {}
    if title != issue.title:
        changes["title"] = {"from": issue.title}
    if body != issue.body:
        changes["body"] = {"from": issue.body or ""}
    if not changes:
        return issue
    issue = act.state.save_issue(replace(issue, title=title, body=body))
    announce_issue(act, issue, "edited", {"changes": changes})
    return issue


def set_state(act: Act, issue: IssueRecord, edit: Edit) -> IssueRecord:
    """Close or reopen."""
    if edit.state not in ("open", "closed"):
        raise invalid("Issue", "state", "invalid")
    if edit.state == "open":
        if issue.pull is not None and issue.pull.merged_at is not None:
            raise invalid("PullRequest", "state", "custom", "state cannot be changed. The pull request is merged.")
        reopened = replace(issue, state="open", state_reason="reopened", closed_at=None, closed_by=None)
        issue = act.state.save_issue(reopened if issue.pull is None else replace(reopened, state_reason=None))
        announce_issue(act, issue, "reopened", {})
        return issue
    reason = None if issue.pull else edit.state_reason or "completed"
    now = act.state.clock()
    issue = act.state.save_issue(
        replace(issue, state="closed", state_reason=reason, closed_at=now, closed_by=act.by.account)
    )
    announce_issue(act, issue, "closed", {})
    return issue


def set_labels(act: Act, issue: IssueRecord, names: tuple[str, ...]) -> IssueRecord:
    """Give an issue exactly these labels, making those that don't exist; announces each change."""
    wanted = tuple(dict.fromkeys(ensure_label(act.forge, act.repository, name).name for name in names))
    before = issue.labels
    issue = act.state.save_issue(replace(issue, labels=wanted))
    for action, changed in (("labeled", [n for n in wanted if n not in before]),
                            ("unlabeled", [n for n in before if n not in wanted])):  # fmt: skip
        for name in changed:
            announce_issue(act, issue, action, {"label": label_view(act.forge, act.repository, name)})
    return issue


def ensure_label(forge: Forge, repository: RepositoryRecord, name: str) -> LabelRecord:
    """Return a label by name, made with GitHub's default colour if it does not exist."""
    known = forge.state.labels.get((repository.id, name.casefold()))
    return known or add_label(forge, repository, name, DEFAULT_COLOR, None)


def add_label(
    forge: Forge, repository: RepositoryRecord, name: str, color: str, description: str | None
) -> LabelRecord:
    """Make a label. Raises 422 when the name is taken."""
    key = (repository.id, name.casefold())
    if key in forge.state.labels:
        raise invalid("Label", "name", "already_exists")
    label = LabelRecord(forge.state.next_id(), repository.id, name, color.lower(), description)
    forge.state.labels[key] = label
    return label


def add_comment(act: Act, issue: IssueRecord, body: str) -> CommentRecord:
    """Comment on an issue or pull request. Raises 422 for an empty or too long body."""
    _check_comment(body)
    now = act.state.clock()
    id_ = act.state.next_id()
    comment = CommentRecord(id_, act.repository.id, issue.number, act.by.account, body, now, now, act.by.app)
    act.state.comments[id_] = comment
    act.state.thread[act.repository.id, issue.number].append(id_)
    act.state.save_issue(issue)
    announce_comment(act, comment, "created", {})
    return comment


def edit_comment(act: Act, comment: CommentRecord, body: str) -> CommentRecord:
    """Replace a comment's text."""
    _check_comment(body)
    edited = replace(comment, body=body, updated_at=act.state.clock())
    act.state.comments[comment.id] = edited
    changes: JsonObject = {"changes": {"body": {"from": comment.body}}}
    announce_comment(act, edited, "edited", changes)
    return edited


def delete_comment(act: Act, comment: CommentRecord) -> None:
    """Remove a comment and its reactions."""
    act.state.thread[act.repository.id, comment.number].remove(comment.id)
    announce_comment(act, comment, "deleted", {})
    del act.state.comments[comment.id]
    act.state.reactions.pop(ReactionSubject("comment", comment.id), None)


def react(forge: Forge, by: Caller, subject: ReactionSubject, content: str) -> tuple[ReactionRecord, bool]:
    """Add a reaction; return it, and False when this account had already given it. GitHub announces no event."""
    if content not in REACTIONS:
        raise invalid("Reaction", "content", "invalid")
    given = forge.state.reactions[subject]
    same = next((r for r in given if r.author.id == by.account.id and r.content == content), None)
    if same is not None:
        return same, False
    reaction = ReactionRecord(forge.state.next_id(), subject, by.account, content, forge.state.clock())
    given.append(reaction)
    return reaction, True


def announce_issue(act: Act, issue: IssueRecord, action: str, extra: JsonObject) -> None:
    """Announce an `issues` event, or `pull_request` for a pull request."""
    if not act.forge.address:
        return
    if issue.pull is None:
        content: JsonObject = {"action": action, "issue": issue_view(act.forge, act.repository, issue), **extra}
        announce(act, "issues", content)
        return
    view = full_pull_view(act.forge, act.repository, issue, issue.pull, "unknown")
    content = {"action": action, "number": issue.number, "pull_request": view, **extra}
    announce(act, "pull_request", content)


def announce_comment(act: Act, comment: CommentRecord, action: str, extra: JsonObject) -> None:
    """Announce an `issue_comment` event."""
    if not act.forge.address:
        return
    issue = act.forge.issue(act.repository, comment.number)
    views: JsonObject = {
        "issue": issue_view(act.forge, act.repository, issue),
        "comment": comment_view(act.forge, act.repository, comment),
    }
    announce(act, "issue_comment", {"action": action, **extra, **views})


def check_length(resource: str, field: str, text: str, longest: int) -> None:
    """Refuse what GitHub finds too long (it counts characters)."""
    if len(text) > longest:
        raise invalid(resource, field, "custom", f"{field} is too long (maximum is {longest} characters)")


def _check_comment(body: str) -> None:
    if not body.strip():
        raise invalid("IssueComment", "data", "unprocessable", "Body cannot be blank")
    check_length("IssueComment", "body", body, LONGEST_BODY)
