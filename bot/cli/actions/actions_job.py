"""The job of GitHub Actions that this process is part of: what started it, and GitHub as it reaches it."""

import json
from collections.abc import Mapping
from pathlib import Path

from bot.cli.actions.options import ACTIONS
from bot.clients.github import GitHub, Token
from bot.names import RepositoryName
from bot.runs.plan.approvals import ProposedCommit
from bot.runs.reviewed_commit import OnGitHub


def named_repository(environ: Mapping[str, str]) -> OnGitHub | None:
    """Return the repository that the variables of Actions name, as their token reaches it; None where they don't."""
    token, repository = environ.get("GITHUB_TOKEN"), environ.get("GITHUB_REPOSITORY")
    if not token or not repository:
        return None
    api_url = environ.get("GITHUB_API_URL", "https://api.github.com")
    return OnGitHub(GitHub(Token(token, ACTIONS), api_url=api_url), RepositoryName(repository))


def on_github(environ: Mapping[str, str]) -> OnGitHub | None:
    """Return GitHub as a job of Actions reaches it, or None outside of one."""
    return named_repository(environ) if environ.get("GITHUB_ACTIONS") else None


def schedule_of(environ: Mapping[str, str]) -> str:
    """Return the line of cron that started this job of Actions; empty if something else did."""
    try:
        return str(json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_text("utf-8"))["schedule"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def proposed_commit(environ: Mapping[str, str]) -> ProposedCommit | None:
    """Return the head of the pull request that this job of Actions is about, which somebody may have approved; else None."""
    on, path = named_repository(environ), environ.get("GITHUB_EVENT_PATH")
    if on is None or not path:
        return None
    try:
        pull = json.loads(Path(path).read_text("utf-8"))["pull_request"]
        return ProposedCommit(on, int(pull["number"]), str(pull["head"]["sha"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None  # started by something else, and so nobody approved anything
