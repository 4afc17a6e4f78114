"""The steps of the job that `/set` and `/extend` ask for: the commit, its pull request, and the answer."""

from collections.abc import Sequence

from bot.commands.model import Extend, Set
from bot.core.messages import change_pull_request, replies
from bot.core.requests.branches import Branch, read_branch
from bot.core.requests.change import Unchanged
from bot.core.requests.clone import Refused
from bot.model.environment import Request
from bot.model.pipeline import Json
from bot.service.commands.change import publish_change
from bot.service.commands.propose_change import propose_change
from bot.service.context import ServiceContext
from bot.service.jobs_api import JobRequest, Results, StepFunction
from bot.service.replies import accept_step, accepted, refuse, reply_to
from bot.service.repository import repository_at_head
from bot.service.status import report_branch


def change_steps(world: ServiceContext) -> Sequence[tuple[str, StepFunction]]:
    """Return the job's steps, in order."""

    def publish(_: JobRequest, results: Results) -> dict[str, Json]:
        command, request = accepted(results)
        assert isinstance(command, Set | Extend)
        outcome = publish_change(world, request, command)
        if isinstance(outcome, Refused):
            return refuse(world, request, replies.refused(outcome))
        if isinstance(outcome, Unchanged):
            return refuse(world, request, outcome.reason)
        return {"branch": str(outcome.branch), "commit": outcome.commit}

    def propose(_: JobRequest, results: Results) -> dict[str, Json]:
        pull = propose_change(world, accepted(results)[1].repository, _branch(results))
        return {"number": pull.number, "url": pull.url}

    def report(_: JobRequest, results: Results) -> dict[str, Json]:
        request = accepted(results)[1]
        told = report_branch(world, request.repository, _branch(results))
        if _branch(results).kind == "clone":
            told.append(reply_to(world, request, _in_place(world, request, results)))
        return {"comments": [*told]}

    return [
        ("accept", lambda request, _: accept_step(world, request)),
        ("publish", publish),
        ("propose", propose),
        ("report", report),
    ]


def _branch(results: Results) -> Branch:
    branch = read_branch(str(results["publish"]["branch"]))
    assert branch is not None
    return branch


def _in_place(world: ServiceContext, request: Request, results: Results) -> str:
    """Say what the commit changes in the clone's open pull request."""
    repo, name = repository_at_head(world, request.repository), _branch(results).environment
    commit = str(results["publish"]["commit"])
    before, after = repo.manifest(name, repo.mirror.parent(commit)), repo.manifest(name, commit)
    assert before is not None
    assert after is not None
    propose = results["propose"]
    return change_pull_request.in_place(before, after, f"[#{propose['number']}]({propose['url']})")
