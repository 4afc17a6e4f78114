"""The pull request of a clone: its title, its text, who is asked. The text is made from a comparison with the source by code."""

from collections.abc import Iterator

from bot.clients.github.records import PullRequestSpec
from bot.core.graph import diagram
from bot.core.hcl.local_modules import OUTSIDE
from bot.core.messages import clone_pull_request
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import CodeComparison, compare
from bot.core.parity.by_code.external_references import external_references, outbound_alike
from bot.core.parity.by_code.leaks import leaks
from bot.core.parity.output.markdown import outside
from bot.core.rendering.assemble import read_hooks
from bot.core.requests.accounts import named_account, other_accounts
from bot.core.requests.branches import branch_of
from bot.core.requests.commit_trailers import AsIn
from bot.errors import UserError
from bot.model.environment import Manifest
from bot.model.pipeline import Pipeline
from bot.service.repository import Repository


def clone_proposal(
    repo: Repository, clone: CodeSide, found: CodeComparison, as_in: AsIn | None = None
) -> PullRequestSpec:
    """Return the pull request of a clone that was compared with its source, perhaps of an earlier version of that. Raises `UserError`."""
    manifest, files, now = clone.manifest, clone.files, repo.context.now()
    policy = repo.policy()
    account = named_account(manifest, policy)
    pipeline = Pipeline(stacks=manifest.stacks, hooks=read_hooks(files, repo.roots.environment(manifest.name)).hooks)
    template = repo.template_of(manifest)
    proposed = clone_pull_request.ProposedClone(
        manifest=manifest,
        source=source_of(repo, manifest),
        template=template,
        pipeline=pipeline,
        parity=found.parity,
        leaks=leaks(found, clone, now, others=other_accounts(manifest, policy)),
        files=sum(not path.startswith(OUTSIDE) for path in files),
        diagram=diagram(pipeline),
        as_in=as_in,
        account=None if isinstance(account, str) else account,
        external=external_references(found, clone, template.declaration),
    )
    return PullRequestSpec(
        head=branch_of(manifest.name),
        base=repo.branch,
        title=clone_pull_request.title(manifest),
        body=clone_pull_request.body(proposed),
        labels=policy.labels,
        reviewers=policy.reviewers,
    )


def clone_proposal_at(repo: Repository, manifest: Manifest, commit: str, as_in: AsIn | None = None) -> PullRequestSpec:
    """Return the pull request of a clone as a commit holds it, which is compared with its source now. Raises `UserError`."""
    clone = CodeSide(manifest, repo.at(commit).code(manifest.name))
    source = source_of(repo, manifest)
    production = CodeSide(source, repo.code(source.name))
    found = compare(production, clone, repo.template_of(manifest), repo.context.now())
    return clone_proposal(repo, clone, found, as_in)


def outside_as_source(repo: Repository, clone: CodeSide, found: CodeComparison) -> Iterator[str]:
    """Yield what a clone would reach outside as its source does. Raises `UserError`."""
    template, source = repo.template_of(clone.manifest), source_of(repo, clone.manifest)
    external = external_references(found, clone, template.declaration)
    alike = outbound_alike(clone.manifest, source, template)
    return outside(external, alike, source.name)


def source_of(repo: Repository, manifest: Manifest) -> Manifest:
    """Return the manifest of what an environment was cloned from. Raises `UserError` when there is no such environment."""
    if manifest.source is None:
        raise UserError(f"`{manifest.name}` was not cloned from any environment.")
    return repo.source(manifest.source)
