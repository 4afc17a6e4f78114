"""`/codify`: propose, on the branch of the environment's changes, that the code says what was changed outside."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter

from bot.clients.git.remote import Moved
from bot.commands.model import Codify
from bot.core.markdown import code
from bot.core.messages import replies
from bot.core.messages.versions import codified_everywhere as texts
from bot.core.rendering.inventory import Claim
from bot.core.requests.change import Changed, Unchanged
from bot.core.requests.codify.codify import CodifySubject, draft_codify
from bot.core.requests.codify.imports import draft_import, names_imports
from bot.core.requests.refusal import Refused
from bot.core.requests.sync import Synced
from bot.model.environment import Request
from bot.names import EnvironmentName
from bot.service.command_job import Accepted
from bot.service.commands.change import ChangeJob
from bot.service.commands.drafter import Change, ChangePlace
from bot.service.commands.everywhere import TemplateProposed, propose_everywhere
from bot.service.jobs_api import REPORTED, Ended, Reported, Steps
from bot.service.proposals.drafting import change_subject
from bot.service.replies import reply_to
from bot.service.repository import Repository, repository_at_head
from bot.service.versions.drift import drift_found

EVERYWHERE: TypeAdapter[TemplateProposed | Ended] = TypeAdapter(TemplateProposed | Ended)


@dataclass(frozen=True, slots=True)
class CodifyDrafter:
    """Drafts the environment with what the last search for drift has found."""

    command: Codify
    as_in: None = None

    @property
    def changes(self) -> EnvironmentName:
        return self.command.name

    def draft(self, repo: Repository, place: ChangePlace) -> Changed | Unchanged | Refused:
        name = self.changes
        if place.branch.kind == "clone":
            return Refused(f"{code(name)} is only proposed, so nothing of it can have changed. Merge its pull request.")
        pull = repo.pull_request(place.branch)
        if pull is not None and pull.state == "open":
            return Refused(
                f"#{pull.number} changes {code(name)}. Merge or close it first, then comment the command again."
            )
        at = repo.at(place.parent)
        subject = CodifySubject(change_subject(repo, place.manifest, at), at.environment(name))
        if names_imports(self.command):
            return draft_import(self.command, subject.change, subject.files, repo.context.now())
        facts = drift_found(repo, name)
        if facts is None:
            return Refused(
                f"{code(name)}, as it is now, has not been checked for drift. Comment {code(f'/plan {name}')}, and this command again when it "
                "has answered."
            )
        return draft_codify(self.command, subject, facts, repo.context.now())

    def claims(self, _: Changed | Synced) -> Mapping[Claim, str | None]:
        return {}

    def lost(self, repo: Repository, moved: Moved) -> None:
        """Learn nothing: another commit on the branch is read anew."""


class CodifyJob(ChangeJob):
    """Publishes and proposes what was changed outside as code."""

    commands = (Codify,)
    kind = "codify"

    def carry_out(self, accepted: Accepted[Change], steps: Steps) -> Ended | None:
        command, request = accepted.command, accepted.request
        assert isinstance(command, Codify)
        if not command.everywhere:
            return super().carry_out(accepted, steps)
        proposed = steps.run("propose", EVERYWHERE, lambda: self.propose_everywhere(command, request))
        if isinstance(proposed, Ended):
            return proposed
        text = texts.proposed(f"[#{proposed.number}]({proposed.url})")
        steps.run("report", REPORTED, lambda: Reported(comments=(reply_to(self.context, request, text),)))
        return None

    def propose_everywhere(self, command: Codify, request: Request) -> TemplateProposed | Ended:
        """Open the pull request that changes the template, or find it. Raises `Transient`."""
        repo = repository_at_head(self.context, request.repository)
        found = propose_everywhere(repo, command, request)
        if isinstance(found, Refused):
            return self.refuse(request, replies.refused(found))
        return TemplateProposed(number=found.number, url=found.url)

    def drafter(self, repo: Repository, command: Change) -> CodifyDrafter:
        assert isinstance(command, Codify)
        return CodifyDrafter(command)
