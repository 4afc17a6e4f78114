"""A preview follows its pull request: each push to that is published on the preview's branch as a change of it, and proposed.

Every step looks for what it would make before making it: a commit by the pull request's commit in its trailers, a comment by its marker. What
is published is unproved, so the plan of each push waits for an approval of its own.
"""

from bot.clients.git.snapshots import keep
from bot.clients.github.records import PullRequest
from bot.core.messages.versions import preview
from bot.core.requests.change import Unchanged
from bot.core.requests.refusal import Refused
from bot.errors import UserError
from bot.events import PreviewDue
from bot.names import EnvironmentName, Login, RepositoryName
from bot.service.commands.change import PUSHED, ChangeOrigin, Pushed, propose_change, publish_change
from bot.service.context import ServiceContext
from bot.service.jobs_api import REPORTED, Ended, Finished, JobRequest, Reported, Steps
from bot.service.previews.drafter import PreviewDrafter
from bot.service.proposals.change import missing_values
from bot.service.repository import Repository, repository_at_head
from bot.service.status import report_branch
from bot.service.versions.tried import preview_now, show_tried, tried_pull


class PreviewJob:
    """Brings one preview to the head of its pull request."""

    def __init__(self, context: ServiceContext, event: PreviewDue) -> None:
        self.context, self.event = context, event

    def plan(self, delivery: str) -> JobRequest | None:
        """Return the job."""
        where = f"{self.event.repository}/{self.event.environment}"
        key = f"preview-{where}-{delivery}"
        return JobRequest(key=key, partition=where, kind="preview", delivery=delivery, event=self.event)

    def run(self, _: JobRequest, steps: Steps) -> Finished:
        pushed = steps.run("publish", PUSHED, self.publish)
        if isinstance(pushed, Pushed):
            steps.run("propose", REPORTED, lambda: self.propose(pushed))
        steps.run("show", REPORTED, self.show)
        return Finished()

    def publish(self) -> Pushed | Ended:
        """Push the preview as the pull request has it, unless it is there; say in the pull request why it can't be."""
        repo, name = repository_at_head(self.context, self.event.repository), self.event.environment
        manifest = preview_now(repo, name)
        pull = tried_pull(repo, manifest.preview.pull_request) if manifest and manifest.preview else None
        if manifest is None or manifest.source is None or pull is None:
            return Ended(because="no preview of an open pull request", is_done=True)
        drafter = PreviewDrafter(name, pull, manifest.source)
        origin = ChangeOrigin(Login(repo.github.identity()), f"{pull.url}/commits/{pull.head_sha}")
        try:
            repo.at(pull.head_sha)
            keep(repo.mirror, name, pull.head_sha)
            outcome = publish_change(repo, origin, drafter)
        except UserError as error:  # GitHub's rules refuse the push, or what is on the branch can't be read
            outcome = Refused(str(error))
        match outcome:
            case Pushed() as pushed:
                return pushed
            case Unchanged(reason):
                return Ended(because=reason, is_done=True)
            case Refused(reason):
                _say(repo, pull, preview.stays(manifest, pull.head_sha, reason))
                return Ended(because=reason)

    def show(self) -> Reported:
        """Say on the pull request's new head that it was not tried yet, or that it changes nothing of what was."""
        show_tried(repository_at_head(self.context, self.event.repository), self.event.environment)
        return Reported()

    def propose(self, pushed: Pushed) -> Reported:
        """Open its pull request, or bring the one that is there up to date, and tell whoever asked."""
        propose_change(repository_at_head(self.context, self.event.repository), pushed.branch)
        repo = repository_at_head(self.context, self.event.repository)
        self.ask(repo)
        return Reported(comments=tuple(report_branch(repo, pushed.branch)))

    def ask(self, repo: Repository) -> None:
        """Say in the pull request which values the preview waits for, if it waits for any."""
        manifest = preview_now(repo, self.event.environment)
        if manifest is None or manifest.awaits is None or manifest.preview is None:
            return
        pull = tried_pull(repo, manifest.preview.pull_request)
        if pull is not None:
            _say(repo, pull, preview.waits(manifest, pull.head_sha, missing_values(repo, manifest)))


def bring_along(context: ServiceContext, repository: RepositoryName, name: EnvironmentName) -> str:
    """Do at once what the job does, where there is no engine; return what was done, in words for the log. Raises `UserError`, `Transient`."""
    job = PreviewJob(context, PreviewDue(repository=repository, environment=name))
    pushed = job.publish()
    if isinstance(pushed, Pushed):
        job.propose(pushed)
    job.show()
    return f"brought along on {pushed.branch}" if isinstance(pushed, Pushed) else pushed.because


def _say(repo: Repository, pull: PullRequest, text: str) -> None:
    marker = text.partition("\n")[0]
    repo.github.comment_once(repo.name, pull.number, marker, text)
