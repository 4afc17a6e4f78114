"""`/codify --all`: propose, on a branch of its own, that the template says what was changed outside in several environments.

The branch bears the comment's id, so a run that was killed after the push finds its own.
"""

from collections.abc import Mapping

from bot.clients.git.trees import Publication
from bot.clients.github.records import PullRequest, PullRequestSpec
from bot.commands.model import Codify
from bot.core.markdown import code
from bot.core.messages.drift_issue import about, signs_in
from bot.core.messages.versions import codified_everywhere as texts
from bot.core.requests import commit_trailers
from bot.core.requests.codify.codify import CodifySubject
from bot.core.requests.codify.everywhere import TemplateDraft, draft_everywhere
from bot.core.requests.commit_trailers import Trailers
from bot.core.requests.refusal import Refused, unknown_environment
from bot.model.environment import Manifest, Request
from bot.model.policy import ACTIONS
from bot.names import EnvironmentName, is_valid
from bot.service.jobs_api import JobStepResult
from bot.service.proposals.drafting import change_subject
from bot.service.repository import Repository
from bot.service.versions.drift import drift_found
from bot.service.way import publish

BRANCH = "envclone-template/{template}-{comment}"


class TemplateProposed(JobStepResult):
    """The pull request that changes the template."""

    number: int
    url: str


def propose_everywhere(repo: Repository, command: Codify, request: Request) -> PullRequest | Refused:
    """Return the open pull request, or why there is none. Raises `Transient`, `UserError`."""
    manifest = repo.manifest(command.name)
    if manifest is None:
        return unknown_environment(command, repo.names())
    branch = BRANCH.format(template=manifest.template, comment=request.comment)
    own = repo.github.pull_request_for_head(repo.name, branch)
    if own is not None:
        return own
    if other := _other(repo, manifest):
        return Refused(texts.open_already(other.number))
    drafted = _drafted(repo, command, manifest)
    if isinstance(drafted, Refused):
        return drafted
    said = Trailers(command.name, request.by, request.comment, request.url, repo.commit)
    title = texts.title(manifest.template)
    # If the branch is there already, a run before this one has pushed it and died before it opened the pull request.
    publish(
        repo,
        Publication(
            parent=repo.commit,
            directories={repo.roots.template(manifest.template): drafted.files},
            branch=branch,
            branch_was=None,
            claims={},
            message=f"{title}\n\n{commit_trailers.write(said)}",
            author=repo.context.author,
            at=repo.context.now(),
        ),
    )
    policy = repo.policy()
    spec = PullRequestSpec(
        head=branch,
        base=repo.branch,
        title=title,
        body=texts.body(command.name, drafted, request),
        labels=policy.labels,
        reviewers=policy.reviewers,
    )
    return repo.github.ensure_pull_request(repo.name, spec)


def _drafted(repo: Repository, command: Codify, manifest: Manifest) -> TemplateDraft:
    name = command.name
    facts = drift_found(repo, name)
    if facts is None:
        return Refused(
            f"{code(name)}, as it is now, has not been checked for drift. Comment {code(f'/plan {name}')}, and this command again when it "
            "has answered."
        )
    if manifest.revision != repo.template(manifest.template).revision:
        return Refused(texts.behind(name))
    subject = CodifySubject(change_subject(repo, manifest, repo), repo.environment(name))
    return draft_everywhere(command, subject, facts, _elsewhere(repo, manifest))


def _elsewhere(repo: Repository, manifest: Manifest) -> Mapping[EnvironmentName, frozenset[str]]:
    """Return what the open issues about other environments of the template say of their drift: workflows write them."""
    live = repo.read_inventory().inventory.live
    found: dict[EnvironmentName, frozenset[str]] = {}
    for issue in repo.github.issues_by(repo.name, ACTIONS):
        name = about(issue.body) if issue.state == "open" else None
        if name is not None and is_valid(EnvironmentName, name):
            other = live.get(EnvironmentName(name))
            if other is not None and other.template == manifest.template:
                found[other.name] = signs_in(issue.body)
    return found


def _other(repo: Repository, manifest: Manifest) -> PullRequest | None:
    prefix = BRANCH.format(template=manifest.template, comment="")
    found = (each for each in repo.github.open_pull_requests(repo.name) if each.head.startswith(prefix))
    return next((each for each in found if each.is_from(repo.name) and repo.is_ours(each)), None)
