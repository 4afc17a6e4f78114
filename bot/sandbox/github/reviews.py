"""Reviews of pull requests: who approved what, at which commit."""

from __future__ import annotations

from typing import Literal, TypeAlias

from bot.sandbox.github.answers import ApiError
from bot.sandbox.github.events import announce
from bot.sandbox.github.forge import Act
from bot.sandbox.github.records.checks import JsonObject
from bot.sandbox.github.records.issues import IssueRecord, ReviewRecord
from bot.sandbox.github.urls import node_id
from bot.sandbox.github.views.common import account_view, moment
from bot.sandbox.github.views.issues import association, issue_page
from bot.sandbox.github.views.pulls import full_pull_view

Verdict: TypeAlias = Literal["APPROVE", "REQUEST_CHANGES", "COMMENT"]
_STATES: dict[Verdict, str] = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


def submit_review(act: Act, issue: IssueRecord, verdict: Verdict, *, body: str = "", sha: str = "") -> ReviewRecord:
    """Write a review of the head, or of the commit that is named. Raises 422 for an author who judges their own."""
    pull = issue.pull
    assert pull is not None
    if verdict != "COMMENT" and act.by.account.id == issue.author.id:
        said = "approve" if verdict == "APPROVE" else "request changes on"
        raise ApiError(422, f"Review Can not {said} your own pull request")
    state = act.forge.state
    review = ReviewRecord(state.next_id(), sha or pull.head_sha, _STATES[verdict], body, act.by.account, state.clock())
    state.reviews[act.repository.id, issue.number].append(review)
    if act.forge.address:  # a payload says in lower case what the REST API says in capitals
        view = {**review_view(act, issue, review), "state": review.state.lower()}
        shown = full_pull_view(act.forge, act.repository, issue, pull, "unknown")
        announce(act, "pull_request_review", {"action": "submitted", "pull_request": shown, "review": view})
    return review


def review_view(act: Act, issue: IssueRecord, review: ReviewRecord) -> JsonObject:
    """A review as GitHub shows it."""
    page = issue_page(act.forge, act.repository, issue)
    url = f"{act.forge.urls.repository(act.repository)}/pulls/{issue.number}"
    html_url = f"{page}#pullrequestreview-{review.id}"
    return {
        "id": review.id,
        "node_id": node_id("PRR", review.id),
        "user": account_view(act.forge, review.author),
        "body": review.body,
        "state": review.state,
        "html_url": html_url,
        "pull_request_url": url,
        "author_association": association(act.forge, act.repository, review.author),
        "_links": {"html": {"href": html_url}, "pull_request": {"href": url}},
        "submitted_at": moment(review.submitted_at),
        "commit_id": review.sha,
    }
