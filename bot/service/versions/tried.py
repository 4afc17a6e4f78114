"""What a pull request shows of the clones that try it: a commit status on its head, for each of them."""

from bot.clients.git.remote import CommitMissing
from bot.clients.github.records import PullRequest
from bot.core.messages.versions import preview
from bot.core.requests.branches import Branch
from bot.core.requests.commit_trailers import AsIn
from bot.errors import UserError
from bot.model.environment import Manifest
from bot.names import EnvironmentName
from bot.service.repository import Repository
from bot.service.status import facts_of
from bot.service.versions.evidence import evidence_of

CONTEXT = "envclone/tried on {name}"


def show_tried(repo: Repository, name: EnvironmentName) -> None:
    """Say on the head of the pull request that a preview tries how it did there; nothing for another environment. Raises `Transient`."""
    live = _live(repo, name)
    if live is not None and live.preview is None:
        return  # most environments, and GitHub need not be asked
    now = preview_now(repo, name)
    pull = tried_pull(repo, now.preview.pull_request) if now and now.preview else None
    if pull is None:
        return
    repo.at(pull.head_sha)
    context = CONTEXT.format(name=name)
    if live is None or not _is_of(repo, live, pull.head_sha):
        repo.github.set_status(repo.name, pull.head_sha, context, preview.NOT_YET, state="pending")
        return
    found = evidence_of(repo, AsIn(name, repo.commit))
    if found is not None and found.applied_at is not None:
        repo.github.set_status(repo.name, pull.head_sha, context, preview.applied(found))
    elif facts_of(repo, name).deployment == "failure":
        repo.github.set_status(repo.name, pull.head_sha, context, preview.FAILED, state="failure")
    else:
        repo.github.set_status(repo.name, pull.head_sha, context, preview.NOT_YET, state="pending")


def tried_pull(repo: Repository, number: int) -> PullRequest | None:
    """Return a pull request that may be tried now: it is open, a person's, and no fork's, whatever a manifest says. Raises `Transient`."""
    pull = repo.github.pull_request(repo.name, number)
    is_one = pull is not None and pull.state == "open" and pull.is_from(repo.name) and not repo.is_ours(pull)
    return pull if is_one else None


def preview_now(repo: Repository, name: EnvironmentName) -> Manifest | None:
    """Return a manifest with what is proposed, if its pull request is open, else as it is on the default branch. Raises `Transient`."""
    for branch in (Branch("change", name), Branch("clone", name)):
        pull = repo.pull_request(branch) if repo.proposed(branch) is not None else None
        if pull is not None and pull.state == "open":
            try:
                return repo.at(pull.head_sha).manifest(name)
            except UserError:
                return None  # what people have broken is theirs
    return _live(repo, name)


def previews_behind(repo: Repository) -> tuple[EnvironmentName, ...]:
    """Return the previews whose pull request has changed what they try since they were rendered. Raises `Transient`."""
    found = [each for each in repo.read_inventory().inventory.manifests() if each.preview is not None]
    heads = {number: _head(repo, number) for number in {each.preview.pull_request for each in found if each.preview}}
    behind = []
    for each in found:
        head = heads[each.preview.pull_request] if each.preview is not None else None
        now = preview_now(repo, each.name) if head is not None else None
        if head is not None and now is not None and not _is_of(repo, now, head):
            behind.append(each.name)
    return tuple(sorted(behind))


def _head(repo: Repository, number: int) -> str | None:
    """Return the head of a pull request that is open, brought into the mirror; None also when the remote doesn't have it."""
    pull = tried_pull(repo, number)
    if pull is None:
        return None
    try:
        return repo.at(pull.head_sha).commit
    except CommitMissing:
        return None


def _live(repo: Repository, name: EnvironmentName) -> Manifest | None:
    try:
        return repo.manifest(name)
    except UserError:
        return None


def _is_of(repo: Repository, manifest: Manifest, head: str) -> bool:
    """Say whether a preview is what the head of its pull request renders: that may have been pushed to without changing anything of it."""
    if manifest.preview is None or manifest.source is None:
        return False
    if manifest.preview.commit == head:
        return True
    try:
        repo.at(manifest.preview.commit)
    except CommitMissing:
        return False  # people may write anything into a manifest, or delete the branch that keeps the commit
    places = (repo.roots.template(manifest.template), repo.roots.environment(manifest.source))
    return all(
        repo.mirror.tree_at(manifest.preview.commit, place) == repo.mirror.tree_at(head, place) for place in places
    )
