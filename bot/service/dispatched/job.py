"""What another repository asks for by a signed `repository_dispatch`: other values of a clone, proposed as `/set` proposes them.

Nothing of a payload counts before its signature was checked. What is refused is told where the clone was asked for, once for each request.
"""

import hashlib
import logging

from bot.core.requests.change import Unchanged
from bot.core.requests.dispatched.request import DispatchedRequest, is_for, is_signed, read
from bot.core.requests.refusal import Refused
from bot.errors import UserError
from bot.events import DispatchReceived
from bot.names import Login
from bot.service.commands.change import PUSHED, ChangeOrigin, Pushed, propose_change, publish_change
from bot.service.context import ServiceContext
from bot.service.dispatched.drafter import DispatchedDrafter
from bot.service.jobs_api import REPORTED, Ended, Finished, JobRequest, Reported, Steps
from bot.service.repository import Repository, repository_at_head
from bot.service.requesters import asked_here
from bot.service.status import report_branch
from bot.service.versions.tried import preview_now

MARKER = "<!-- envclone:dispatched:{id} -->"

log = logging.getLogger(__name__)


class DispatchJob:
    """Proposes the values."""

    def __init__(self, context: ServiceContext, event: DispatchReceived) -> None:
        self.context, self.event = context, event

    def plan(self, delivery: str) -> JobRequest | None:
        """Return the job. Its key is the signed text's own: another delivery of the same is the same job."""
        asked = read(self.event.request)
        if asked is None:
            return None
        said = hashlib.sha256(f"{self.event.signature}\n{self.event.request}".encode()).hexdigest()
        return JobRequest(
            key=f"dispatch-{said}",
            partition=f"{self.event.repository}/{asked.environment}",
            kind="dispatch",
            delivery=delivery,
            event=self.event,
        )

    def run(self, _: JobRequest, steps: Steps) -> Finished:
        pushed = steps.run("publish", PUSHED, self.publish)
        if isinstance(pushed, Pushed):
            steps.run("propose", REPORTED, lambda: self.propose(pushed))
        return Finished()

    def publish(self) -> Pushed | Ended:
        """Push the values, unless they are there; say where the clone was asked for why they can't be."""
        asked = read(self.event.request)
        if asked is None or not is_signed(self.event.request, self.event.signature, self.context.dispatch_secrets):
            return _unheard("the signature of a dispatch fits none of the secrets")
        if not is_for(asked, self.event.repository):
            return _unheard(f"dispatch {asked.id} was signed for another repository")
        repo = repository_at_head(self.context, self.event.repository)
        origin = ChangeOrigin(Login(repo.github.identity()), asked.mark)
        try:
            outcome = publish_change(repo, origin, DispatchedDrafter(asked))
        except UserError as error:
            return self._refused(repo, asked, str(error))
        match outcome:
            case Pushed() as pushed:
                return pushed
            case Unchanged(reason):
                return _unheard(reason)
            case Refused(reason):
                return self._refused(repo, asked, reason)

    def propose(self, pushed: Pushed) -> Reported:
        """Open the pull request, or bring the one that is there up to date, and tell whoever asked for the clone."""
        propose_change(repository_at_head(self.context, self.event.repository), pushed.branch)
        repo = repository_at_head(self.context, self.event.repository)
        return Reported(comments=tuple(report_branch(repo, pushed.branch)))

    def _refused(self, repo: Repository, asked: DispatchedRequest, reason: str) -> Ended:
        manifest = preview_now(repo, asked.environment)
        request = asked_here(repo, manifest.request) if manifest is not None else None
        log.warning("dispatch %s refused: %s", asked.id, reason, extra={"action": "dispatch"})
        if request is not None:
            marker = MARKER.format(id=asked.id)
            text = (
                f"{marker}\n[A run of another repository]({asked.url}) asked to change `{asked.environment}`: {reason}"
            )
            repo.github.comment_once(repo.name, request.issue, marker, text)
        return Ended(because=reason)


def _unheard(reason: str) -> Ended:
    log.warning("%s", reason, extra={"action": "dispatch"})
    return Ended(because=reason)
