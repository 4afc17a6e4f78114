"""From one of our branches back to whoever asked: the commits on it, the comments that they name, its pull request.

Comments are read from GitHub, so that nobody is answered whom only a commit's text speaks of. Works as long as GitHub knows the
pull request, also when its branch is gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.clients.github.records import PullRequest
from bot.core.requests.branches import Branch
from bot.core.requests.commit_trailers import DISPATCHED, AsIn, Trailers, notes, read
from bot.errors import InvalidInput
from bot.model.environment import Request
from bot.names import Login
from bot.service.repository import Repository

MOST_COMMITS = 50
"""Commits of one proposal that are read. Each was requested by a comment, so no real pull request comes near; it bounds the requests."""


@dataclass(frozen=True, slots=True)
class RequestCommit:
    """A commit of ours, and what it says of itself: `notes` for people."""

    id: str
    trailers: Trailers
    notes: str = ""


@dataclass(frozen=True, slots=True)
class OwnProposal:
    """What is, or was, proposed on a branch. `commits` are ours, oldest first, on top of `base`."""

    branch: Branch
    tip: str
    base: str
    commits: tuple[RequestCommit, ...]
    pull: PullRequest | None

    @property
    def is_open(self) -> bool:
        return self.pull is not None and self.pull.state == "open"

    def by_comment(self, comment: int) -> RequestCommit | None:
        """Return the commit that a comment asked for."""
        return next((commit for commit in self.commits if commit.trailers.comment == comment), None)

    def by_origin(self, comment: int | None, url: str) -> RequestCommit | None:
        """Return the commit that a comment asked for, or, without one, that follows from what `url` shows."""
        if comment is not None:
            return self.by_comment(comment)
        own = [commit for commit in self.commits if commit.trailers.comment is None]
        found = next((commit for commit in reversed(own) if commit.trailers.url == url), None)
        if found is None or found.trailers.as_in is None:
            return found
        # A pull request that is tried may be set back to what it was at before: then what followed that is no longer what is there.
        newest = next(commit for commit in reversed(own) if commit.trailers.as_in is not None)
        is_merged = self.pull is not None and self.pull.is_merged and self.pull.head_sha == self.tip
        return found if found is newest and not is_merged else None

    @property
    def is_asked_for(self) -> bool:
        """Whether people, or another repository, asked for any of it, or nobody can tell; a rollout's own is asked for by nobody."""
        asked = (each.trailers.comment is not None or each.trailers.is_dispatched for each in self.commits)
        return not self.commits or any(asked)

    @property
    def dispatched(self) -> tuple[str, ...]:
        """The pages of the runs in other repositories that asked for it."""
        asked = (each.trailers for each in self.commits if each.trailers.is_dispatched)
        return tuple(dict.fromkeys(each.url.partition(DISPATCHED)[0] for each in asked))

    @property
    def rollout(self) -> str | None:
        """The address of the rollout's issue that the newest commit follows from."""
        newest = self.commits[-1].trailers if self.commits else None
        if newest is not None and (newest.as_in is not None or newest.is_dispatched or newest.is_codified):
            return None  # it follows a pull request that a clone tries, a run in another repository, or what its own plan wrote
        return newest.url or None if newest is not None and newest.comment is None else None


def proposal_on(repo: Repository, branch: Branch) -> OwnProposal | None:
    """Return what a branch proposes, or proposed last; None when there never was such a branch. Raises `Transient`.

    `repo` is fresh: the branch is read from its mirror.
    """
    pull = repo.pull_request(branch)
    tip = repo.proposed(branch) or (pull.head_sha if pull else None)
    if tip is None:
        return None
    base, commits = _commits(repo, branch, tip)
    return OwnProposal(branch, tip, base, commits, pull)


def proposed_on(repo: Repository, branch: Branch) -> OwnProposal | None:
    """Return what our newest pull request from a branch proposes, or proposed; None when we opened none. Raises `Transient`.

    Whatever else stands on a branch of that name, somebody else may have put there.
    """
    pull = repo.pull_request(branch)
    if pull is None:
        return None
    tip = (repo.proposed(branch) if pull.state == "open" else None) or pull.head_sha
    base, commits = _commits(repo, branch, tip)
    return OwnProposal(branch, tip, base, commits, pull)


def followed(proposal: OwnProposal) -> AsIn | None:
    """Return the environment, as it was at a commit, that the first of the commits follows which follow one."""
    return next((each.trailers.as_in for each in proposal.commits if each.trailers.as_in is not None), None)


def requests_of(repo: Repository, proposal: OwnProposal) -> Sequence[Request]:
    """Return the comments that asked for a proposal, oldest first; those that were deleted are left out. Raises `Transient`."""
    found: list[Request] = []
    for commit in proposal.commits:
        comment_id = commit.trailers.comment
        comment = repo.github.comment(repo.name, comment_id) if comment_id is not None else None
        if comment is None:
            continue
        try:
            by = Login(comment.author)
        except InvalidInput:
            continue
        found.append(Request(by=by, repository=repo.name, issue=comment.issue, comment=comment.id, url=comment.url))
    return found


def asked_here(repo: Repository, request: Request | None) -> Request | None:
    """Return the comment that asked for an environment, if it is in this repository, whatever that was called then. Raises `Transient`.

    A comment's id is GitHub's own, so a repository that has it is the one that was renamed or transferred, and no copy.
    """
    if request is None or request.repository.casefold() == repo.name.casefold():
        return request
    comment = repo.github.comment(repo.name, request.comment)
    if comment is None or comment.issue != request.issue:
        return None
    return request.model_copy(update={"repository": repo.name, "url": comment.url})


def _commits(repo: Repository, branch: Branch, tip: str) -> tuple[str, tuple[RequestCommit, ...]]:
    """Return where the branch began, and our commits on it, oldest first. People's commits, and merges of theirs, lie between.

    Our newest names the base. Without a base it is one commit: whoever merged may have squashed, and trailers travel with that.
    What was merged into the branch since is a part of the default branch, and so no change of this one.
    """
    commits: list[RequestCommit] = []
    commit, base, end = tip, "", repo.mirror.history.merge_base(tip, repo.commit)
    for _ in range(MOST_COMMITS):
        message = repo.mirror.history.message(commit)
        trailers = read(message)
        is_ours = trailers is not None and trailers.environment == branch.environment
        if trailers is not None and is_ours:
            commits.append(RequestCommit(commit, trailers, notes(message)))
            base = base or trailers.base
        parent = repo.mirror.history.parent(commit)
        if parent is None:
            break
        commit = parent
        if commit in (base, end) or (is_ours and not base):
            break
    return _began(repo, tip, base or commit, end), tuple(reversed(commits))


def _began(repo: Repository, tip: str, base: str, end: str | None) -> str:
    """Return the newer of the commit on which a branch began and the one of the default branch that it was brought up to since."""
    if end is None or end == tip:
        return base  # it is merged, and so all of it is a part of the default branch
    repo.mirror.history.message(base)  # brings the commit into the mirror
    return end if repo.mirror.history.is_merged(base, end) else base
