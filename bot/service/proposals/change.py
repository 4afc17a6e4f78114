"""The pull request of a change: its title, its text, who is asked. The text is made from the commits of the branch."""

from collections.abc import Mapping

from bot.clients.github.records import PullRequestSpec
from bot.core.hcl.local_modules import own
from bot.core.messages import change_pull_request
from bot.core.messages.change_pull_request import ProposedChange
from bot.core.messages.sync_text import ProposedSync, SourceParity
from bot.core.messages.versions.evidence import Evidence
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.parity.by_code.compare import compare
from bot.core.rendering.assemble import read_hooks
from bot.core.rendering.migrations import pending
from bot.core.rendering.synced_values import values_asked_for
from bot.core.rendering.verify import verify
from bot.core.requests.branches import Branch
from bot.core.requests.sync import conflicts_in
from bot.core.requests.template_history import between
from bot.core.tree import Tree
from bot.errors import HandEdit
from bot.model.environment import MANIFEST, Manifest
from bot.model.pipeline import Hook
from bot.names import EnvironmentName, ParameterName, StepName
from bot.service.proposals.drafting import awaited_template, source_side
from bot.service.repository import Repository
from bot.service.requesters import OwnProposal, requests_of
from bot.service.versions.evidence import evidence_of


def change_proposal(repo: Repository, proposal: OwnProposal, after: Manifest) -> PullRequestSpec:
    """Return the pull request of what is on a change's branch; `after` is the environment there. Raises `Transient`, `UserError`."""
    before = repo.at(proposal.base).manifest(after.name) or after
    policy = repo.policy()
    return PullRequestSpec(
        head=str(proposal.branch),
        base=repo.branch,
        title=change_pull_request.title(before, after, proposal.commits[-1].trailers if proposal.commits else None),
        body=change_pull_request.body(compared(repo, proposal, before, after)),
        labels=policy.labels,
        reviewers=policy.reviewers,
    )


def compared(repo: Repository, proposal: OwnProposal, before: Manifest, after: Manifest) -> ProposedChange:
    """Return what the pull request of a proposal says of an environment, before and after it. Raises `Transient`, `UserError`."""
    template, name = repo.template_of(after), after.name
    was, becomes = (
        {path: file for path, file in repo.at(commit).code(name).items() if path != MANIFEST}
        for commit in (proposal.base, proposal.tip)
    )
    conflicts = conflicts_in(own(becomes), template)
    # With conflicts in its files nobody can tell what the environment is.
    found = (
        compare(CodeSide(before, was), CodeSide(after, becomes), template, repo.context.now())
        if not conflicts
        else None
    )
    return ProposedChange(
        before=before,
        after=after,
        source=repo.manifest(after.source) if after.source else None,
        template=template,
        files=sorted(path for path in {*own(was), *own(becomes)} if was.get(path) != becomes.get(path)),
        differences=found.parity.differences if found else (),
        requests=requests_of(repo, proposal),
        rival=_rival(repo, name),
        rollout=proposal.rollout,
        dispatched=proposal.dispatched,
        evidence=_evidence(repo, proposal),
        codified=_codified(proposal),
        asks=missing_values(repo, after),
        hooks=_hooks(was, becomes, repo.roots.environment(after.name))
        if _goes_back(proposal) and not conflicts
        else None,
        sync=_sync(repo, proposal, CodeSide(before, was), CodeSide(after, becomes))
        if before.revision != after.revision
        else None,
    )


def _sync(repo: Repository, proposal: OwnProposal, before: CodeSide, after: CodeSide) -> ProposedSync:
    """Return what is to be said of an environment that is brought to another revision of its template."""
    history = repo.template_history(after.manifest.template)
    conflicts, now = conflicts_in(own(after.files), repo.template_of(after.manifest)), repo.context.now()
    source = repo.manifest(after.manifest.source) if after.manifest.source else None
    parity = None
    if source is not None and not conflicts:
        side = source_side(repo, source)
        then, becomes = (compare(side, each, repo.template_of(each.manifest), now).parity for each in (before, after))
        parity = SourceParity(then, becomes)
    step = between(history, before.manifest.revision, after.manifest.revision)
    former, template = (repo.template_of(each.manifest) for each in (before, after))
    found = verify(after.manifest.name, repo.at(proposal.tip).environment(after.manifest.name), template)
    edits = [each for each in found if isinstance(each, HandEdit)]
    due, undone = (
        pending(one.declaration, other.declaration) for one, other in ((former, template), (template, former))
    )
    return ProposedSync(step, conflicts, edits, parity, due, undone)


def missing_values(repo: Repository, manifest: Manifest) -> Mapping[ParameterName, str]:
    """Return the values that an environment waits for, each with why."""
    if manifest.awaits is None:
        return {}
    source = repo.manifest(manifest.source) if manifest.source else None
    former, template = repo.template_of(manifest), awaited_template(repo, manifest)
    asked = values_asked_for(manifest, former.declaration, template.declaration, source)
    return {name: why for name, why in asked.items() if name in manifest.awaits.missing}


def _goes_back(proposal: OwnProposal) -> bool:
    followed = [each.trailers.as_in for each in proposal.commits if each.trailers.as_in is not None]
    return any(each.environment == proposal.branch.environment for each in followed)


def _hooks(was: Tree, becomes: Tree, where: str) -> tuple[Mapping[StepName, Hook], Mapping[StepName, Hook]]:
    return read_hooks(was, where).hooks, read_hooks(becomes, where).hooks


def _codified(proposal: OwnProposal) -> str | None:
    found = [each.notes for each in proposal.commits if each.trailers.is_codified]
    return "\n".join(filter(None, found)) if found else None


def _evidence(repo: Repository, proposal: OwnProposal) -> list[Evidence]:
    followed = dict.fromkeys(each.trailers.as_in for each in proposal.commits if each.trailers.as_in is not None)
    return [found for each in followed if (found := evidence_of(repo, each)) is not None]


def _rival(repo: Repository, name: EnvironmentName) -> int | None:
    """Return the number of the open pull request that would destroy the environment."""
    branch = Branch("destroy", name)
    found = repo.pull_request(branch) if repo.proposed(branch) is not None else None
    return found.number if found is not None and found.state == "open" else None
