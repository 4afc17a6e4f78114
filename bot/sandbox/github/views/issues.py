"""GitHub's JSON for issues, comments, reactions and labels."""

from __future__ import annotations

from urllib.parse import quote

from bot.sandbox.github.forge import Forge
from bot.sandbox.github.records.accounts import AccountRecord
from bot.sandbox.github.records.checks import JsonObject
from bot.sandbox.github.records.issues import REACTIONS, CommentRecord, IssueRecord, ReactionRecord, ReactionSubject
from bot.sandbox.github.records.repositories import LabelRecord, RepositoryRecord
from bot.sandbox.github.urls import node_id
from bot.sandbox.github.views.common import account_view, maybe_app_view, maybe_moment, moment

DEFAULT_COLOR = "ededed"


def association(forge: Forge, repository: RepositoryRecord, account: AccountRecord) -> str:
    """Say how an account stands to a repository; GitHub says MEMBER and so on only to those who may see it."""
    if account.id == repository.owner.id:
        return "OWNER"
    known = (repository.id, account.id) in forge.state.roles
    return "COLLABORATOR" if known and account.type == "User" else "NONE"


def label_view(forge: Forge, repository: RepositoryRecord, name: str) -> JsonObject:
    """A label, by name."""
    label = forge.state.labels[repository.id, name.casefold()]
    return label_record_view(forge, repository, label)


def label_record_view(forge: Forge, repository: RepositoryRecord, label: LabelRecord) -> JsonObject:
    """A label."""
    return {
        "id": label.id,
        "node_id": node_id("LA", label.id),
        "url": f"{forge.urls.repository(repository)}/labels/{quote(label.name)}",
        "name": label.name,
        "color": label.color,
        "default": False,
        "description": label.description,
    }


def rollup_view(forge: Forge, subject: ReactionSubject, url: str) -> JsonObject:
    """How often each reaction was given."""
    given = [reaction.content for reaction in forge.state.reactions.get(subject, [])]
    counts = {content: given.count(content) for content in REACTIONS}
    return {"url": f"{url}/reactions", "total_count": len(given), **counts}


def reaction_view(forge: Forge, reaction: ReactionRecord) -> JsonObject:
    """A reaction."""
    return {
        "id": reaction.id,
        "node_id": node_id("REA", reaction.id),
        "user": account_view(forge, reaction.author),
        "content": reaction.content,
        "created_at": moment(reaction.created_at),
    }


def issue_page(forge: Forge, repository: RepositoryRecord, issue: IssueRecord) -> str:
    """The address of an issue's or pull request's page for people."""
    return f"{forge.urls.page(repository)}/{'pull' if issue.pull else 'issues'}/{issue.number}"


def issue_view(forge: Forge, repository: RepositoryRecord, issue: IssueRecord) -> JsonObject:
    """An issue; a pull request shown as an issue has the key `pull_request`."""
    url = f"{forge.urls.repository(repository)}/issues/{issue.number}"
    view: JsonObject = {
        "url": url,
        "repository_url": forge.urls.repository(repository),
        "labels_url": f"{url}/labels{{/name}}",
        "comments_url": f"{url}/comments",
        "events_url": f"{url}/events",
        "html_url": issue_page(forge, repository, issue),
        "id": issue.id,
        "node_id": node_id("PR" if issue.pull else "I", issue.id),
        "number": issue.number,
        "title": issue.title,
        "user": account_view(forge, issue.author),
        "labels": [label_view(forge, repository, name) for name in issue.labels],
        "state": issue.state,
        "locked": False,
        "assignee": account_view(forge, issue.assignees[0]) if issue.assignees else None,
        "assignees": [account_view(forge, account) for account in issue.assignees],
        "milestone": None,
        "comments": len(forge.state.thread[repository.id, issue.number]),
        "created_at": moment(issue.created_at),
        "updated_at": moment(issue.updated_at),
        "closed_at": maybe_moment(issue.closed_at),
        "author_association": association(forge, repository, issue.author),
        "active_lock_reason": None,
        "body": issue.body,
        "closed_by": account_view(forge, issue.closed_by) if issue.closed_by else None,
        "reactions": rollup_view(forge, ReactionSubject("issue", issue.id), url),
        "timeline_url": f"{url}/timeline",
        "performed_via_github_app": maybe_app_view(forge, issue.via_app),
        "state_reason": issue.state_reason,
    }
    if issue.pull is not None:
        page = issue_page(forge, repository, issue)
        view["draft"] = issue.pull.draft
        view["pull_request"] = {
            "url": f"{forge.urls.repository(repository)}/pulls/{issue.number}",
            "html_url": page,
            "diff_url": f"{page}.diff",
            "patch_url": f"{page}.patch",
            "merged_at": maybe_moment(issue.pull.merged_at),
        }
    return view


def comment_view(forge: Forge, repository: RepositoryRecord, comment: CommentRecord) -> JsonObject:
    """A comment on an issue or pull request."""
    api = forge.urls.repository(repository)
    url = f"{api}/issues/comments/{comment.id}"
    issue = forge.state.issues[repository.id, comment.number]
    return {
        "url": url,
        "html_url": f"{issue_page(forge, repository, issue)}#issuecomment-{comment.id}",
        "issue_url": f"{api}/issues/{comment.number}",
        "id": comment.id,
        "node_id": node_id("IC", comment.id),
        "user": account_view(forge, comment.author),
        "created_at": moment(comment.created_at),
        "updated_at": moment(comment.updated_at),
        "author_association": association(forge, repository, comment.author),
        "body": comment.body,
        "reactions": rollup_view(forge, ReactionSubject("comment", comment.id), url),
        "performed_via_github_app": maybe_app_view(forge, comment.via_app),
    }
