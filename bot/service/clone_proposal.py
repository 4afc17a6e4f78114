"""Open the pull request of a published branch, or find and correct the one that is there."""

from bot.clients.github.records import PullRequest, PullRequestSpec
from bot.core.graph import diagram
from bot.core.messages import clone_pull_request
from bot.core.parity.by_code.compare import CodeSide, compare
from bot.core.parity.leaks import leaks
from bot.core.rendering.assemble import read_hooks
from bot.model.environment import directory
from bot.model.pipeline import Pipeline
from bot.names import RepositoryName
from bot.service.commands.clone import Published
from bot.service.context import ServiceContext
from bot.service.repository import repository_at_head


def propose_clone(world: ServiceContext, repository: RepositoryName, published: Published) -> PullRequest:
    """Return the clone's pull request. Its text is made from the commit, so that a second run makes the same. Raises `Transient`."""
    repo = repository_at_head(world, repository)
    manifest, policy = published.manifest, repo.policy()
    assert manifest.source is not None
    source, template = repo.source(manifest.source), repo.template_at(manifest)
    files = repo.environment(manifest.name, published.commit)
    pipeline = Pipeline(stacks=manifest.stacks, hooks=read_hooks(files, directory(manifest.name)).hooks)
    sides = CodeSide(source, repo.environment(source.name)), CodeSide(manifest, files)
    found = compare(*sides, template, world.now())
    proposed = clone_pull_request.ProposedClone(
        manifest=manifest,
        source=source,
        template=template,
        pipeline=pipeline,
        parity=found.parity,
        leaks=leaks(found, CodeSide(manifest, files), world.now()),
        files=len(files),
        diagram=diagram(pipeline),
    )
    return world.github.ensure_pull_request(
        repository,
        PullRequestSpec(
            head=published.branch,
            base=repo.branch,
            title=clone_pull_request.title(manifest),
            body=clone_pull_request.body(proposed),
            labels=policy.labels,
            reviewers=policy.reviewers,
        ),
    )
