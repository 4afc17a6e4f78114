"""GitHub's REST API, through PyGithub, in our own words.

    github = GitHub(Token("…"), api_url="https://api.github.com")
    github.upsert_comment(repository, number=7, marker="<!-- envclone:status:99 -->", body="Seen.")

Every call looks before it creates, so it may be made again after a crash or a lost answer. Calls raise `Transient` or
`RateLimited` (try later) and `GitHubRefused` (GitHub says no); nothing of PyGithub's comes out.
"""

from bot.clients.github.auth import AppCredentials, Credentials, Token
from bot.clients.github.client import GitHub
from bot.clients.github.pacing import GITHUB_COM, UNPACED, Pacing
from bot.clients.github.records import (
    Check,
    CheckState,
    Comment,
    Deployment,
    DeploymentStatus,
    PullRequest,
    PullRequestSpec,
)
from bot.clients.github.session import GitHubRefused

__all__ = [
    "GITHUB_COM",
    "UNPACED",
    "AppCredentials",
    "Check",
    "CheckState",
    "Comment",
    "Credentials",
    "Deployment",
    "DeploymentStatus",
    "GitHub",
    "GitHubRefused",
    "Pacing",
    "PullRequest",
    "PullRequestSpec",
    "Token",
]
