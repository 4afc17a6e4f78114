"""The sandbox's GitHub: REST, git and webhooks over real repositories, in one process. Start with `GitHubServer`."""

from bot.sandbox.github.answers import ApiError
from bot.sandbox.github.issues import IssueText
from bot.sandbox.github.pulls import PullSpec
from bot.sandbox.github.rest.faults import Faults
from bot.sandbox.github.runs import EndedStep, SandboxRun
from bot.sandbox.github.server import GitHubServer

__all__ = ["ApiError", "EndedStep", "Faults", "GitHubServer", "IssueText", "PullSpec", "SandboxRun"]
