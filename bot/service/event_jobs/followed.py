"""What the jobs of events share: how an event becomes a request, and what is said of an environment that moved on."""

from collections.abc import Callable
from typing import TypeAlias

from pydantic import TypeAdapter

from bot.errors import InvalidInput
from bot.events import (
    CheckRunCompleted,
    CommentCreated,
    DeploymentStatusCreated,
    PullRequestChanged,
    ReviewApproved,
    RunCompleted,
)
from bot.names import EnvironmentName
from bot.service.jobs_api import JobRequest, JobStepResult
from bot.service.repository import Repository
from bot.service.status import report_environment
from bot.service.versions.tried import show_tried

PlanOfComment: TypeAlias = Callable[[CommentCreated, str], JobRequest | None]
"""How a comment becomes a job, if it holds a command; the text is the id of its delivery."""

Followed: TypeAlias = PullRequestChanged | ReviewApproved | CheckRunCompleted | DeploymentStatusCreated | RunCompleted


class Released(JobStepResult):
    """Whether there was a branch to give back."""

    released: bool


RELEASED: TypeAdapter[Released] = TypeAdapter(Released)


def requested(delivery: str, event: Followed, kind: str, what: str) -> JobRequest:
    """Return the request to follow an event, in its turn among those of the same environment, commit or run."""
    key = f"{kind}-{delivery}"
    return JobRequest(key=key, partition=f"{event.repository}/{what}", kind=kind, delivery=delivery, event=event)


def tell_environment(repo: Repository, name: EnvironmentName) -> list[str]:
    """Tell everybody who waits for an environment how it stands, and the pull request that it tries."""
    show_tried(repo, name)
    return report_environment(repo, name)


def environment_name(text: str) -> EnvironmentName | None:
    """Return the name of an environment that can be ours, or None."""
    try:
        return EnvironmentName(text)
    except InvalidInput:
        return None
