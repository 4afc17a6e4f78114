"""Learn from a lost race for a value: who holds it, and whether its claim is somebody's at all."""

from bot.clients.git.claims import claim_of
from bot.clients.git.remote import Moved
from bot.clients.github.records import PullRequest
from bot.core.rendering.inventory import Claim, claims
from bot.core.requests import commit_trailers
from bot.core.requests.branches import Branch
from bot.errors import UserError
from bot.model.environment import Manifest
from bot.names import EnvironmentName
from bot.service.proposals.drafting import OthersClaims
from bot.service.removals import unfinished_removal
from bot.service.repository import Repository


def learn(repo: Repository, moved: Moved, others: OthersClaims) -> None:
    """Note who holds the claims that were refused; one that its holder does not need is free, whoever made it."""
    for claim in filter(None, map(claim_of, moved.refs)):
        commit = repo.mirror.holder(claim)
        if commit is None:
            continue
        holder = _holder(repo, commit)
        if holder is not None and (_holds(repo, holder, claim) or _is_to_hold(repo, holder, claim, commit)):
            others.taken[claim] = holder
        else:
            others.left_over[claim] = commit


def _holder(repo: Repository, commit: str) -> EnvironmentName | None:
    """Return for which environment a claim was made. Anybody who may push could have made it, of anything."""
    try:
        said = commit_trailers.read(repo.mirror.history.message(commit))
    except UserError:
        return None
    return said.environment if said else None


def _holds(repo: Repository, holder: EnvironmentName, claim: Claim) -> bool:
    """Say whether an environment has the value that a claim says is its own. Whoever may push can make claims in any name."""
    inventory = repo.inventory()
    manifest = inventory.proposed.get(holder) or inventory.live.get(holder)
    return inventory.may_hold(holder, claim) if manifest is None else _is_of(repo, manifest, claim)


def _is_of(repo: Repository, manifest: Manifest, claim: Claim) -> bool:
    """Say whether a value is an environment's, which may call its parameter otherwise than the claim does."""
    if str(manifest.parameters.get(claim.parameter)) == claim.value:
        return True
    try:
        return claim in claims(repo.template_of(manifest).declaration.parameters, manifest.parameters)
    except UserError:
        return False


def _is_to_hold(repo: Repository, holder: EnvironmentName, claim: Claim, commit: str) -> bool:
    """Say whether the value belongs to an environment that is half destroyed, or whose branch is pushed and not yet proposed."""
    removal = unfinished_removal(repo, holder)
    if removal is not None:
        return _has(repo, removal.base, holder, claim)
    synced = repo.proposed(Branch("change", holder))
    if synced is not None and _has(repo, synced, holder, claim):
        return True
    branch = Branch("clone", holder)
    tip = repo.proposed(branch)
    if tip is None or not _has(repo, tip, holder, claim):
        return False
    # The inventory was read before: its pull request may have been opened since, and even merged.
    pull = repo.pull_request(branch)
    if pull is None:
        return tip == commit
    return pull.state == "open" or (pull.is_merged and not _is_known(repo, pull))


def _is_known(repo: Repository, merged: PullRequest) -> bool:
    """Say whether the default branch had been given a pull request when it was fetched: what it lacks now was removed."""
    merge = merged.merge_commit_sha
    return merge is not None and repo.mirror.history.was_at(merge, repo.commit) is not None


def _has(repo: Repository, commit: str, name: EnvironmentName, claim: Claim) -> bool:
    try:
        manifest = repo.at(commit).manifest(name)
    except UserError:
        return False
    return manifest is not None and _is_of(repo.at(commit), manifest, claim)
