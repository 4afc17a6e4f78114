"""GitHub's JSON for commits, changed files and pull requests."""

from __future__ import annotations

from urllib.parse import quote

from bot.sandbox.github.forge import Forge
from bot.sandbox.github.git.bare import BareCommit, Signature, TreeChange
from bot.sandbox.github.git.changes import EMPTY_TREE, changes_between
from bot.sandbox.github.records.accounts import AccountRecord
from bot.sandbox.github.records.checks import JsonObject
from bot.sandbox.github.records.issues import IssueRecord, PullRecord
from bot.sandbox.github.records.repositories import RepositoryRecord
from bot.sandbox.github.urls import node_id
from bot.sandbox.github.views.common import account_view, maybe_moment, moment, repository_view
from bot.sandbox.github.views.issues import association, issue_page, label_view


def signature_view(signature: Signature) -> JsonObject:
    """Who made a commit, and when."""
    return {"name": signature.name, "email": signature.email, "date": moment(signature.date)}


def account_behind(forge: Forge, signature: Signature) -> AccountRecord | None:
    """Return the account whose address a commit carries."""
    return next((a for a in forge.state.accounts.values() if a.email == signature.email), None)


def commit_view(forge: Forge, repository: RepositoryRecord, commit: BareCommit) -> JsonObject:
    """A commit as lists show it."""
    api = forge.urls.repository(repository)
    page = forge.urls.page(repository)
    author = account_behind(forge, commit.author)
    committer = account_behind(forge, commit.committer)
    return {
        "sha": commit.sha,
        "node_id": node_id("C", commit.sha),
        "commit": {
            "author": signature_view(commit.author),
            "committer": signature_view(commit.committer),
            "message": commit.message,
            "tree": {"sha": commit.tree, "url": f"{api}/git/trees/{commit.tree}"},
            "url": f"{api}/git/commits/{commit.sha}",
            "comment_count": 0,
            "verification": {
                "verified": False,
                "reason": "unsigned",
                "signature": None,
                "payload": None,
                "verified_at": None,
            },
        },
        "url": f"{api}/commits/{commit.sha}",
        "html_url": f"{page}/commit/{commit.sha}",
        "comments_url": f"{api}/commits/{commit.sha}/comments",
        "author": account_view(forge, author) if author else None,
        "committer": account_view(forge, committer) if committer else None,
        "parents": [
            {"sha": sha, "url": f"{api}/commits/{sha}", "html_url": f"{page}/commit/{sha}"} for sha in commit.parents
        ],
    }


def full_commit_view(forge: Forge, repository: RepositoryRecord, commit: BareCommit) -> JsonObject:
    """A commit with its files and counts, against its first parent."""
    parent = commit.parents[0] if commit.parents else EMPTY_TREE
    changes = changes_between(forge.bare(repository), parent, commit.sha)
    additions = sum(change.additions for change in changes)
    deletions = sum(change.deletions for change in changes)
    return {
        **commit_view(forge, repository, commit),
        "stats": {"total": additions + deletions, "additions": additions, "deletions": deletions},
        "files": [change_view(forge, repository, commit.sha, change) for change in changes],
    }


def change_view(forge: Forge, repository: RepositoryRecord, sha: str, change: TreeChange) -> JsonObject:
    """A changed file (a "diff entry")."""
    path = quote(change.path)
    page = forge.urls.page(repository)
    view: JsonObject = {
        "sha": change.blob,
        "filename": change.path,
        "status": change.status,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "blob_url": f"{page}/blob/{sha}/{path}",
        "raw_url": f"{page}/raw/{sha}/{path}",
        "contents_url": f"{forge.urls.repository(repository)}/contents/{path}?ref={sha}",
    }
    if change.previous_path is not None:
        view["previous_filename"] = change.previous_path
    if change.patch:
        view["patch"] = change.patch
    return view


def _side_view(forge: Forge, repository: RepositoryRecord, ref: str, sha: str) -> JsonObject:
    return {
        "label": f"{repository.owner.login}:{ref}",
        "ref": ref,
        "sha": sha,
        "user": account_view(forge, repository.owner),
        "repo": repository_view(forge, repository),
    }


def _links_view(api: str, page: str, number: int, sha: str) -> JsonObject:
    pull = f"{api}/pulls/{number}"
    links = {
        "self": pull,
        "html": page,
        "issue": f"{api}/issues/{number}",
        "comments": f"{api}/issues/{number}/comments",
        "review_comments": f"{pull}/comments",
        "review_comment": f"{api}/pulls/comments{{/number}}",
        "commits": f"{pull}/commits",
        "statuses": f"{api}/statuses/{sha}",
    }
    return {name: {"href": href} for name, href in links.items()}


def pull_view(forge: Forge, repository: RepositoryRecord, issue: IssueRecord, pull: PullRecord) -> JsonObject:
    """A pull request as lists show it."""
    is_own = pull.head_repository_id == repository.id
    head_repository = repository if is_own else forge.state.repository_of(pull.head_repository_id)
    api = forge.urls.repository(repository)
    page = issue_page(forge, repository, issue)
    url = f"{api}/pulls/{issue.number}"
    return {
        "url": url,
        "id": pull.id,
        "node_id": node_id("PR", pull.id),
        "html_url": page,
        "diff_url": f"{page}.diff",
        "patch_url": f"{page}.patch",
        "issue_url": f"{api}/issues/{issue.number}",
        "commits_url": f"{url}/commits",
        "review_comments_url": f"{url}/comments",
        "review_comment_url": f"{api}/pulls/comments{{/number}}",
        "comments_url": f"{api}/issues/{issue.number}/comments",
        "statuses_url": f"{api}/statuses/{pull.head_sha}",
        "number": issue.number,
        "state": issue.state,
        "locked": False,
        "title": issue.title,
        "user": account_view(forge, issue.author),
        "body": issue.body,
        "created_at": moment(issue.created_at),
        "updated_at": moment(issue.updated_at),
        "closed_at": maybe_moment(issue.closed_at),
        "merged_at": maybe_moment(pull.merged_at),
        "merge_commit_sha": pull.merge_commit_sha,
        "assignee": account_view(forge, issue.assignees[0]) if issue.assignees else None,
        "assignees": [account_view(forge, account) for account in issue.assignees],
        "requested_reviewers": [account_view(forge, account) for account in pull.reviewers],
        "requested_teams": [],
        "labels": [label_view(forge, repository, name) for name in issue.labels],
        "milestone": None,
        "draft": pull.draft,
        "head": _side_view(forge, head_repository, pull.head_ref, pull.head_sha),
        "base": _side_view(forge, repository, pull.base_ref, pull.base_sha),
        "_links": _links_view(api, page, issue.number, pull.head_sha),
        "author_association": association(forge, repository, issue.author),
        "auto_merge": None,
        "active_lock_reason": None,
    }


def full_pull_view(
    forge: Forge, repository: RepositoryRecord, issue: IssueRecord, pull: PullRecord, merge_state: str
) -> JsonObject:
    """A pull request by itself. `merge_state` is `unknown` while GitHub still works it out (then mergeable is null)."""
    commits, additions, deletions, files = measure(forge, repository, pull)
    mergeable = None if merge_state == "unknown" else merge_state != "dirty"
    return {
        **pull_view(forge, repository, issue, pull),
        "merged": pull.merged_at is not None,
        "mergeable": mergeable,
        "rebaseable": mergeable,
        "mergeable_state": merge_state,
        "merged_by": account_view(forge, pull.merged_by) if pull.merged_by else None,
        "comments": len(forge.state.thread[repository.id, issue.number]),
        "review_comments": 0,
        "maintainer_can_modify": False,
        "commits": commits,
        "additions": additions,
        "deletions": deletions,
        "changed_files": files,
    }


def measure(forge: Forge, repository: RepositoryRecord, pull: PullRecord) -> tuple[int, int, int, int]:
    """Count commits, added lines, removed lines and files of a pull request."""
    key = (pull.base_sha, pull.head_sha)
    if key not in forge.measured:
        bare = forge.bare(repository)
        base = bare.merge_base(*key) or EMPTY_TREE
        commits = int(bare.text("rev-list", "--count", f"{pull.base_sha}..{pull.head_sha}"))
        rows = [line.split("\t", 2) for line in bare.text("diff", "--numstat", "-M", base, pull.head_sha).splitlines()]
        added, deleted = (sum(int(row[side]) for row in rows if row[side] != "-") for side in (0, 1))
        forge.measured[key] = (commits, added, deleted, len(rows))
    return forge.measured[key]
