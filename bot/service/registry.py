"""Which job is whose: a command's, by the class that carries it out, and an event's.

A command's class is found by its file in `bot/service/commands`, so nothing is listed twice. `COMMANDS` is checked when it is made:
each command of the table has one job.
"""

import pkgutil
from collections.abc import Iterator, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, Protocol, assert_never

from pydantic import TypeAdapter

from bot.commands.grammar import Mistake
from bot.commands.model import Command, RolloutCommand
from bot.commands.specs import TABLE
from bot.events import (
    CheckRunCompleted,
    CommentCreated,
    DeploymentStatusCreated,
    DispatchReceived,
    Event,
    Ignored,
    LookBack,
    Ping,
    PreviewDue,
    PullRequestChanged,
    ReviewApproved,
    RolloutDue,
    RunCompleted,
    Tick,
)
from bot.service import commands
from bot.service.authorize import Reply, meant_in
from bot.service.command_job import ACCEPTED, Accepted, CommandJob, accept
from bot.service.commands.expire import ExpiryJob
from bot.service.context import ServiceContext
from bot.service.dispatched.job import DispatchJob
from bot.service.event_jobs.check import CheckJob
from bot.service.event_jobs.deployment import DeploymentJob
from bot.service.event_jobs.followed import PlanOfComment
from bot.service.event_jobs.look_back import LookBackJob
from bot.service.event_jobs.pull_request import PullRequestJob
from bot.service.event_jobs.review import REVIEWS, ReviewJob, ReviewsJob
from bot.service.event_jobs.run import RunJob
from bot.service.jobs_api import Ended, Finished, JobRequest, Steps
from bot.service.previews.job import PreviewJob
from bot.service.replies import Settled, settle
from bot.service.rollouts.job import RolloutJob, rollout_job


def _jobs(module: ModuleType) -> Iterator[type[CommandJob[Any]]]:
    for found in vars(module).values():
        if isinstance(found, type) and issubclass(found, CommandJob) and found.__module__ == module.__name__:
            yield found


def _registered(package: ModuleType) -> Mapping[type[Command], type[CommandJob[Any]]]:
    """Return the job of each command. Raises `LookupError` unless every command of the table has exactly one."""
    modules = [import_module(each.name) for each in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")]
    jobs = [(command, job) for module in modules for job in _jobs(module) for command in job.commands]
    found = dict(jobs)
    if len(found) != len(jobs) or {spec.model for spec in TABLE} != set(found):
        named = ", ".join(f"{job.__name__} of {command.__name__}" for command, job in jobs)
        raise LookupError(f"each command needs one job, and there are: {named}")
    return found


SETTLED: TypeAdapter[Settled] = TypeAdapter(Settled)

COMMANDS = _registered(commands)


class EventJob(Protocol):
    """The job of one event."""

    def plan(self, delivery: str) -> JobRequest | None:
        """Return the job's request, or None when nothing is asked for. Pure: it follows from the event alone."""

    def run(self, request: JobRequest, steps: Steps) -> Finished:
        """Carry the job out, step by step."""


def job_of(context: ServiceContext, event: Event) -> EventJob | None:
    """Return the job of an event; None for one that never asks for anything."""
    job: EventJob | None = None
    match event:
        case CommentCreated():
            job = CommentJob(context, event)
        case PullRequestChanged():
            job = PullRequestJob(context, event, _comment_jobs(context))
        case ReviewApproved():
            job = ReviewJob(context, event)
        case CheckRunCompleted():
            job = CheckJob(context, event)
        case DeploymentStatusCreated():
            job = DeploymentJob(context, event)
        case RunCompleted():
            is_of_reviews = context.hears_runs_only and event.workflow == REVIEWS
            job = (ReviewsJob if is_of_reviews else RunJob)(context, event)
        case DispatchReceived():
            job = DispatchJob(context, event)
        case Tick() | RolloutDue() | PreviewDue() | LookBack():
            job = _when_due(context, event)
        case Ping() | Ignored():
            pass
        case _:
            assert_never(event)
    return job


def _when_due(context: ServiceContext, event: Tick | RolloutDue | PreviewDue | LookBack) -> EventJob:
    """Return the job of what time brings."""
    match event:
        case Tick():
            return ExpiryJob(context, event)
        case RolloutDue():
            return RolloutJob(context, event)
        case PreviewDue():
            return PreviewJob(context, event)
        case LookBack():
            return LookBackJob(context, event, _comment_jobs(context))
        case _:
            assert_never(event)


def _comment_jobs(context: ServiceContext) -> PlanOfComment:
    return lambda comment, delivery: CommentJob(context, comment).plan(delivery)


class CommentJob:
    """Accepts the command in a comment and carries it out."""

    def __init__(self, context: ServiceContext, event: CommentCreated) -> None:
        self.context, self.event = context, event

    def plan(self, delivery: str) -> JobRequest | None:
        """Return the job of a comment with a command in its visible text; the text is read again before anything is done."""
        event = self.event
        meant = meant_in(event.body)
        if meant is None:
            return None
        kind, name = "command", None
        if not isinstance(meant, Mistake | Reply):
            job = COMMANDS[type(meant)]
            kind, name = job.kind, job.partition(meant)
        return JobRequest(
            key=f"comment-{event.repository}-{event.comment}",
            partition=f"{event.repository}/{name or f'comment-{event.comment}'}",
            kind=kind,
            delivery=delivery,
            event=event,
        )

    def run(self, request: JobRequest, steps: Steps) -> Finished:
        accepted = steps.run("accept", ACCEPTED, lambda: accept(self.context, self.event))
        follow: tuple[JobRequest, ...] = ()
        if not isinstance(accepted, Ended):
            job = COMMANDS[type(accepted.command)](self.context)
            early = job.carry_out(Accepted(accepted.command, accepted.request, self.event.created_at), steps)
            is_done = early is None or early.is_done
            steps.run("settle", SETTLED, lambda: settle(self.context, self.event, is_done=is_done, eyes=accepted.eyes))
            if is_done and isinstance(accepted.command, RolloutCommand) and accepted.command.action:
                # Its own job writes the text and goes on, so that nothing else does so at the same time.
                due = RolloutDue(repository=self.event.repository, slot=request.key)
                follow = (rollout_job(request.delivery, due),)
        return Finished(follow)
