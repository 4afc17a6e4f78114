"""What GitHub knows of an environment as it was at a commit: when it was applied, what its probes said, and its certificate."""

from bot.clients.github.certificates import certificate_on
from bot.core.messages.versions.evidence import Evidence
from bot.core.rendering.verify import verify
from bot.core.requests.commit_trailers import AsIn
from bot.errors import HandEdit
from bot.service.planned.checks import newest_check
from bot.service.repository import Repository
from bot.service.versions.applied import applied_commits

_APPLIED = "envclone/apply: {}"


def evidence_of(repo: Repository, as_in: AsIn) -> Evidence | None:
    """Return the evidence; None for a commit that the default branch was never at, whatever its trailers say. Raises `Transient`."""
    name, commit = as_in.environment, repo.mirror.history.was_at(as_in.commit, repo.commit)
    tree = repo.mirror.tree_at(commit, repo.roots.environment(name)) if commit is not None else None
    manifest = repo.at(commit).manifest(name) if commit is not None and tree is not None else None
    if commit is None or manifest is None:
        return None
    applied = next((each for each in applied_commits(repo, name) if each.tree == tree), None)
    results = newest_check(repo, applied.deployment.sha, _APPLIED.format(name)) if applied else None
    head = str(applied.deployment.payload.get("head", "")) if applied else ""
    found = verify(name, repo.at(commit).environment(name), repo.template_of(manifest))
    return Evidence(
        as_in=as_in,
        revision=manifest.revision,
        applied_at=applied.deployment.created_at if applied else None,
        url=applied.status.log_url if applied else "",
        results=results.summary if results else "",
        certificate=certificate_on(repo.github, repo.name, name, [head]) if head else None,
        edits=sum(isinstance(each, HandEdit) for each in found),
    )
