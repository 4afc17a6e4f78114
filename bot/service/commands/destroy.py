"""`/destroy`, `/reset`: open, or find, the pull request that removes an environment's directory; merging it destroys the environment.

After a reset it is made again (`bot.service.commands.made_again`); a reset of data alone is another change (`bot.service.commands.data_reset`).

The branch is the referee: one for each environment, pushed with a lease. Run again after a crash it finds its own branch and
pull request; a branch left over from a closed or merged one is taken over.
"""

from pydantic import TypeAdapter

from bot.clients.git.trees import Publication
from bot.clients.github.records import PullRequest, PullRequestSpec
from bot.clients.transient import Transient
from bot.commands.model import Destroy, Reset
from bot.core.graph import graph, in_reverse
from bot.core.messages import destroy_pull_request, replies
from bot.core.messages.versions import made_again
from bot.core.rendering.assemble import read_hooks
from bot.core.requests import commit_trailers
from bot.core.requests.branches import Branch, Stranger, branch_of
from bot.core.requests.destroy import Reason, Removable, RemovalRequest, removable
from bot.core.requests.refusal import Refused, unknown_environment
from bot.errors import UserError
from bot.model.pipeline import Pipeline
from bot.names import EnvironmentName
from bot.service.command_job import Accepted, CommandJob
from bot.service.commands.data_reset import DataResetJob
from bot.service.commands.made_again import cannot_be_made_again, make_again
from bot.service.commands.rerun import Started, replan_removal
from bot.service.jobs_api import REPORTED, Ended, JobStepResult, Reported, Steps
from bot.service.planned.resets import is_reset
from bot.service.proposals.wave import waves_with
from bot.service.removals import removal_of, unfinished_removal
from bot.service.replies import reply_to
from bot.service.repository import Repository, repository_at_head
from bot.service.requesters import proposal_on
from bot.service.status import report_branch
from bot.service.way import clear, publish


class DestroyProposed(JobStepResult):
    """The pull request that removes the environment."""

    number: int
    url: str


DESTROY_PROPOSED: TypeAdapter[DestroyProposed | Ended] = TypeAdapter(DestroyProposed | Ended)


class DestroyJob(CommandJob[Destroy | Reset]):
    """Proposes a removal; of one that was merged without a reviewed plan, starts the plan again."""

    commands = (Destroy, Reset)
    kind = "destroy"

    @classmethod
    def partition(cls, command: Destroy | Reset) -> EnvironmentName | None:
        return command.name

    def carry_out(self, accepted: Accepted[Destroy | Reset], steps: Steps) -> Ended | None:
        command = accepted.command
        if isinstance(command, Reset) and command.data:
            return DataResetJob(self.context).carry_out(
                Accepted(command, accepted.request, accepted.commented_at), steps
            )
        proposed = steps.run("propose", DESTROY_PROPOSED, lambda: self.propose(accepted))
        if isinstance(proposed, Ended):
            return proposed
        steps.run("report", REPORTED, lambda: self.report(accepted, proposed))
        return None

    def propose(self, accepted: Accepted[Destroy | Reset]) -> DestroyProposed | Ended:
        """Open the pull request, or find it."""
        request, name = accepted.request, accepted.command.name
        reason: Reason = "reset" if isinstance(accepted.command, Reset) else "command"
        removal = RemovalRequest(reason, request.by, self.context.now(), request.comment, request.url)
        repo = repository_at_head(self.context, request.repository)
        if reason == "reset" and (made := make_again(repo, name)) is not None:
            link = f"[#{made.number}]({made.url})"
            if made.is_given_up:
                return self.refuse(request, made_again.closed(name, link))
            return self.already(request, made_again.under_way(name, link))
        outcome = propose_destroy(repo, name, removal)
        if not isinstance(outcome, Refused):
            return DestroyProposed(number=outcome.number, url=outcome.url)
        again = replan_removal(repo, name, accepted.commented_at)
        if isinstance(again, Started):
            return self.already(request, again.text)
        return self.refuse(request, replies.refused(again or outcome))

    def report(self, accepted: Accepted[Destroy | Reset], proposed: DestroyProposed) -> Reported:
        """Tell everybody who asked how it stands."""
        request, branch = accepted.request, Branch("destroy", accepted.command.name)
        repo = repository_at_head(self.context, request.repository)
        told = report_branch(repo, branch)
        proposal = proposal_on(repo, branch)
        if proposal is None or proposal.by_comment(request.comment) is None:
            # Somebody else asked first, and that comment's reply is kept up to date.
            link = f"[#{proposed.number}]({proposed.url})"
            told.append(
                reply_to(
                    self.context, request, f"{link} already removes `{branch.environment}`. Follow its progress there."
                )
            )
        return Reported(comments=tuple(told))


def propose_destroy(repo: Repository, name: EnvironmentName, request: RemovalRequest) -> PullRequest | Refused:
    """Return the open pull request that removes the environment, or why there is none. Raises `Transient`."""
    manifest = repo.manifest(name)
    if manifest is None:
        return _absent(repo, name)
    try:
        removed = removable(name, manifest, repo.policy())
    except UserError as error:
        return Refused(str(error))
    found = repo.pull_request(Branch("destroy", name))
    resets = request.reason == "reset"
    if found is not None and found.state == "open" and is_reset(repo, found, name) != resets:
        return Refused(made_again.of_the_other_kind(name, found.number, is_reset=not resets))
    if resets and (why := cannot_be_made_again(repo, manifest)) is not None:
        return Refused(why)
    if found is not None and found.state == "open" and _is_current(repo, found.head_sha, name):
        return found
    if not _is_pushed(repo, name, request, found):
        cleared = clear(repo, Branch("destroy", name))
        if isinstance(cleared, Stranger):
            return Refused(replies.squatted(name, cleared))
        _publish(repo.fetched() if cleared else repo, removed, request)
    return repo.github.ensure_pull_request(repo.name, _proposal(repo, removed, request))


def _is_pushed(repo: Repository, name: EnvironmentName, request: RemovalRequest, last: PullRequest | None) -> bool:
    """Say whether a run before this one pushed the removal and did not come to open its pull request; `last` is an older one."""
    tip = repo.proposed(Branch("destroy", name))
    if tip is None or (last is not None and last.head_sha == tip):
        return False
    said = commit_trailers.read(repo.mirror.history.message(tip))
    is_ours = said is not None and (said.environment, said.comment) == (name, request.comment)
    return (
        is_ours
        and repo.mirror.history.only_removes(tip, repo.roots.environment(name), repo.commit)
        and _is_current(repo, tip, name)
    )


def _is_current(repo: Repository, removal: str, name: EnvironmentName) -> bool:
    """Say whether a commit removes the environment as it is now; a change merged since makes it another removal."""
    where = repo.roots.environment(name)
    if repo.mirror.tree_at(removal, where) is not None:
        return False
    before = repo.mirror.tree_at(repo.mirror.history.parent(removal) or repo.commit, where)
    return before == repo.mirror.tree_at(repo.commit, where)


def _publish(repo: Repository, removed: Removable, request: RemovalRequest) -> None:
    branch = Branch("destroy", removed.name)
    outcome = publish(
        repo,
        Publication(
            parent=repo.commit,
            directories={repo.roots.environment(removed.name): {}},
            branch=str(branch),
            branch_was=repo.proposed(branch),
            claims={},
            message=destroy_pull_request.message(removed, request, repo.commit),
            author=repo.context.author,
            at=request.at,
        ),
    )
    if not isinstance(outcome, str):
        raise Transient(f"{removed.name}: another job is opening a pull request to destroy it")


def _proposal(repo: Repository, removed: Removable, request: RemovalRequest) -> PullRequestSpec:
    manifest, policy = removed.manifest, repo.policy()
    files = repo.environment(removed.name)
    pipeline = Pipeline.of(manifest.stacks, read_hooks(files, repo.roots.environment(removed.name)))
    order = in_reverse(graph(pipeline, manifest.purpose, manifest.parameters)).order
    return PullRequestSpec(
        head=branch_of(removed.name, "destroy"),
        base=repo.branch,
        title=destroy_pull_request.title(removed, request),
        body=destroy_pull_request.body(removed, request, pipeline, order, rival=open_change(repo, removed.name)),
        labels=policy.labels,
        reviewers=policy.reviewers,
    )


def open_change(repo: Repository, name: EnvironmentName) -> int | None:
    """Return the number of the open pull request that would change the environment."""
    branch = Branch("change", name)
    found = repo.pull_request(branch) if repo.proposed(branch) is not None else None
    if found is None or found.state != "open":
        found = waves_with(repo).get(name)
    return found.number if found is not None else None


def _absent(repo: Repository, name: EnvironmentName) -> Refused:
    """Say why an environment that is not on the default branch can't be destroyed from there."""
    branch = Branch("clone", name)
    pull = repo.pull_request(branch)
    if pull is not None and pull.state == "open":
        return Refused(
            f"`{name}` hasn't been deployed yet, so there is nothing to destroy. Close its pull request in #{pull.number}."
        )
    unfinished = unfinished_removal(repo, name)
    if unfinished is not None:
        return Refused(
            f"`{name}` has already been removed from the default branch ({unfinished}). If its destroy failed, "
            f"comment `/resume {name}`. If that is refused because it was not reviewed, revert {unfinished} and "
            f"comment `/destroy {name}` again."
        )
    if (done := removal_of(repo, name)) is not None:
        return Refused(f"`{name}` was removed ({done}) and destroyed; there is nothing left to destroy.")
    protected = repo.policy().protected  # the removal of one of these would be refused, so none is offered
    return unknown_environment(Destroy(name), [each for each in repo.names() if each not in protected])
