"""`/clone`: publish the branch that adds one cloned environment, open its pull request, and say so.

Races. The branch and the claims of its allocated values are one atomic compare-and-swap push. Whoever loses a name is told
so; whoever loses a value drafts again without it. A request whose branch is there already (it was killed after the push,
or delivered twice) finds that branch by the comment's id in its manifest and changes nothing.
"""

from collections.abc import Mapping
from dataclasses import replace

from pydantic import Field, TypeAdapter

from bot.clients.git.snapshots import keep
from bot.clients.git.trees import Publication
from bot.clients.github.records import PullRequest, PullRequestSpec
from bot.clients.transient import Transient
from bot.commands.model import Clone
from bot.core.messages import replies
from bot.core.messages.status_comment import status_comment
from bot.core.parity.by_code.code_side import CodeSide
from bot.core.rendering.assemble import read_hooks
from bot.core.requests import commit_trailers
from bot.core.requests.branches import Branch, Stranger, branch_of
from bot.core.requests.clone import CloneRequest, Draft
from bot.core.requests.commit_trailers import AsIn, Trailers
from bot.core.requests.refusal import Refused
from bot.core.requests.status import StatusFacts
from bot.errors import UserError
from bot.model.pipeline import Pipeline
from bot.names import EnvironmentName
from bot.service.command_job import Accepted, CommandJob
from bot.service.commands.bound import mark
from bot.service.commands.lost_race import learn
from bot.service.jobs_api import REPORTED, Ended, JobStepResult, Reported, Steps
from bot.service.proposals.clone import clone_proposal, clone_proposal_at, outside_as_source
from bot.service.proposals.drafting import OthersClaims, draft
from bot.service.removals import Removal, let_go_unless_there, unfinished_removal
from bot.service.replies import reply_first, reply_to
from bot.service.repository import Repository, repository_at, repository_at_head
from bot.service.requesters import followed, proposal_on
from bot.service.status import report_progress
from bot.service.versions.tried import show_tried
from bot.service.way import Cleared, clear, publish

ATTEMPTS = 40
"""Lost races in a row before the job is retried later. Each loss means that another clone won a value, so 40 clones requested at once
still all get through; more losses than that mean that something else is wrong."""

MOVED_MARKER = "<!-- envclone:moved-aside -->"


class Published(JobStepResult):
    """The commit on the environment's branch, and the pull request to open for it."""

    commit: str
    pull_request: PullRequestSpec
    moved: Mapping[str, str] = Field(default_factory=dict)
    """Branches of others that were in its way, with their new names."""


PUBLISHED: TypeAdapter[Published | Ended] = TypeAdapter(Published | Ended)


class CloneJob(CommandJob[Clone]):
    """Publishes and proposes a clone, or shows what a dry run would."""

    commands = (Clone,)
    kind = "clone"

    _pushed: str | None = None
    """The commit that was pushed just now, from which nothing can have been proposed yet. Not written down: whoever goes on after a
    kill looks for a pull request, which a person may have closed meanwhile."""

    @classmethod
    def partition(cls, command: Clone) -> EnvironmentName | None:
        return None if command.dry_run else command.name

    def carry_out(self, accepted: Accepted[Clone], steps: Steps) -> Ended | None:
        if accepted.command.dry_run:
            steps.run("answer", REPORTED, lambda: self.preview(accepted))
            return None
        published = steps.run("publish", PUBLISHED, lambda: self.publish(accepted))
        if isinstance(published, Ended):
            return published
        is_unanswered = not steps.are_answered
        steps.run("propose", REPORTED, lambda: self.propose(accepted, published, is_unanswered=is_unanswered))
        return None

    def preview(self, accepted: Accepted[Clone]) -> Reported:
        """Answer with what would be published."""
        repo = repository_at_head(self.context, accepted.request.repository)
        return Reported(comments=(reply_to(self.context, accepted.request, _preview(repo, self._request(accepted))),))

    def publish(self, accepted: Accepted[Clone]) -> Published | Ended:
        """Push the branch, unless it is there."""
        repo = repository_at_head(self.context, accepted.request.repository)
        standing = repo.proposed(Branch("clone", accepted.command.name))
        outcome = publish_clone(repo, self._request(accepted))
        if isinstance(outcome, Published) and outcome.commit != standing:
            self._pushed = outcome.commit
        return self.refuse(accepted.request, replies.refused(outcome)) if isinstance(outcome, Refused) else outcome

    def propose(self, accepted: Accepted[Clone], published: Published, *, is_unanswered: bool) -> Reported:
        """Open the pull request, or bring the one that is there up to date, and write the status comment.

        One step: whoever just opened the pull request of a new branch need not look for an answer that says so.
        """
        github, repository, spec = self.context.github, accepted.request.repository, published.pull_request
        is_new, self._pushed = self._pushed == published.commit, None
        opened = github.new_pull_request(repository, spec) if is_new else None
        pull = opened or github.ensure_pull_request(repository, spec)
        if published.moved:
            said = f"{MOVED_MARKER}\n{replies.moved_aside(published.moved)}"
            github.comment_once(repository, pull.number, MOVED_MARKER, said)
        return self._report(accepted, published, pull, is_unanswered=is_unanswered and opened is not None)

    def _report(
        self, accepted: Accepted[Clone], published: Published, pull: PullRequest, *, is_unanswered: bool
    ) -> Reported:
        """Write the status comment: the first one without asking what came of it yet, for later events bring it up to date."""
        request, name = accepted.request, accepted.command.name
        if pull.state == "open":
            manifest = repository_at(self.context, request.repository, published.commit).source(name)
            facts = StatusFacts(pull_number=pull.number, pull_url=pull.url)
            text = status_comment(manifest, facts, self.context.now())
            if manifest.ends_with is not None:
                mark(repository_at_head(self.context, request.repository), manifest.ends_with)
            if manifest.preview is not None:
                show_tried(repository_at_head(self.context, request.repository), name)
            first = reply_first(self.context, request, text, is_unanswered=is_unanswered)
            if first is not None:
                return Reported(comments=(first,))
        # A run of this step before, or an event since, has said how it stands; what it stands like now is asked for.
        told = report_progress(repository_at_head(self.context, request.repository), name)
        return Reported(comments=(told,) if told else ())

    def _request(self, accepted: Accepted[Clone]) -> CloneRequest:
        return CloneRequest(accepted.command, accepted.request, accepted.request.by, self.context.now())


def publish_clone(repo: Repository, request: CloneRequest) -> Published | Refused:
    """Return what the branch holds, pushing it unless it is there. Raises `Transient`, `UserError`."""
    try:
        outcome = _publish(repo, request)
    except UserError:
        let_go_unless_there(repo.fetched(), request.command.name)
        raise
    if isinstance(outcome, Refused):
        let_go_unless_there(repo, request.command.name)  # whoever lost a race has fetched since
    return outcome


def _publish(repo: Repository, request: CloneRequest) -> Published | Refused:
    others, branch = OthersClaims(), Branch("clone", request.command.name)
    moved: dict[str, str] = {}
    for _ in range(ATTEMPTS):
        found = _already_there(repo, request)
        if found is not None:
            return found
        removal = unfinished_removal(repo, request.command.name)
        if removal is not None:
            return Refused(_being_destroyed(request.command.name, removal))
        drafted = draft(repo, request, others)
        if isinstance(drafted, Refused):
            return drafted
        cleared = clear(repo, branch)
        if isinstance(cleared, Stranger):
            return Refused(replies.squatted(branch.environment, cleared))
        moved |= cleared
        if (preview := drafted.manifest.preview) is not None:
            moved |= keep(repo.mirror, request.command.name, preview.commit)
        proposal = clone_proposal(repo, CodeSide(drafted.manifest, drafted.code), drafted.comparison, as_in(drafted))
        publication = _publication(repo, request, drafted, others)
        left = None if cleared else repo.proposed(branch)  # what we proposed once, and what became of that is settled
        outcome = publish(repo, replace(publication, branch_was=left))
        if isinstance(outcome, str):
            repo.at(outcome).remember(drafted.manifest)
            return Published(commit=outcome, pull_request=proposal, moved=moved)
        repo = repo.fetched()
        if isinstance(outcome, Cleared):
            moved |= outcome.moved
        else:
            learn(repo, outcome, others)
    raise Transient(f"{request.command.name}: lost {ATTEMPTS} races for a free value in a row")


def _preview(repo: Repository, request: CloneRequest) -> str:
    drafted = draft(repo, request)
    if isinstance(drafted, Refused):
        return replies.refused(drafted)
    ours, compared = drafted.manifest, drafted.comparison
    pipeline = Pipeline(stacks=ours.stacks, hooks=read_hooks(drafted.files, repo.roots.environment(ours.name)).hooks)
    outside = outside_as_source(repo, CodeSide(ours, drafted.code), compared)
    return replies.preview(drafted, compared.parity, pipeline, outside)


def _being_destroyed(name: EnvironmentName, removal: Removal) -> str:
    return (
        f"`{name}` is still being destroyed ({removal}), and its name is in use until then. Choose another name, or "
        f"wait. If the destroy failed, comment `/resume {name}`."
    )


def _already_there(repo: Repository, request: CloneRequest) -> Published | None:
    name = request.command.name
    commit = repo.proposed(Branch("clone", name))
    if commit is None or request.request is None:
        return None
    try:
        manifest = repo.at(commit).manifest(name)
        if manifest is None or manifest.request is None or manifest.request.comment != request.request.comment:
            return None
        said = proposal_on(repo, Branch("clone", name))
        return Published(
            commit=commit, pull_request=clone_proposal_at(repo, manifest, commit, followed(said) if said else None)
        )
    except UserError:
        return None  # not what we pushed


def _publication(repo: Repository, request: CloneRequest, drafted: Draft, others: OthersClaims) -> Publication:
    name = drafted.manifest.name
    return Publication(
        parent=repo.commit,
        directories={repo.roots.environment(name): drafted.files},
        branch=branch_of(name),
        branch_was=None,
        claims={claim: others.left_over.get(claim) for claim in drafted.claims},
        message=_message(request, drafted, repo),
        author=repo.context.author,
        at=request.at,
    )


def as_in(drafted: Draft) -> AsIn | None:
    """Return which version of its source a clone is of, if not of the present one."""
    past = drafted.past
    return AsIn(past.side.manifest.name, past.commit) if past is not None else None


def _message(request: CloneRequest, drafted: Draft, repo: Repository) -> str:
    manifest = drafted.manifest
    comment, url = (request.request.comment, request.request.url) if request.request else (None, "")
    lines = [
        f"Clone {manifest.source} as {manifest.name} for {manifest.purpose}",
        "",
        f"Rendered from {repo.roots.template(manifest.template)} at revision {manifest.revision}.",
        "",
        commit_trailers.write(
            Trailers(manifest.name, request.by, comment, url, base=repo.commit, as_in=as_in(drafted))
        ),
    ]
    return "\n".join(lines)
