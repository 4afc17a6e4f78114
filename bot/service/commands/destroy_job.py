"""The steps of the job that `/destroy` asks for: the pull request, and the answer that names it."""

from collections.abc import Sequence

from bot.commands.model import Destroy
from bot.core.messages import replies
from bot.core.requests.branches import Branch
from bot.core.requests.clone import Refused
from bot.core.requests.destroy import RemovalRequest
from bot.model.pipeline import Json
from bot.service.commands.destroy import propose_destroy
from bot.service.commands.replan import replan_end
from bot.service.commands.rerun import Started
from bot.service.context import ServiceContext
from bot.service.jobs_api import JobRequest, Results, StepFunction
from bot.service.replies import accept_step, accepted, comment_of, refuse, reply_to
from bot.service.repository import repository_at_head
from bot.service.requesters import proposal_on
from bot.service.status import report_branch


def destroy_steps(world: ServiceContext) -> Sequence[tuple[str, StepFunction]]:
    """Return the job's steps, in order."""

    def propose(job: JobRequest, results: Results) -> dict[str, Json]:
        command, request = accepted(results)
        assert isinstance(command, Destroy)
        asked = RemovalRequest("command", request.by, world.now(), request.comment, request.url)
        outcome = propose_destroy(world, request.repository, command.name, asked)
        if isinstance(outcome, Refused):
            again = replan_end(world, request, command.name, comment_of(job).created_at)
            if isinstance(again, Started):
                return refuse(world, request, again.text)
            return refuse(world, request, replies.refused(again or outcome))
        return {"number": outcome.number, "url": outcome.url}

    def report(_: JobRequest, results: Results) -> dict[str, Json]:
        command, request = accepted(results)
        assert isinstance(command, Destroy)
        branch = Branch("destroy", command.name)
        told = report_branch(world, request.repository, branch)
        proposal = proposal_on(world, repository_at_head(world, request.repository), request.repository, branch)
        if proposal is None or proposal.by_comment(request.comment) is None:
            # Somebody else asked first, and it is his comment that is kept up to date.
            number, url = results["propose"]["number"], results["propose"]["url"]
            told.append(
                reply_to(world, request, f"[#{number}]({url}) removes `{command.name}` already: follow it there.")
            )
        return {"comments": [*told]}

    return [("accept", lambda request, _: accept_step(world, request)), ("propose", propose), ("report", report)]
