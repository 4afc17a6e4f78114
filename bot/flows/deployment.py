"""Tell GitHub how an apply goes: a deployment with statuses, a check on the commit, a comment on the pull request."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from bot.clients.github import CheckState, DeploymentStatus, GitHub, Refused
from bot.clients.transient import Transient
from bot.core.apply_outcome import ApplyOutcome
from bot.core.apply_summary import comment, marker, refusal, summary, title
from bot.core.summary import COMMENT_LIMIT
from bot.flows.applying import ApplyRequest
from bot.names import RepositoryName

CHECK = "envclone/apply: {environment}"
CHECK_LIMIT = 65_535
"""Bytes of a check's summary (https://docs.github.com/en/rest/checks/runs); GitHub counts characters, which are never more."""


@dataclass(slots=True)
class Deployment:
    """One apply as GitHub sees it. That GitHub can't be told never stops an apply: `log` says so, and that is all."""

    github: GitHub
    repository: RepositoryName
    request: ApplyRequest
    log: Callable[[str], None]
    number: int | None = None

    def begin(self) -> None:
        """Say that it is under way."""
        said = f"Applying {self.request.environment}"
        self._status(DeploymentStatus("in_progress", said, log_url=self.request.run_url))
        self._check(CheckState(said, "The steps are running.", progress="in_progress"))

    def end(self, outcome: ApplyOutcome) -> None:
        """Say how it went. The deployment comes last: whoever waits for it finds the rest."""
        state: Literal["success", "failure"] = "success" if outcome.has_succeeded else "failure"
        self._check(CheckState(title(outcome), summary(outcome, CHECK_LIMIT), conclusion=state))
        self._comment(comment(outcome, COMMENT_LIMIT))
        self._status(DeploymentStatus(state, title(outcome), outcome.url or "", self.request.run_url))

    def refuse(self, reason: str, *, was_begun: bool) -> None:
        """Say that nothing was begun, or that it stopped on the way, and why."""
        text = refusal(self.request.environment, reason, was_begun=was_begun)[:CHECK_LIMIT]
        headline = "The apply was stopped" if was_begun else "Nothing was applied"
        self._check(CheckState(headline, text, conclusion="failure"))
        self._comment(f"{marker(self.request.environment)}\n{text}"[:COMMENT_LIMIT])
        self._status(DeploymentStatus("failure", reason.splitlines()[0], log_url=self.request.run_url))

    def _status(self, status: DeploymentStatus) -> None:
        def tell() -> None:
            request = self.request
            deployment = self.github.ensure_deployment(
                self.repository,
                request.commit,
                request.environment,
                {"envclone": "apply", "head": request.head},
                f"{request.environment} as reviewed at {request.head[:12]}",
            )
            self.github.deployment_status(self.repository, deployment.id, status)

        self._tell("the deployment", tell)

    def _check(self, state: CheckState) -> None:
        name = CHECK.format(environment=self.request.environment)
        told = replace(state, external_id=str(self.request.environment), details_url=self.request.run_url or None)
        self._tell("the check", lambda: self.github.put_check(self.repository, self.request.commit, name, told))

    def _comment(self, body: str) -> None:
        number = self.number
        if number is not None:
            hidden = marker(self.request.environment)
            self._tell("the comment", lambda: self.github.upsert_comment(self.repository, number, hidden, body))

    def _tell(self, what: str, call: Callable[[], object]) -> None:
        try:
            call()
        except (Transient, Refused) as error:
            self.log(f"GitHub could not be told ({what}): {error}")


def pull_request_of(github: GitHub, repository: RepositoryName, request: ApplyRequest) -> int | None:
    """Return the number of the merged pull request whose head was reviewed, if GitHub can be asked and knows."""
    try:
        pulls = github.pull_requests_for_commit(repository, request.head)
    except (Transient, Refused):
        return None
    return next((pull.number for pull in pulls if pull.head_sha == request.head and pull.is_merged), None)
