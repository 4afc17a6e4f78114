"""Pull requests."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.clients.github.conversation import GHOST
from bot.clients.github.records import PullRequest, PullRequestSpec
from bot.clients.github.session import GitHubRefused, Session
from bot.core.markdown import bounded, titled
from bot.names import RepositoryName

if TYPE_CHECKING:
    from github.PullRequest import PullRequest as Remote
    from github.Repository import Repository

log = logging.getLogger(__name__)


class PullRequests(Session):
    """Pull requests of a repository. Branches are short names (`envclone/demo-x`), always of the repository itself."""

    def open_pull_requests(self, repository: RepositoryName) -> list[PullRequest]:
        """Return all open pull requests, forks' too, oldest first."""
        return self._pulls(repository, state="open")

    def pull_request(self, repository: RepositoryName, number: int) -> PullRequest | None:
        """Return a pull request, or None when there is none of this number."""
        try:
            return self._read(repository, lambda repo: _pull(repo.get_pull(number)))
        except GitHubRefused as refused:
            if refused.status != 404:
                raise
            return None

    def pull_request_for_head(self, repository: RepositoryName, branch: str) -> PullRequest | None:
        """Return our open pull request from a branch; else our newest closed or merged one; else None.

        Whoever may push can make a branch of that name, and a pull request from it: only what we opened ourselves is ours.
        """
        us = self.identity().casefold()
        found = [one for one in self._from_branch(repository, branch) if one.author.casefold() == us]
        return next((one for one in found if one.state == "open"), found[-1] if found else None)

    def open_from(self, repository: RepositoryName, branch: str) -> list[PullRequest]:
        """Return the open pull requests from a branch, whoever opened them: into each base there may be one."""
        return [one for one in self._from_branch(repository, branch) if one.state == "open"]

    def merged_pull_request_for_head(self, repository: RepositoryName, branch: str) -> PullRequest | None:
        """Return our newest pull request from a branch that was merged, also while a newer one is open; else None."""
        us = self.identity().casefold()
        merged = [one for one in self._from_branch(repository, branch) if one.is_merged and one.author.casefold() == us]
        return merged[-1] if merged else None

    def strangers_pull_request(self, repository: RepositoryName, branch: str) -> PullRequest | None:
        """Return the open pull request from a branch that somebody else opened, if there is one."""
        us = self.identity().casefold()
        return next((one for one in self.open_from(repository, branch) if one.author.casefold() != us), None)

    def pull_requests_for_commit(self, repository: RepositoryName, sha: str) -> list[PullRequest]:
        """Return the pull requests that a commit belongs to, or that brought it to its branch."""
        return self._read(repository, lambda repo: [_pull(one) for one in repo.get_commit(sha).get_pulls()])

    def ensure_pull_request(self, repository: RepositoryName, proposal: PullRequestSpec) -> PullRequest:
        """Find the pull request of a branch, or open it; bring title, body and labels up to date while it is open.

        One that a person closed, or that was merged, stays as it is as long as the branch still points where it did then:
        the same request is not proposed twice.
        """
        found = self._proposed(repository, proposal.head)
        if found is None:
            found = self._open(repository, proposal)
        if found.state == "closed":
            return found
        found = self._brought_up_to_date(repository, found, proposal)
        found = self._labelled(repository, found, proposal)
        self._ask(repository, found, proposal)
        return found

    def new_pull_request(self, repository: RepositoryName, proposal: PullRequestSpec) -> PullRequest | None:
        """Open the pull request of a branch that was pushed just now, without looking for one first; None when there is one."""
        try:
            found = self._created(repository, proposal)
        except GitHubRefused as refused:
            if refused.status != 422:
                raise
            return None
        found = self._labelled(repository, found, proposal)
        self._ask(repository, found, proposal)
        return found

    def close_pull_request(self, repository: RepositoryName, number: int) -> None:
        """Close a pull request without merging it; one that is closed stays so."""
        self._change(repository, lambda repo: repo.get_pull(number).edit(state="closed"))

    def merge(self, repository: RepositoryName, number: int, head_sha: str) -> bool:
        """Merge a pull request if its head is still `head_sha` and its branch's rules allow it; say whether it was merged."""
        for method in ("merge", "squash", "rebase"):  # a repository may allow only one of them
            try:
                done = self._change(
                    repository,
                    lambda repo, how=method: repo.get_pull(number).merge(sha=head_sha, merge_method=how),  # type: ignore[misc]
                )
            except GitHubRefused as refused:
                if refused.status not in (405, 409):
                    raise
                log.info("not merged: %s", refused, extra={"action": "merge", "pull_request": number})
            else:
                return bool(done.merged)
        return False

    def _proposed(self, repository: RepositoryName, head: str) -> PullRequest | None:
        found = self.pull_request_for_head(repository, head)
        if found is None or found.state == "open":
            return found
        path = f"/repos/{repository}/git/ref/heads/{head}"
        try:
            _, branch = self._read(repository, lambda repo: repo.requester.requestJsonAndCheck("GET", path))
        except GitHubRefused as refused:
            if refused.status != 404:
                raise
            return found
        return found if branch["object"]["sha"] == found.head_sha else None

    def _open(self, repository: RepositoryName, proposal: PullRequestSpec) -> PullRequest:
        try:
            return self._created(repository, proposal)
        except GitHubRefused as refused:
            # "A pull request already exists": another writer was faster, or the answer to our own request was lost.
            found = self.pull_request_for_head(repository, proposal.head) if refused.status == 422 else None
            if found is None or found.state != "open":
                raise
            return found

    def _created(self, repository: RepositoryName, proposal: PullRequestSpec) -> PullRequest:
        base, head = proposal.base, proposal.head
        title, body = titled(proposal.title), bounded(proposal.body)
        return self._create(repository, lambda repo: _pull(repo.create_pull(base, head, title=title, body=body)))

    def _brought_up_to_date(
        self, repository: RepositoryName, found: PullRequest, proposal: PullRequestSpec
    ) -> PullRequest:
        title, body = titled(proposal.title), bounded(proposal.body)
        if found.title == title and found.body.replace("\r\n", "\n").strip() == body.strip():
            return found

        def edit(repo: Repository) -> PullRequest:
            pull = repo.get_pull(found.number)
            pull.edit(title=title, body=body)
            return _pull(pull)

        return self._change(repository, edit)

    def _labelled(self, repository: RepositoryName, found: PullRequest, proposal: PullRequestSpec) -> PullRequest:
        held = {label.casefold() for label in found.labels}
        missing = [label for label in proposal.labels if label.casefold() not in held]
        if missing:
            self._change(repository, lambda repo: repo.get_issue(found.number).add_to_labels(*missing))
        return replace(found, labels=(*found.labels, *missing))

    def _ask(self, repository: RepositoryName, found: PullRequest, proposal: PullRequestSpec) -> None:
        wanted = [str(login) for login in proposal.reviewers if login.casefold() != found.author.casefold()]
        if not wanted:
            return
        try:
            self._change(repository, lambda repo: repo.get_pull(found.number).create_review_request(reviewers=wanted))
        except GitHubRefused as refused:
            # A reviewer who left the organisation must not keep anybody from cloning.
            if refused.status not in (404, 422):
                raise
            log.warning(
                "reviewers could not be asked: %s", refused, extra={"action": "ask", "pull_request": found.number}
            )

    def _from_branch(self, repository: RepositoryName, branch: str) -> list[PullRequest]:
        owner = repository.partition("/")[0]
        found = self._pulls(repository, state="all", head=f"{owner}:{branch}")
        # GitHub ignores a filter that it can't read, and a fork of the same owner has the same label.
        return [one for one in found if one.head == branch and one.is_from(repository)]

    def _pulls(self, repository: RepositoryName, **query: str) -> list[PullRequest]:
        found = self._read(repository, lambda repo: [_pull(one) for one in repo.get_pulls(**query)])
        return sorted(found, key=lambda one: one.number)


def _pull(found: Remote) -> PullRequest:
    source = found.head.repo
    return PullRequest(
        number=found.number,
        title=found.title,
        body=found.body or "",
        url=found.html_url,
        author=found.user.login if found.user else GHOST,
        state="open" if found.state == "open" else "closed",
        is_merged=found.merged_at is not None,
        head=found.head.ref,
        head_sha=found.head.sha,
        head_repository=RepositoryName(source.full_name) if source else None,
        base=found.base.ref,
        base_sha=found.base.sha,
        merge_commit_sha=found.merge_commit_sha,
        labels=tuple(label.name for label in found.labels),
        closed_at=found.closed_at,
    )
