"""Issues of our own: found again by a hidden marker and by who wrote them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.clients.github.conversation import GHOST
from bot.clients.github.records import Issue, IssueStatus
from bot.clients.github.session import GitHubRefused, Session
from bot.core.markdown import bounded, titled
from bot.names import RepositoryName

if TYPE_CHECKING:
    from github.Issue import Issue as Remote
    from github.Repository import Repository


class Issues(Session):
    """A marker alone proves nothing, for anybody can copy it: an issue is ours when GitHub says that we opened it."""

    def find_issue(self, repository: RepositoryName, marker: str) -> Issue | None:
        """Return our oldest issue, open or closed, whose body holds the marker."""
        return next((one for one in self.our_issues(repository) if marker in one.body), None)

    def our_issues(self, repository: RepositoryName) -> list[Issue]:
        """Return the issues that we opened, open and closed, oldest first."""
        return self.issues_by(repository, self.identity())

    def issues_by(self, repository: RepositoryName, author: str) -> list[Issue]:
        """Return the issues that an account opened, open and closed, oldest first."""

        def read(repo: Repository) -> list[Issue]:
            from github.Issue import Issue as Remote  # noqa: PLC0415 (as in `session`)
            from github.PaginatedList import PaginatedList  # noqa: PLC0415

            # PyGithub wants a person here, and we are a bot.
            query = {"state": "all", "creator": author}
            found = PaginatedList(Remote, repo.requester, f"/repos/{repository}/issues", query)
            return [_issue(one) for one in found if one.pull_request is None]

        return sorted((one for one in self._read(repository, read) if one.author == author), key=lambda one: one.number)

    def issue(self, repository: RepositoryName, number: int) -> Issue:
        """Return an issue as it is now."""
        return self._read(repository, lambda repo: _issue(repo.get_issue(number)))

    def open_issue(self, repository: RepositoryName, title: str, body: str) -> Issue:
        """Open an issue. Look with `find_issue` first."""
        return self._create(repository, lambda repo: _issue(repo.create_issue(titled(title), bounded(body))))

    def edit_issue(
        self, repository: RepositoryName, issue: Issue, *, title: str, body: str, state: IssueStatus
    ) -> None:
        """Make an issue say this and be in this state; nothing is sent when it is so already. If somebody closes it meanwhile, it stays closed."""
        title, body = titled(title), bounded(body)
        if (issue.title, _normal(issue.body), issue.state) == (title, _normal(body), state):
            return

        def edit(repo: Repository) -> None:
            from github.GithubObject import NotSet  # noqa: PLC0415

            repo.get_issue(issue.number).edit(title=title, body=body, state=NotSet if state == issue.state else state)

        self._change(repository, edit)

    def labelled(self, repository: RepositoryName, label: str) -> list[Issue]:
        """Return the issues and pull requests with a label, open and closed."""
        return self._read(
            repository, lambda repo: [_issue(one) for one in repo.get_issues(state="all", labels=[label])]
        )

    def mark_issue(self, repository: RepositoryName, issue: Issue, label: str, *, has: bool) -> None:
        """Give an issue a label, or take it off."""
        if (label.casefold() in {each.casefold() for each in issue.labels}) == has:
            return
        if has:
            self._change(repository, lambda repo: repo.get_issue(issue.number).add_to_labels(label))
            return
        try:
            self._change(repository, lambda repo: repo.get_issue(issue.number).remove_from_labels(label))
        except GitHubRefused as refused:
            if refused.status != 404:  # somebody else was faster
                raise


def _normal(text: str) -> str:
    return text.replace("\r\n", "\n").strip()


def _issue(found: Remote) -> Issue:
    return Issue(
        number=found.number,
        title=found.title,
        body=found.body or "",
        author=found.user.login if found.user else GHOST,
        state="open" if found.state == "open" else "closed",
        url=found.html_url,
        labels=tuple(label.name for label in found.labels),
    )
