"""Ask GitHub whether somebody who may has approved a commit of a pull request. Whatever isn't known is no approval."""

from collections.abc import Iterator
from dataclasses import dataclass

from bot.clients.github import GitHubRefused
from bot.core.requests.approvals import CONTEXT, Said, approvers
from bot.core.requests.permissions import suffices
from bot.errors import Unverifiable
from bot.model.policy import Policy
from bot.names import EnvironmentName
from bot.runs.reviewed_commit import OnGitHub


@dataclass(frozen=True, slots=True)
class ProposedCommit:
    """The head of a pull request: what somebody approved, or not."""

    on: OnGitHub
    number: int
    commit: str

    def approved_by(self, name: EnvironmentName, policy: Policy) -> str | None:
        """Return who approved that this environment is planned at this commit, and may; None when nobody. Raises `Transient`, `Unverifiable`."""
        try:
            said = list(approvers(self._said(name, policy), self.commit))
        except GitHubRefused as refused:
            raise Unverifiable(
                f"GitHub doesn't say who approved this commit ({refused.message}). The job needs `pull-requests: read` and "
                "`statuses: read`: update the workflow on the default branch."
            ) from refused
        needed = policy.allow["plan_unproved"]
        return next((by for by in said if suffices(self.on.github.permission(self.on.repository, by), needed)), None)

    def _said(self, name: EnvironmentName, policy: Policy) -> Iterator[Said]:
        github, repository = self.on.github, self.on.repository
        for review in github.reviews(repository, self.number):
            yield Said(review.author, review.state, review.commit, review.submitted_at)
        if not policy.bot:
            return
        context = CONTEXT.format(environment=name)
        for status in github.statuses(repository, self.commit):
            is_the_bots = status.creator.casefold() == policy.bot.casefold()
            if is_the_bots and status.context == context and status.state == "success":
                yield Said(status.description, "APPROVED", self.commit, status.created_at)
