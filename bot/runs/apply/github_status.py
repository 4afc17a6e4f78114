"""Tell GitHub how an apply or a destroy goes: a deployment with statuses, a check on the commit, a comment on the pull request."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from bot.clients.github import CheckState, DeploymentStatus, GitHub, GitHubRefused
from bot.clients.transient import Transient
from bot.core.messages.apply_comment import marker, refusal
from bot.core.messages.plan_comment import COMMENT_LIMIT
from bot.core.messages.run_report import Ending, RunVerb
from bot.names import RepositoryName
from bot.runs.request import ApplyRequest

CHECK = "envclone/apply: {environment}"
CHECK_LIMIT = 65_535
"""Bytes of a check's summary (https://docs.github.com/en/rest/checks/runs); GitHub counts characters, which are never more."""


@dataclass(slots=True)
class DeploymentReport:
    """One run as GitHub sees it. A failure to report never stops an apply: it is logged."""

    github: GitHub
    repository: RepositoryName
    request: ApplyRequest
    log: Callable[[str], None]
    number: int | None = None
    verb: RunVerb = "apply"

    def begin(self) -> None:
        """Say that it is under way."""
        said = f"{'Applying' if self.verb == 'apply' else 'Destroying'} {self.request.environment}"
        self._status(DeploymentStatus("in_progress", said, log_url=self.request.run_url))
        self._check(CheckState(said, "The steps are running.", progress="in_progress"))

    def end(self, ending: Ending) -> None:
        """Say how it went. The deployment comes last: whoever waits for it finds the rest."""
        state: Literal["success", "failure"] = "success" if ending.is_well else "failure"
        hidden = f"{marker(self.request.environment)}\n"
        self._check(CheckState(ending.title, ending.summary(CHECK_LIMIT), conclusion=state))
        self._comment(hidden + ending.summary(COMMENT_LIMIT - len(hidden.encode())))
        self._status(DeploymentStatus(state, ending.title, ending.url, self.request.run_url))
        if ending.is_well and self.verb == "destroy":
            self._status(DeploymentStatus("inactive", ending.title, log_url=self.request.run_url))

    def refuse(self, reason: str, *, was_begun: bool) -> None:
        """Say that nothing was begun, or that it stopped on the way, and why."""
        text = refusal(self.request.environment, reason, was_begun=was_begun)[:CHECK_LIMIT]
        did = "applied" if self.verb == "apply" else "destroyed"
        headline = f"The {self.verb} was stopped" if was_begun else f"Nothing was {did}"
        self._check(CheckState(headline, text, conclusion="failure"))
        self._comment(f"{marker(self.request.environment)}\n{text}"[:COMMENT_LIMIT])
        self._status(DeploymentStatus("failure", reason.splitlines()[0], log_url=self.request.run_url))

    def _status(self, status: DeploymentStatus) -> None:
        def call() -> None:
            request = self.request
            deployment = self.github.ensure_deployment(
                self.repository,
                request.commit,
                request.environment,
                {"envclone": self.verb, "head": request.head},
                f"{'Destroy ' if self.verb == 'destroy' else ''}{request.environment} as reviewed at {request.head[:12]}",
            )
            self.github.deployment_status(self.repository, deployment.id, status)

        self._report("the deployment", call)

    def _check(self, state: CheckState) -> None:
        name = CHECK.format(environment=self.request.environment)
        run = self.request.run_url
        named = replace(state, external_id=run or str(self.request.environment), details_url=run or None)
        self._report("the check", lambda: self.github.put_check(self.repository, self.request.commit, name, named))

    def _comment(self, body: str) -> None:
        number = self.number
        if number is not None:
            hidden = marker(self.request.environment)
            self._report("the comment", lambda: self.github.upsert_comment(self.repository, number, hidden, body))

    def _report(self, what: str, call: Callable[[], object]) -> None:
        try:
            call()
        except (Transient, GitHubRefused) as error:
            self.log(f"reporting to GitHub failed ({what}): {error}")


def pull_request_of(github: GitHub, repository: RepositoryName, request: ApplyRequest) -> int | None:
    """Return the number of the merged pull request whose head was reviewed, if GitHub can be asked and knows."""
    try:
        pulls = github.pull_requests_for_commit(repository, request.head)
    except (Transient, GitHubRefused):
        return None
    return next((pull.number for pull in pulls if pull.head_sha == request.head and pull.is_merged), None)
