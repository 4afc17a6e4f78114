"""One job from its first step to its last, on an engine that remembers.

Replayed after a crash, this code must take the same way again: what it decides on is the request and outcomes that
are written down; never the clock or a figure.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Protocol

from pydantic import TypeAdapter

from bot.events import CommentCreated
from bot.jobs.alone import StepUnderWay
from bot.jobs.attempt import OUTCOME, JobFailed, JobRefused, Later, Patience, StepDone, StepOutcome, Tries, attempt
from bot.jobs.figures import Figures
from bot.jobs.step_attempts import StepAttempts
from bot.jobs.traces import Traces
from bot.logs import about
from bot.model.pipeline import Json
from bot.service.jobs_api import ExpiryDone, JobRequest, JobsApi, R, RunLooked

log = logging.getLogger(__name__)


TOLD_AFTER = timedelta(minutes=1)
"""How long a step is tried again in silence. Most of what passes at all has passed by then, and people begin to wonder."""


class JobMemory(Protocol):
    """What the runner needs of the engine, inside a job. With `forgets` there may have been runs of which nothing is known."""

    forgets: bool

    def remember(self, name: str, act: Callable[[], dict[str, Json]]) -> dict[str, Json]:
        """Return what `act` returned, now or before the crash."""

    def sleep(self, seconds: float) -> None:
        """Wait; what was slept before a crash is not slept again."""

    def follow(self, request: JobRequest) -> None:
        """Write a further job down, unless its key is known already."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is told of jobs to whoever looks at the service from outside."""

    figures: Figures
    traces: Traces = field(default_factory=Traces)


@dataclass(slots=True)
class LongWaits:
    """Whether whoever asked was told that a job waits; a replay takes the same way, and finds the same."""

    are_told: bool = False


@dataclass(frozen=True, slots=True)
class JobStep:
    """A step of a job, as what is done in one attempt; without `waits` nobody is told of a long one."""

    request: JobRequest
    name: str
    act: Callable[[], dict[str, Json]]
    waits: LongWaits | None = None


class JobRunner:
    """Runs jobs of one `JobsApi`."""

    def __init__(self, work: JobsApi, seen: Seen, patience: Patience, attempts: StepAttempts) -> None:
        self._work = work
        self.seen = seen
        self._figures, self._traces = seen.figures, seen.traces
        self._patience = patience
        self.attempts = attempts

    @property
    def version(self) -> str:
        """Return the work's version."""
        return self._work.version

    def run(self, request: JobRequest, memory: JobMemory) -> dict[str, Json]:
        """Do all steps, or as many as it takes; return how it ended, for the engine's records."""
        began, at = monotonic(), datetime.now(UTC)
        with about(**request.log_fields):
            ending = self._run(request, memory)
            outcome = self._answered(request, ending, memory)
            self._figures.ended(request.kind, outcome, monotonic() - began)
            if isinstance(request.event, CommentCreated):
                self._figures.answered(request.kind, (self._work.now() - request.event.created_at).total_seconds())
            self._traces.ended(request, outcome, at, datetime.now(UTC))
            log.info("job %s", outcome, extra={"action": "end", "seconds": round(monotonic() - began, 3)})
        return {"outcome": outcome, "reference": ending.reference if isinstance(ending, JobFailed) else None}

    def _run(self, request: JobRequest, memory: JobMemory) -> StepDone | JobRefused | JobFailed:
        try:
            finished = self._work.run(request, _RememberedSteps(self, memory, request))
        except _CutShort as short:
            return short.ending
        for follower in finished.follow:
            memory.follow(follower)
        return StepDone(result={})

    def step(self, step: JobStep, memory: JobMemory) -> StepDone | JobRefused | JobFailed:
        """Do a step as often as it takes; return what came of it."""
        tries, waited = Tries(), timedelta(0)
        while True:
            outcome = self._attempt(step, tries, memory)
            if not isinstance(outcome, Later):
                return outcome
            tries = tries.after(outcome)
            waited += timedelta(seconds=outcome.seconds)
            if step.waits is not None and waited > TOLD_AFTER:
                step.waits.are_told = True
                self._tell_of_waiting(step, outcome, memory)
            memory.sleep(outcome.seconds)

    def _tell_of_waiting(self, step: JobStep, wait: Later, memory: JobMemory) -> None:
        def tell() -> None:
            until = self._work.now() + timedelta(seconds=wait.seconds)
            self._work.waiting(step.request, until, is_limit=wait.is_limit)

        # Once: what keeps the step from being done may keep this from being said, and then it is said before the next wait.
        name = f"{step.name}: waiting"
        memory.remember(name, lambda: attempt(_tells(tell), Tries(), self._patience).model_dump(mode="json"))

    def _attempt(self, step: JobStep, tries: Tries, memory: JobMemory) -> StepOutcome:
        def once() -> dict[str, Json]:
            with about(step=step.name):
                began, at = monotonic(), datetime.now(UTC)
                outcome = attempt(step.act, tries, self._patience)
                self._traces.tried(step.request, step.name, outcome.kind, at, datetime.now(UTC))
                self._figures.tried(step.request.kind, step.name, outcome.kind, monotonic() - began)
                if isinstance(outcome, Later):
                    self._figures.put_off(is_limit=outcome.is_limit)
                    log.warning(
                        "step postponed: %s",
                        outcome.reason,
                        extra={"action": "wait", "seconds": round(outcome.seconds, 1)},
                    )
            return outcome.model_dump(mode="json")

        return OUTCOME.validate_python(memory.remember(step.name, once))

    def _answered(self, request: JobRequest, ending: StepDone | JobRefused | JobFailed, memory: JobMemory) -> str:
        """Tell whoever asked how it ended, where the steps themselves did not."""
        match ending:
            case StepDone():
                return "done"
            case JobRefused(message=message):
                self._tell(request, "refused", lambda: self._work.refused(request, message), memory)
                return "refused"
            case JobFailed(reference=reference, error=error):
                self._tell(request, "failed", lambda: self._work.failed(request, reference, error), memory)
                return "failed"

    def _tell(self, request: JobRequest, name: str, say: Callable[[], None], memory: JobMemory) -> None:
        told = self.step(JobStep(request, name, _tells(say)), memory)
        if isinstance(told, JobRefused):  # what can't be said to whoever asked is for whoever runs the service
            log.error("the answer could not be given: %s", told.message, extra={"action": "fail"})


class _CutShort(Exception):
    """A step can't be done, so its job goes no further."""

    def __init__(self, ending: JobRefused | JobFailed) -> None:
        super().__init__(ending)
        self.ending = ending


class _RememberedSteps:
    """`Steps` on an engine that remembers: the one place where results become JSON, and are read again."""

    def __init__(self, runner: JobRunner, memory: JobMemory, request: JobRequest) -> None:
        self._runner = runner
        self._memory = memory
        self._request = request
        self._waits = LongWaits(are_told=memory.forgets)
        self._results: dict[str, dict[str, Json]] = {}

    @property
    def are_answered(self) -> bool:
        return self._waits.are_told

    def run(self, name: str, result: TypeAdapter[R], act: Callable[[], R]) -> R:
        def done() -> R:
            found = act()
            if isinstance(found, ExpiryDone):
                self._runner.seen.figures.expired(found.outcome)
            if isinstance(found, RunLooked):
                self._runner.seen.figures.stepped(found.times)
            return found

        def noted() -> dict[str, Json]:
            step = StepUnderWay(request=self._request, name=name, earlier=self._results, are_answered=self.are_answered)
            return self._runner.attempts.run(step, lambda: result.dump_python(done(), mode="json"))

        outcome = self._runner.step(JobStep(self._request, name, noted, self._waits), self._memory)
        if not isinstance(outcome, StepDone):
            raise _CutShort(outcome)
        self._results[name] = outcome.result
        return result.validate_python(outcome.result)


def _tells(say: Callable[[], None]) -> Callable[[], dict[str, Json]]:
    def step() -> dict[str, Json]:
        say()
        return {}

    return step
