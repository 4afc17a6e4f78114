"""The whole client: conversation, issues, pull requests, checks, deployments, workflows."""

from collections.abc import Mapping

from bot.clients.github.checks import Checks
from bot.clients.github.conversation import Conversation
from bot.clients.github.issues import Issues
from bot.clients.github.pulls import PullRequests
from bot.names import RepositoryName


class GitHub(Conversation, Issues, PullRequests, Checks):
    """Everything we ask of GitHub; see the package's text for what holds of every call."""

    def default_branch(self, repository: RepositoryName) -> str:
        """Return the name of the default branch."""
        return self._read(repository, lambda repo: repo.default_branch)

    def dispatch_workflow(self, repository: RepositoryName, workflow: str, ref: str, inputs: Mapping[str, str]) -> None:
        """Start a workflow by its file's name (`apply.yml`) on a branch.

        The one call that can't look first: GitHub names no run for a request. A lost answer, tried again, starts it twice.
        """
        path = f"/repos/{repository}/actions/workflows/{workflow}/dispatches"
        body = {"ref": ref, "inputs": dict(inputs)}
        self._create(repository, lambda repo: repo.requester.requestJsonAndCheck("POST", path, input=body))
