"""An issue or pull request with its conversation, as GitHub shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.sandbox.github.auth import RANK
from bot.sandbox.github.forge import Forge
from bot.sandbox.github.pulls import merge_state, missing_check
from bot.sandbox.github.records.accounts import AccountRecord
from bot.sandbox.github.records.issues import CommentRecord, IssueRecord, ReactionSubject
from bot.sandbox.github.records.repositories import RepositoryRecord
from bot.sandbox.pages.calls import PageAnswer, PageCall, PageMoved, Shown
from bot.sandbox.pages.pulls import ShownCheck, checks_of, pull_counts

_VERDICTS = {
    "APPROVED": "approved these changes",
    "CHANGES_REQUESTED": "requested changes",
    "COMMENTED": "reviewed",
    "DISMISSED": "had a review dismissed",
}


@dataclass(frozen=True, slots=True)
class Utterance:
    """Somebody's words, or (without a body) something that somebody did."""

    anchor: str
    author: AccountRecord
    at: datetime
    said: str
    body: str | None = None
    reactions: Sequence[tuple[str, int]] = ()
    is_edited: bool = False


@dataclass(frozen=True, slots=True)
class MergeBox:
    """Whether a pull request can be merged: GitHub's word for it, why not, and the checks of its head."""

    state: str
    reason: str | None
    checks: Sequence[ShownCheck]


def conversation(call: PageCall) -> PageAnswer:
    """An issue or a pull request; under the other's address, it is shown at its own."""
    repository = call.repository()
    issue = call.forge.issue(repository, call.number("number"))
    own = f"/{repository.full_name}/{'pull' if issue.pull else 'issues'}/{issue.number}"
    if call.address != own:
        return PageMoved(own)
    content = {
        "issue": issue,
        "timeline": timeline(call.forge, repository, issue),
        "people": people(call.forge, repository),
        "merge": _merge_box(call.forge, repository, issue),
        "counts": pull_counts(call.forge, repository, issue),
        "pull_tab": "conversation",
    }
    title = f"{issue.title} · #{issue.number}"
    return Shown("conversation.html", title, content, repository, "pulls" if issue.pull else "issues", is_live=True)


def timeline(forge: Forge, repository: RepositoryRecord, issue: IssueRecord) -> Sequence[Utterance]:
    """Return all that was said and done, oldest first, the issue's own text at its head."""
    opening = Utterance(
        f"issue-{issue.id}",
        issue.author,
        issue.created_at,
        "opened this",
        issue.body or "",
        _reactions(forge, ReactionSubject("issue", issue.id)),
    )
    later = [_comment(forge, comment) for comment in forge.state.comments_of(issue)]
    for review in forge.state.reviews[repository.id, issue.number]:
        said = _VERDICTS.get(review.state, review.state.lower())
        later.append(
            Utterance(f"pullrequestreview-{review.id}", review.author, review.submitted_at, said, review.body or None)
        )
    later += _end(issue)
    return [opening, *sorted(later, key=lambda each: each.at)]


def _comment(forge: Forge, comment: CommentRecord) -> Utterance:
    return Utterance(
        f"issuecomment-{comment.id}",
        comment.author,
        comment.created_at,
        "commented",
        comment.body,
        _reactions(forge, ReactionSubject("comment", comment.id)),
        comment.updated_at > comment.created_at,
    )


def _end(issue: IssueRecord) -> Sequence[Utterance]:
    pull = issue.pull
    if pull is not None and pull.merged_at is not None and pull.merged_by is not None:
        said = f"merged commit {(pull.merge_commit_sha or '')[:7]} into {pull.base_ref}"
        return [Utterance("merged", pull.merged_by, pull.merged_at, said)]
    if issue.closed_at is not None and issue.closed_by is not None:
        return [Utterance("closed", issue.closed_by, issue.closed_at, "closed this")]
    return []


def _reactions(forge: Forge, subject: ReactionSubject) -> Sequence[tuple[str, int]]:
    return tuple(Counter(each.content for each in forge.state.reactions.get(subject, ())).items())


def people(forge: Forge, repository: RepositoryRecord) -> Sequence[tuple[str, str]]:
    """Return who may take part in a conversation, with their roles, the one with the most rights last."""
    accounts = [account for account in forge.state.accounts.values() if account.type == "User"]
    found = [(account.login, forge.state.role(repository, account)) for account in accounts]
    return sorted((each for each in found if each[1] != "none"), key=lambda each: (RANK[each[1]], each[0]))


def _merge_box(forge: Forge, repository: RepositoryRecord, issue: IssueRecord) -> MergeBox | None:
    if issue.pull is None:
        return None
    state = merge_state(forge, repository, issue, issue.pull)
    reason = missing_check(forge, repository, issue.pull) if state == "blocked" else None
    return MergeBox(state, reason, checks_of(forge, repository, issue.pull.head_sha))
