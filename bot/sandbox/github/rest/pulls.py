"""REST: pull requests."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.sandbox.github.answers import ApiError, RestAnswer
from bot.sandbox.github.auth import read, write
from bot.sandbox.github.git.changes import changes_between
from bot.sandbox.github.issues import Edit, IssueText, edit_issue
from bot.sandbox.github.pulls import Merge, PullSpec, merge_pull, merge_state, open_pull, request_reviews, retargeted
from bot.sandbox.github.records.issues import IssueRecord, PullRecord
from bot.sandbox.github.records.repositories import RepositoryRecord
from bot.sandbox.github.rest.routing import Operations, RequestBody, RestCall
from bot.sandbox.github.reviews import Verdict, review_view, submit_review
from bot.sandbox.github.views.pulls import change_view, commit_view, full_pull_view, pull_view

table = Operations()
READ = read("pull_requests")
WRITE = write("pull_requests")


class NewPull(RequestBody):
    """Body of "create a pull request"."""

    title: str
    head: str
    base: str
    body: str | None = None
    draft: bool = False


class PullEdit(RequestBody):
    """Body of "update a pull request"."""

    title: str | None = None
    body: str | None = None
    state: Literal["open", "closed"] | None = None
    base: str | None = None


class ReviewRequest(RequestBody):
    """Body of "request reviewers"; there are no teams here."""

    reviewers: list[str] = Field(default_factory=list)


class NewReview(RequestBody):
    """Body of "create a review"; without an event it would stay a draft, which the sandbox does not know."""

    event: Verdict
    body: str | None = None
    commit_id: str | None = None


class MergeRequest(RequestBody):
    """Body of "merge a pull request"."""

    commit_title: str | None = None
    commit_message: str | None = None
    sha: str | None = None
    merge_method: Literal["merge", "squash", "rebase"] = "merge"


def _found(call: RestCall, repository: RepositoryRecord) -> tuple[IssueRecord, PullRecord]:
    issue = call.forge.pull(repository, call.number("number"))
    assert issue.pull is not None
    return issue, issue.pull


def _full(call: RestCall, repository: RepositoryRecord, issue: IssueRecord) -> dict[str, object]:
    assert issue.pull is not None
    state = merge_state(call.forge, repository, issue, issue.pull)
    return full_pull_view(call.forge, repository, issue, issue.pull, state)


@table.on("GET", "/repos/{owner}/{repo}/pulls")
def list_pulls(call: RestCall) -> RestAnswer:
    """Pull requests; `state` (open), `head` (`owner:branch`) and `base` filter, `sort` and `direction` order."""
    repository = call.repository(READ)
    state = call.query.get("state", "open")
    base = call.query.get("base", "")
    owner, colon, branch = call.query.get("head", "").partition(":")
    # Without an owner GitHub ignores the filter: clients that forget it must find out here, too.
    source = repository if owner.casefold() == repository.owner.login.casefold() else None
    source = source or call.forge.state.fork_of(repository, owner)
    found = [
        (issue, issue.pull)
        for issue in call.forge.state.issues_of(repository)
        if issue.pull is not None
        and state in ("all", issue.state)
        and base in ("", issue.pull.base_ref)
        and (not colon or (source and (source.id, branch) == (issue.pull.head_repository_id, issue.pull.head_ref)))
    ]
    if call.query.get("sort") == "updated":
        found.sort(key=lambda pair: pair[0].updated_at, reverse=True)
    if call.query.get("direction") == "asc":
        found.reverse()
    return call.listing(found, lambda pair: pull_view(call.forge, repository, *pair))


@table.on("POST", "/repos/{owner}/{repo}/pulls")
def create_pull(call: RestCall) -> RestAnswer:
    """Open a pull request; `mergeable` is null at first, as on GitHub."""
    repository = call.repository(write("pull_requests", role="read"))
    new = call.body(NewPull)
    proposal = PullSpec(IssueText(new.title, new.body), new.head, new.base, new.draft)
    issue = open_pull(call.act(repository), proposal)
    assert issue.pull is not None
    location = f"{call.forge.urls.repository(repository)}/pulls/{issue.number}"
    view = full_pull_view(call.forge, repository, issue, issue.pull, "unknown")
    return RestAnswer(view, 201, {"Location": location})


@table.on("GET", "/repos/{owner}/{repo}/pulls/{number}")
def get_pull(call: RestCall) -> RestAnswer:
    """One pull request, with whether it merges."""
    repository = call.repository(READ)
    issue, _ = _found(call, repository)
    return RestAnswer(_full(call, repository, issue))


@table.on("PATCH", "/repos/{owner}/{repo}/pulls/{number}")
def update_pull(call: RestCall) -> RestAnswer:
    """Change title, body, state or the branch that it is to be merged into."""
    repository = call.repository(write("pull_requests", role="read"))
    issue, pull = _found(call, repository)
    edit = call.body(PullEdit)
    if issue.author.id != call.by.account.id:
        call.repository(WRITE)
    if edit.base is not None and edit.base != pull.base_ref:
        issue = retargeted(call.act(repository), issue, edit.base)
    issue = edit_issue(call.act(repository), issue, Edit(edit.title, edit.body, edit.state))
    return RestAnswer(_full(call, repository, issue))


@table.on("GET", "/repos/{owner}/{repo}/pulls/{number}/files")
def list_files(call: RestCall) -> RestAnswer:
    """The changed files, against the merge base."""
    repository = call.repository(READ)
    _, pull = _found(call, repository)
    bare = call.forge.bare(repository)
    base = bare.merge_base(pull.base_sha, pull.head_sha) or pull.base_sha
    changes = changes_between(bare, base, pull.head_sha)
    return call.listing(changes, lambda change: change_view(call.forge, repository, pull.head_sha, change))


@table.on("GET", "/repos/{owner}/{repo}/pulls/{number}/commits")
def list_commits(call: RestCall) -> RestAnswer:
    """The commits, oldest first."""
    repository = call.repository(READ)
    _, pull = _found(call, repository)
    commits = call.forge.bare(repository).commits("--reverse", f"{pull.base_sha}..{pull.head_sha}")
    return call.listing(commits, lambda commit: commit_view(call.forge, repository, commit))


@table.on("POST", "/repos/{owner}/{repo}/pulls/{number}/requested_reviewers")
def request_reviewers(call: RestCall) -> RestAnswer:
    """Ask people for their review."""
    repository = call.repository(WRITE)
    issue, _ = _found(call, repository)
    issue = request_reviews(call.act(repository), issue, call.body(ReviewRequest).reviewers)
    assert issue.pull is not None
    return RestAnswer(pull_view(call.forge, repository, issue, issue.pull), 201)


@table.on("GET", "/repos/{owner}/{repo}/pulls/{number}/reviews")
def list_reviews(call: RestCall) -> RestAnswer:
    """The reviews, oldest first."""
    repository = call.repository(READ)
    issue, _ = _found(call, repository)
    act = call.act(repository)
    found = call.forge.state.reviews[repository.id, issue.number]
    return call.listing(found, lambda review: review_view(act, issue, review))


@table.on("POST", "/repos/{owner}/{repo}/pulls/{number}/reviews")
def create_review(call: RestCall) -> RestAnswer:
    """Approve, ask for changes, or remark."""
    repository = call.repository(write("pull_requests", role="read"))
    issue, _ = _found(call, repository)
    new, act = call.body(NewReview), call.act(repository)
    review = submit_review(act, issue, new.event, body=new.body or "", sha=new.commit_id or "")
    return RestAnswer(review_view(act, issue, review))


@table.on("GET", "/repos/{owner}/{repo}/pulls/{number}/merge")
def is_merged(call: RestCall) -> RestAnswer:
    """204 when merged, else 404."""
    repository = call.repository(READ)
    _, pull = _found(call, repository)
    if pull.merged_at is None:
        raise ApiError(404, "Not Found")
    return RestAnswer(status=204)


@table.on("PUT", "/repos/{owner}/{repo}/pulls/{number}/merge")
def merge(call: RestCall) -> RestAnswer:
    """Merge: 405 when it can't be, 409 when the head is not `sha`."""
    repository = call.repository(write("contents"))
    issue, _ = _found(call, repository)
    wanted = call.body(MergeRequest)
    how = Merge(wanted.merge_method, wanted.sha, wanted.commit_title, wanted.commit_message)
    issue = merge_pull(call.act(repository), issue, how)
    assert issue.pull is not None
    return RestAnswer(
        {"sha": issue.pull.merge_commit_sha, "merged": True, "message": "Pull Request successfully merged"}
    )
