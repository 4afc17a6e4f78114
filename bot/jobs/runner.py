"""One job from its first step to its last, on an engine that remembers.

Replayed after a crash, this code must take the same way again: what it decides on is the request, the work's list of steps and
outcomes that are written down; never the clock or a figure.
"""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Protocol

from bot.jobs.attempt import OUTCOME, JobFailed, JobRefused, Later, Patience, StepDone, StepOutcome, Tries, attempt
from bot.jobs.figures import Figures
from bot.logs import about
from bot.model.pipeline import Json
from bot.service.jobs_api import FOLLOW, STOP, JobRequest, JobsApi

log = logging.getLogger(__name__)


class JobMemory(Protocol):
    """What the runner needs of the engine, inside a job."""

    def remember(self, name: str, act: Callable[[], dict[str, Json]]) -> dict[str, Json]:
        """Return what `act` returned, now or before the crash."""

    def sleep(self, seconds: float) -> None:
        """Wait; what was slept before a crash is not slept again."""

    def follow(self, request: JobRequest) -> None:
        """Write a further job down, unless its key is known already."""


class JobRunner:
    """Runs jobs of one `JobsApi`."""

    def __init__(self, work: JobsApi, figures: Figures, patience: Patience) -> None:
        self._work = work
        self._figures = figures
        self._patience = patience

    def run(self, request: JobRequest, memory: JobMemory) -> dict[str, Json]:
        """Do all steps, or as many as it takes; return how it ended, for the engine's records."""
        began = monotonic()
        with about(delivery=request.delivery, job=request.key, partition=request.partition, kind=request.kind):
            ending = self._steps(request, memory)
            outcome = self._answered(request, ending, memory)
            self._figures.ended(request.kind, outcome, monotonic() - began)
            log.info("job %s", outcome, extra={"action": "end", "seconds": round(monotonic() - began, 3)})
        return {"outcome": outcome, "reference": ending.reference if isinstance(ending, JobFailed) else None}

    def _steps(self, request: JobRequest, memory: JobMemory) -> StepDone | JobRefused | JobFailed:
        results: dict[str, dict[str, Json]] = {}
        for name, function in self._work.steps(request):
            # Bound now: the results so far, not those of a later turn of the loop.
            outcome = self._step(name, lambda act=function: act(request, dict(results)), memory)  # type: ignore[misc]
            if not isinstance(outcome, StepDone):
                return outcome
            results[name] = outcome.result
            for follower in _followers(outcome.result):
                memory.follow(follower)
            if outcome.result.get(STOP):
                break
        return StepDone(result={})

    def _step(
        self, name: str, act: Callable[[], dict[str, Json]], memory: JobMemory
    ) -> StepDone | JobRefused | JobFailed:
        tries = Tries()
        while True:
            outcome = self._attempt(name, act, tries, memory)
            if not isinstance(outcome, Later):
                return outcome
            tries = tries.after(outcome)
            memory.sleep(outcome.seconds)

    def _attempt(self, name: str, act: Callable[[], dict[str, Json]], tries: Tries, memory: JobMemory) -> StepOutcome:
        def once() -> dict[str, Json]:
            with about(step=name):
                outcome = attempt(act, tries, self._patience)
                if isinstance(outcome, Later):
                    self._figures.put_off(is_limit=outcome.is_limit)
                    log.warning(
                        "step put off: %s",
                        outcome.reason,
                        extra={"action": "wait", "seconds": round(outcome.seconds, 1)},
                    )
            return outcome.model_dump(mode="json")

        return OUTCOME.validate_python(memory.remember(name, once))

    def _answered(self, request: JobRequest, ending: StepDone | JobRefused | JobFailed, memory: JobMemory) -> str:
        """Tell whoever asked how it ended, where the steps themselves did not."""
        match ending:
            case StepDone():
                return "done"
            case JobRefused(message=message):
                self._step("refused", _tells(lambda: self._work.refused(request, message)), memory)
                return "refused"
            case JobFailed(reference=reference, error=error):
                self._step("failed", _tells(lambda: self._work.failed(request, reference, error)), memory)
                return "failed"


def _followers(result: dict[str, Json]) -> list[JobRequest]:
    found = result.get(FOLLOW)
    return [JobRequest.model_validate(each) for each in found] if isinstance(found, list) else []


def _tells(say: Callable[[], None]) -> Callable[[], dict[str, Json]]:
    def step() -> dict[str, Json]:
        say()
        return {}

    return step
