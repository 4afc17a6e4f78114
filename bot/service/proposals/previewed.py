"""A preview with the template and the source's values that the head of its pull request has: what it is to be brought to."""

from dataclasses import replace

from bot.clients.git.remote import CommitMissing
from bot.clients.git.snapshots import keep
from bot.clients.github.records import PullRequest
from bot.commands.model import Sync
from bot.core.rendering.synced_values import followed
from bot.core.requests.sync import SyncSubject
from bot.errors import UserError
from bot.model.environment import Manifest
from bot.service.proposals.drafting import OthersClaims, awaited_template, sync_subject
from bot.service.repository import Repository
from bot.service.versions.past import past_template
from bot.service.versions.proposed import source_in
from bot.service.versions.tried import tried_pull


def awaited_subject(repo: Repository, manifest: Manifest, at: Repository, others: OthersClaims) -> SyncSubject:
    """Return an environment as it is `at` a commit, with the template that it waits for values of; a preview with what its pull request has by now.

    Raises `UserError`, `Transient`.
    """
    subject = sync_subject(repo, Sync(manifest.name), manifest, at, others)
    if manifest.preview is None:
        return replace(subject, after=awaited_template(repo, manifest))
    return previewed(repo, _kept_pull(repo, manifest, manifest.preview.pull_request), subject)


def previewed(repo: Repository, pull: PullRequest, subject: SyncSubject) -> SyncSubject:
    """Return a preview that is to be brought to what the head of its pull request has. Raises `UserError`, `Transient`."""
    manifest = subject.manifest
    if manifest.preview is None or manifest.source is None:
        raise UserError(f"`{manifest.name}` is not a preview any more.")
    found = source_in(repo, pull, manifest.source)
    try:
        before = repo.at(manifest.preview.commit).source(manifest.source)
    except CommitMissing as missing:
        raise UserError(
            f"Commit {manifest.preview.commit[:12]}, which `{manifest.name}` was rendered from, is not in this repository any more. "
            f"Comment `/sync {manifest.name}` to make it an ordinary clone, or `/destroy {manifest.name}`."
        ) from missing
    return replace(
        subject,
        after=past_template(repo, manifest.template, found),
        preview=found.preview,
        follows=followed(manifest, before, found.side.manifest),
    )


def _kept_pull(repo: Repository, manifest: Manifest, number: int) -> PullRequest:
    """Return the pull request that a preview tries, with its head kept for the preview. Raises `UserError`, `Transient`."""
    pull = tried_pull(repo, number)
    if pull is None:
        raise UserError(
            f"#{number}, which `{manifest.name}` tries, is not an open pull request of this repository any more. "
            f"Reopen it, or comment `/sync {manifest.name}` to make the preview an ordinary clone."
        )
    repo.at(pull.head_sha)
    keep(repo.mirror, manifest.name, pull.head_sha)
    return pull
