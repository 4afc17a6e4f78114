"""The steps of the job that `/destroy` asks for: the pull request, and the answer that names it."""

from collections.abc import Sequence

from bot.commands.model import Destroy
from bot.core import replies
from bot.core.branch import Branch
from bot.core.draft import Refused
from bot.core.removal import Asked
from bot.flows.dispatch import Started
from bot.flows.monorepo import monorepo
from bot.flows.progress import report_branch
from bot.flows.propose_destroy import propose_destroy
from bot.flows.replan import replan_end
from bot.flows.replying import accept_step, accepted, comment_of, refuse, reply_to
from bot.flows.requests import proposal_on
from bot.flows.work import JobRequest, Results, StepFunction
from bot.flows.world import World
from bot.pipeline import Json


def destroy_steps(world: World) -> Sequence[tuple[str, StepFunction]]:
    """Return the job's steps, in order."""

    def propose(job: JobRequest, results: Results) -> dict[str, Json]:
        command, request = accepted(results)
        assert isinstance(command, Destroy)
        asked = Asked("command", request.by, world.now(), request.comment, request.url)
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
        proposal = proposal_on(world, monorepo(world, request.repository), request.repository, branch)
        if proposal is None or proposal.by_comment(request.comment) is None:
            # Somebody else asked first, and it is his comment that is kept up to date.
            number, url = results["propose"]["number"], results["propose"]["url"]
            told.append(
                reply_to(world, request, f"[#{number}]({url}) removes `{command.name}` already: follow it there.")
            )
        return {"comments": [*told]}

    return [("accept", lambda request, _: accept_step(world, request)), ("propose", propose), ("report", report)]
