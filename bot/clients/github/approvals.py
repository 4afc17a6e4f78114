"""What people and the bot said of a commit: reviews of a pull request, and commit statuses. GitHub says who wrote each."""

from typing import Any, TypeAlias

from bot.clients.github.conversation import GHOST
from bot.clients.github.records import CommitStatus, PullRequestReview, StatusState
from bot.clients.github.session import Session
from bot.names import RepositoryName

JsonObject: TypeAlias = dict[str, Any]

MOST_PAGES = 20
"""Of a hundred each. A pull request with more reviews than that is one that nobody can follow; what is beyond counts for nothing."""


class Approvals(Session):
    """Reviews and statuses."""

    def reviews(self, repository: RepositoryName, number: int) -> list[PullRequestReview]:
        """Return the reviews of a pull request, oldest first."""
        found = self._pages(repository, f"/repos/{repository}/pulls/{number}/reviews")
        return [
            PullRequestReview(
                each["id"],
                (each.get("user") or {}).get("login") or GHOST,
                each["state"],
                each["commit_id"] or "",
                each.get("submitted_at") or "",
            )
            for each in found
        ]

    def statuses(self, repository: RepositoryName, sha: str) -> list[CommitStatus]:
        """Return the statuses of a commit, newest first."""
        found = self._pages(repository, f"/repos/{repository}/commits/{sha}/statuses")
        return [
            CommitStatus(
                each["context"],
                (each.get("creator") or {}).get("login") or GHOST,
                each.get("description") or "",
                each["state"],
                each["created_at"],
            )
            for each in found
        ]

    def set_status(
        self, repository: RepositoryName, sha: str, context: str, description: str, *, state: StatusState = "success"
    ) -> None:
        """Add a status to a commit, unless we said the same last. A description has 140 characters."""
        us = self.identity().casefold()
        said = [
            one for one in self.statuses(repository, sha) if one.creator.casefold() == us and one.context == context
        ]
        if said and (said[0].description, said[0].state) == (description, state):
            return
        body = {"state": state, "context": context, "description": description}
        path = f"/repos/{repository}/statuses/{sha}"
        self._create(repository, lambda repo: repo.requester.requestJsonAndCheck("POST", path, input=body))

    def _pages(self, repository: RepositoryName, path: str) -> list[JsonObject]:
        found: list[JsonObject] = []
        for page in range(1, MOST_PAGES + 1):
            query = {"per_page": "100", "page": str(page)}
            answer = self._read(
                repository,
                lambda repo, asked=query: repo.requester.requestJsonAndCheck("GET", path, parameters=asked)[1],  # type: ignore[misc]
            )
            found += answer
            if len(answer) < 100:
                break
        return found
