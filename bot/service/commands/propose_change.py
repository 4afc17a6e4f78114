"""Open the pull request of a change, or find it and bring it up to date; of a clone that is not merged yet, the clone's own."""

from bot.clients.github.records import PullRequest
from bot.clients.github.records import PullRequestSpec as PullRequestText
from bot.core.messages import change_pull_request
from bot.core.messages.change_pull_request import ProposedChange
from bot.core.parity.by_code.compare import CodeSide, compare
from bot.core.requests.branches import Branch
from bot.errors import UserError
from bot.model.environment import MANIFEST, Manifest
from bot.names import EnvironmentName, RepositoryName
from bot.service.clone_proposal import propose_clone
from bot.service.commands.clone import Published
from bot.service.context import ServiceContext
from bot.service.repository import Repository, repository_at_head
from bot.service.requesters import OwnProposal, proposal_on, requests_of


def propose_change(world: ServiceContext, repository: RepositoryName, branch: Branch) -> PullRequest:
    """Return the pull request of what lies on a branch. Its text is made from the commits, so a second run makes the same.

    Raises `Transient`, and `UserError` when the branch is gone.
    """
    repo = repository_at_head(world, repository)
    proposal = proposal_on(world, repo, repository, branch)
    manifest = repo.manifest(branch.environment, proposal.tip) if proposal else None
    if proposal is None or manifest is None:
        raise UserError(f"Somebody removed `{branch}` meanwhile, so nothing is proposed. Comment the command again.")
    if branch.kind == "clone":
        return propose_clone(world, repository, Published(str(branch), proposal.tip, manifest))
    if (
        proposal.pull is not None
        and not proposal.is_open
        and repo.mirror.proposals("change").get(branch.environment) in (None, proposal.pull.head_sha)
    ):
        return proposal.pull
    before = repo.manifest(branch.environment, proposal.base) or manifest
    policy = repo.policy()
    return world.github.ensure_pull_request(
        repository,
        PullRequestText(
            head=str(branch),
            base=repo.branch,
            title=change_pull_request.title(before, manifest),
            body=change_pull_request.body(_proposed(world, repository, repo, (before, manifest), proposal)),
            labels=policy.labels,
            reviewers=policy.reviewers,
        ),
    )


def _proposed(
    world: ServiceContext,
    repository: RepositoryName,
    repo: Repository,
    sides: tuple[Manifest, Manifest],
    proposal: OwnProposal,
) -> ProposedChange:
    before, after = sides
    template, name = repo.template_at(after), after.name
    was, becomes = (
        {path: file for path, file in repo.environment(name, commit).items() if path != MANIFEST}
        for commit in (proposal.base, proposal.tip)
    )
    found = compare(CodeSide(before, was), CodeSide(after, becomes), template, world.now())
    return ProposedChange(
        before=before,
        after=after,
        source=repo.manifest(after.source) if after.source else None,
        template=template,
        files=sorted(path for path in {*was, *becomes} if was.get(path) != becomes.get(path)),
        differences=found.parity.differences,
        requests=requests_of(world, repository, proposal),
        rival=_rival(world, repository, repo, name),
    )


def _rival(world: ServiceContext, repository: RepositoryName, repo: Repository, name: EnvironmentName) -> int | None:
    """Return the number of the open pull request that would destroy the environment."""
    if name not in repo.mirror.proposals("destroy"):
        return None
    found = world.github.pull_request_for_head(repository, str(Branch("destroy", name)))
    return found.number if found is not None and found.state == "open" else None
