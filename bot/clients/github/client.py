"""The whole client: conversation, issues, pull requests, checks, deployments, workflows, approvals."""

from bot.clients.github.actions import Actions
from bot.clients.github.approvals import Approvals
from bot.clients.github.checks import Checks
from bot.clients.github.conversation import Conversation
from bot.clients.github.issues import Issues
from bot.clients.github.pulls import PullRequests
from bot.names import RepositoryName


class GitHub(Conversation, Issues, PullRequests, Checks, Actions, Approvals):
    """Everything we ask of GitHub; see the package's text for what holds of every call."""

    def default_branch(self, repository: RepositoryName) -> str:
        """Return the name of the default branch."""
        return self._read(repository, lambda repo: repo.default_branch)
