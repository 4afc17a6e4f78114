"""Open, or find, the pull request that removes an environment's directory; merging it destroys the environment.

The branch is the referee: one for each environment, pushed with a lease. Run again after a crash it finds its own branch and
pull request; a branch left over from a closed or merged one is taken over.
"""

from bot.clients.git.mirror import Moved
from bot.clients.git.trees import Publication
from bot.clients.github.records import PullRequest, PullRequestSpec
from bot.clients.transient import Transient
from bot.commands.model import Destroy
from bot.core.graph import graph, in_reverse
from bot.core.rendering.assemble import read_hooks
from bot.core.requests import destroy
from bot.core.requests.branches import branch_of
from bot.core.requests.clone import Refused, unknown_environment
from bot.core.requests.destroy import Removable, RemovalRequest, removable
from bot.errors import UserError
from bot.model.environment import ENVIRONMENTS, directory
from bot.model.pipeline import Pipeline
from bot.names import EnvironmentName, RepositoryName
from bot.service.context import ServiceContext
from bot.service.removals import removal_of, unfinished_removal
from bot.service.repository import Repository, repository_at_head


def propose_destroy(
    world: ServiceContext, repository: RepositoryName, name: EnvironmentName, asked: RemovalRequest
) -> PullRequest | Refused:
    """Return the open pull request that removes the environment, or why there is none. Raises `Transient`."""
    repo = repository_at_head(world, repository)
    manifest = repo.manifest(name)
    if manifest is None:
        return _absent(world, repository, repo, name)
    try:
        removed = removable(name, manifest, repo.policy())
    except UserError as error:
        return Refused(str(error))
    found = world.github.pull_request_for_head(repository, branch_of(name, "destroy"))
    if found is not None and found.state == "open" and _is_current(repo, found, name):
        return found
    _publish(world, repo, removed, asked)
    return world.github.ensure_pull_request(repository, _proposal(world, repository, repo, (removed, asked)))


def _is_current(repo: Repository, pull: PullRequest, name: EnvironmentName) -> bool:
    """Say whether an open pull request removes the environment as it is now; a change merged since makes it another removal."""
    if name in repo.mirror.entries(pull.head_sha, ENVIRONMENTS):
        return False
    before = repo.mirror.entries(repo.mirror.parent(pull.head_sha) or repo.commit, ENVIRONMENTS).get(name)
    return before == repo.mirror.entries(repo.commit, ENVIRONMENTS).get(name)


def _publish(world: ServiceContext, repo: Repository, removed: Removable, asked: RemovalRequest) -> None:
    was = repo.mirror.proposals("destroy").get(removed.name)
    outcome = repo.mirror.publish(
        Publication(
            parent=repo.commit,
            directory=directory(removed.name),
            files={},
            branch=branch_of(removed.name, "destroy"),
            branch_was=was,
            claims={},
            message=destroy.message(removed, asked, repo.commit),
            author=world.author,
            at=asked.at,
        )
    )
    if isinstance(outcome, Moved):
        raise Transient(f"{removed.name}: somebody else proposes its end at this moment")


def _proposal(
    world: ServiceContext, repository: RepositoryName, repo: Repository, wanted: tuple[Removable, RemovalRequest]
) -> PullRequestSpec:
    removed, asked = wanted
    manifest, policy = removed.manifest, repo.policy()
    files = repo.environment(removed.name)
    pipeline = Pipeline.of(manifest.stacks, read_hooks(files, directory(removed.name)))
    order = in_reverse(graph(pipeline, manifest.purpose, manifest.parameters)).order
    return PullRequestSpec(
        head=branch_of(removed.name, "destroy"),
        base=repo.branch,
        title=destroy.title(removed, asked),
        body=destroy.body(removed, asked, pipeline, order, rival=open_change(world, repository, repo, removed.name)),
        labels=policy.labels,
        reviewers=policy.reviewers,
    )


def open_change(
    world: ServiceContext, repository: RepositoryName, repo: Repository, name: EnvironmentName
) -> int | None:
    """Return the number of the open pull request that would change the environment."""
    if name not in repo.mirror.proposals("change"):
        return None
    found = world.github.pull_request_for_head(repository, branch_of(name, "change"))
    return found.number if found is not None and found.state == "open" else None


def _absent(world: ServiceContext, repository: RepositoryName, repo: Repository, name: EnvironmentName) -> Refused:
    """Say why an environment that is not on the default branch can't be destroyed from there."""
    pull = world.github.pull_request_for_head(repository, branch_of(name))
    if name in repo.mirror.proposals() and not (pull and pull.is_merged):  # a merged branch may be left standing
        where = f" in #{pull.number}" if pull else ""
        return Refused(f"`{name}` is only proposed{where}, so there is nothing to destroy: close that pull request.")
    ended = unfinished_removal(world, repository, repo, name)
    if ended is not None:
        return Refused(
            f"`{name}` is gone from the default branch already ({ended}). If its destroy failed, comment `/resume {name}`; if that is "
            f"refused as not reviewed, revert {ended} and comment `/destroy {name}` again."
        )
    if (done := removal_of(world, repository, repo, name)) is not None:
        return Refused(f"`{name}` was removed ({done}) and is destroyed: there is nothing left of it to destroy.")
    return unknown_environment(Destroy(name), repo.names())
