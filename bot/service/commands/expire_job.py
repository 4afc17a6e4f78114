"""The jobs that time asks for: one looks a repository through, and one for each environment that is due does what it is due for.

The second kind has the environment's own partition, so that nothing else is done to it meanwhile. Both have the slot of time in
their key: what failed in one slot is tried again in the next.
"""

from collections.abc import Sequence

from bot.events import Tick
from bot.model.pipeline import Json
from bot.service.commands.expire import due_environments, expire
from bot.service.context import ServiceContext
from bot.service.jobs_api import FOLLOW, JobRequest, Results, StepFunction

SWEEP = "*sweep"
"""In the place of an environment's name in a partition; no environment can be called so."""


def tick_job(delivery: str, event: Tick) -> JobRequest:
    """Return the job of a slot of time, for a repository or for one environment of it."""
    name = event.environment
    kind, what = ("sweep", event.repository) if name is None else ("expire", f"{event.repository}/{name}")
    return JobRequest(
        key=f"{kind}-{what}-{event.slot}",
        partition=f"{event.repository}/{name or SWEEP}",
        kind=kind,
        delivery=delivery,
        event=event,
    )


def sweep_steps(world: ServiceContext) -> Sequence[tuple[str, StepFunction]]:
    """Return the steps of the job that looks a repository through."""

    def sweep(request: JobRequest, _: Results) -> dict[str, Json]:
        tick = _tick(request)
        found = due_environments(world, tick.repository)
        ticks = [tick.model_copy(update={"environment": name}) for name in found]
        return {FOLLOW: [tick_job(request.delivery, each).model_dump(mode="json") for each in ticks]}

    return [("sweep", sweep)]


def expire_steps(world: ServiceContext) -> Sequence[tuple[str, StepFunction]]:
    """Return the steps of the job for one environment."""

    def end(request: JobRequest, _: Results) -> dict[str, Json]:
        tick = _tick(request)
        assert tick.environment is not None
        return {"done": str(expire(world, tick.repository, tick.environment))}

    return [("expire", end)]


def _tick(request: JobRequest) -> Tick:
    assert isinstance(request.event, Tick)
    return request.event
