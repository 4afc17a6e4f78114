"""The second half of a reset: what a merged removal took away is brought back when it is destroyed, byte for byte, and merged.

Nothing is remembered. That a removal is a reset, its own commit says; that it is done, the deployment; that it was made again, a pull
request of ours whose branch began after the removal. So each part may be run at any time, any number of times, and is looked for first.
"""

from dataclasses import replace

from bot.clients.git.remote import Moved
from bot.clients.git.snapshots import keep
from bot.clients.git.trees import Publication
from bot.clients.github.records import PullRequest
from bot.clients.transient import Transient
from bot.core.messages.versions import made_again as texts
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.rendering.inventory import Claim, allocated, claims
from bot.core.requests import commit_trailers
from bot.core.requests.branches import Branch, Stranger
from bot.core.requests.commit_trailers import Trailers
from bot.core.requests.versions.rollback import refused_now
from bot.errors import UserError
from bot.model.environment import Manifest
from bot.names import EnvironmentName
from bot.service.commands.lost_race import learn
from bot.service.commands.rollback import rollback_subject
from bot.service.planned.checks import REQUIRED_CHECK, newest_check
from bot.service.planned.resets import MergedReset, made_again_by, reset_of
from bot.service.proposals.clone import clone_proposal_at
from bot.service.proposals.drafting import OthersClaims
from bot.service.removals import release_removed, unfinished_removal
from bot.service.repository import Repository
from bot.service.status import report_branch
from bot.service.way import clear, publish

ATTEMPTS = 10
"""Lost races in a row before the job is retried later: only clones that ask for its values compete."""


def release(repo: Repository, name: EnvironmentName) -> bool:
    """Give back what a destroyed environment held in the repository, and make it again if that is to follow; say whether anything was done."""
    reset = reset_of(repo, name)
    # What a run before this one has pushed already is no more what the destroyed environment left.
    was_released = (reset is None or _pushed_before(repo, reset) is None) and release_removed(repo, name)
    return make_again(repo.fetched() if was_released else repo, name) is not None or was_released


def make_again(repo: Repository, name: EnvironmentName) -> PullRequest | None:
    """Return the pull request that makes an environment again which a reset has destroyed; None where there is none to be. Raises `Transient`."""
    reset = reset_of(repo, name)
    if reset is None or unfinished_removal(repo, name) is not None:
        return None
    pull = made_again_by(repo, reset)
    try:
        pull = pull or _proposed(repo, reset)
    except UserError as error:
        repo.github.comment_once(repo.name, reset.number, texts.CANNOT_MARKER, texts.cannot(name, str(error)))
        return None
    report_branch(repo.fetched(), Branch("destroy", name))
    return pull


def merge_made_again(repo: Repository, name: EnvironmentName) -> bool:
    """Merge the pull request that makes an environment again if it does that and nothing else, and its check has passed. Raises `Transient`."""
    reset = reset_of(repo, name)
    pull = made_again_by(repo, reset) if reset is not None else None
    if reset is None or pull is None or pull.state == "closed":
        return False
    check = newest_check(repo, pull.head_sha, REQUIRED_CHECK)
    # Anybody who may push could have put something else on the branch: what is merged unseen is what was there before, alone.
    is_tip = repo.proposed(Branch("clone", name)) == pull.head_sha
    is_as_it_was = is_tip and repo.mirror.history.only_puts(
        pull.head_sha, {repo.roots.environment(name): reset.files}, onto=repo.commit
    )
    is_green = check is not None and check.conclusion == "success"
    return is_as_it_was and is_green and repo.github.merge(repo.name, pull.number, pull.head_sha)


def cannot_be_made_again(repo: Repository, manifest: Manifest) -> str | None:
    """Return why an environment could not be made again once it is destroyed; None if it could. Raises `Transient`, `UserError`."""
    name, now = manifest.name, repo.context.now()
    if manifest.expires_at is not None and manifest.expires_at <= now:
        return texts.expired(name)
    files = repo.environment(name)
    subject = rollback_subject(repo, manifest, files, OthersClaims())
    side = CodeSide(manifest, {**files, **subject.template.modules})
    found = refused_now(subject, subject.template, side, now)
    return texts.refused(name, str(found[0])) if found else None


def _proposed(repo: Repository, reset: MergedReset) -> PullRequest:
    """Publish the branch unless it is there, and open its pull request. Raises `UserError`, `Transient`."""
    name, preview = reset.manifest.name, reset.manifest.preview
    if preview is not None:
        # What the destroyed one was rendered from was let go with it, and may be on nobody's branch any more.
        keep(repo.mirror, name, repo.at(preview.commit).commit)
    commit = _pushed(repo, reset)
    repo = repo.fetched()
    spec = clone_proposal_at(repo, repo.at(commit).source(name), commit)
    body = f"{texts.introduction(name, reset.number)}\n\n{spec.body}"
    return repo.github.ensure_pull_request(repo.name, replace(spec, title=texts.title(name), body=body))


def _pushed(repo: Repository, reset: MergedReset) -> str:
    """Return the commit that brings the environment back; one that a run before this one pushed is found. Raises `UserError`, `Transient`."""
    name, others = reset.manifest.name, OthersClaims()
    branch = Branch("clone", name)
    for _ in range(ATTEMPTS):
        if (pushed := _pushed_before(repo, reset)) is not None:
            return pushed
        cleared = clear(repo, branch)
        if isinstance(cleared, Stranger):
            raise UserError(f"@{cleared.author} has opened #{cleared.pull} from a branch that is called `{branch}`.")
        repo = repo.fetched() if cleared else repo
        outcome = publish(repo, _publication(repo, reset, others))
        if isinstance(outcome, str):
            return outcome
        repo = repo.fetched()
        if isinstance(outcome, Moved):
            learn(repo, outcome, others)
    raise Transient(f"{name}: lost {ATTEMPTS} races for its branch in a row")


def _pushed_before(repo: Repository, reset: MergedReset) -> str | None:
    """Return the tip of the branch if it brings the environment back; that from which it was cloned once began before the removal."""
    name = reset.manifest.name
    tip = repo.proposed(Branch("clone", name))
    if tip is None or not repo.mirror.history.is_merged(reset.removal.commit, tip):
        return None
    return (
        tip
        if repo.mirror.history.only_puts(tip, {repo.roots.environment(name): reset.files}, onto=repo.commit)
        else None
    )


def _publication(repo: Repository, reset: MergedReset, others: OthersClaims) -> Publication:
    """Return the commit that brings the environment back. Raises `UserError` when another environment has one of its values now."""
    manifest, said = reset.manifest, reset.said
    name, branch = manifest.name, Branch("clone", manifest.name)
    declared = repo.template_of(manifest).declaration.parameters
    held = claims(declared, manifest.parameters)
    inventory = rollback_subject(repo, manifest, reset.files, others).inventory
    for each, value in allocated(declared, manifest.parameters).items():
        holder = inventory.holder(Claim(each, value), declared[each], by_others_than=name)
        if holder is not None:
            raise UserError(f"`{each}` was `{value}`, and `{holder}` has that now.")
    trailers = Trailers(name, said.by, said.comment, said.url, base=repo.commit)
    return Publication(
        parent=repo.commit,
        directories={repo.roots.environment(name): reset.files},
        branch=str(branch),
        branch_was=repo.proposed(branch),
        claims={claim: others.left_over.get(claim) for claim in held},
        message=f"{texts.title(name)}\n\n{commit_trailers.write(trailers)}",
        author=repo.context.author,
        at=repo.context.now(),
    )
