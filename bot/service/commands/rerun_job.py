"""The steps of the job that `/resume`, `/unlock` and `/plan` ask for: a workflow's run, and the answer that names it."""

from collections.abc import Sequence

from bot.commands.model import PlanCommand, Resume, Unlock
from bot.core.messages import replies
from bot.core.requests.clone import Refused
from bot.model.pipeline import Json
from bot.service.commands.replan import replan
from bot.service.commands.rerun import start_apply
from bot.service.context import ServiceContext
from bot.service.jobs_api import JobRequest, Results, StepFunction
from bot.service.replies import accept_step, accepted, comment_of, refuse, reply_to


def dispatch_steps(world: ServiceContext) -> Sequence[tuple[str, StepFunction]]:
    """Return the job's steps, in order."""

    def start(job: JobRequest, results: Results) -> dict[str, Json]:
        command, request = accepted(results)
        assert isinstance(command, PlanCommand | Resume | Unlock)
        if isinstance(command, PlanCommand):
            outcome = replan(world, request, command, comment_of(job).created_at)
        else:
            outcome = start_apply(world, request, command)
        if isinstance(outcome, Refused):
            return refuse(world, request, replies.refused(outcome))
        return {"text": outcome.text}

    def report(_: JobRequest, results: Results) -> dict[str, Json]:
        return {"comment": reply_to(world, accepted(results)[1], str(results["start"]["text"]))}

    return [("accept", lambda request, _: accept_step(world, request)), ("start", start), ("report", report)]
