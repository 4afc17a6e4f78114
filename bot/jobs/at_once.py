"""Jobs carried out here and now, where there is neither a database nor an engine: in a workflow's job.

Nothing is remembered from run to run. What a comment's job did is seen on GitHub: by our reaction that it is over, and by what each
step finds made already. So a run that was killed is started again, or its comment found by the next look back.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from bot.clients.store import JobStore
from bot.events import CommentCreated
from bot.jobs.alone import OwnProcess
from bot.jobs.attempt import Patience
from bot.jobs.figures import Figures
from bot.jobs.runner import JobRunner, Seen
from bot.jobs.step_attempts import StepAttempts
from bot.model.pipeline import Json
from bot.service.jobs_api import JobRequest, JobsApi

PATIENCE = Patience(longest=timedelta(minutes=1), attempts=9, limits=3)
"""Some four minutes: a workflow's job is paid by the minute, and the next look back tries again."""


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """A job and how it ended; `reference` finds the traceback of one that failed in the log."""

    job: str
    outcome: Literal["done", "refused", "failed", "settled before"]
    reference: str = ""


@dataclass(slots=True)
class _NoMemory:
    """What the runner needs of an engine, without one. `left` are jobs that were asked for."""

    left: list[JobRequest] = field(default_factory=list)
    forgets: bool = True

    def remember(self, name: str, act: Callable[[], dict[str, Json]]) -> dict[str, Json]:
        return act()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def follow(self, request: JobRequest) -> None:
        self.left.append(request)


def carry_out(
    work: JobsApi, request: JobRequest, store: JobStore, is_settled: Callable[[CommentCreated], bool]
) -> Iterator[CarriedOut]:
    """Carry out a job and those that it asks for, one after the other; yield how each ended."""
    alone = OwnProcess(())  # for steps that ended an earlier worker, and the store knows of none
    runner = JobRunner(work, Seen(Figures("once")), PATIENCE, StepAttempts(store, alone))
    memory = _NoMemory([request])
    while memory.left:
        job = memory.left.pop(0)
        if isinstance(job.event, CommentCreated) and is_settled(job.event):
            yield CarriedOut(job.key, "settled before")
            continue
        ended = runner.run(job, memory)
        yield CarriedOut(job.key, ended["outcome"], str(ended["reference"] or ""))  # type: ignore[arg-type] # one of these words
