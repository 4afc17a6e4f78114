"""`/codify`: propose, on the branch of the environment's changes, that the code says what was changed outside."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.clients.git.remote import Moved
from bot.commands.model import Codify
from bot.core.markdown import code
from bot.core.rendering.inventory import Claim
from bot.core.requests.change import Changed, Unchanged
from bot.core.requests.codify.codify import CodifySubject, draft_codify
from bot.core.requests.refusal import Refused
from bot.core.requests.sync import Synced
from bot.names import EnvironmentName
from bot.service.commands.change import ChangeJob
from bot.service.commands.drafter import Change, ChangePlace
from bot.service.drafting import change_subject
from bot.service.repository import Repository
from bot.service.versions.drift import drift_found


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
        facts = drift_found(repo, name)
        if facts is None:
            return Refused(
                f"{code(name)}, as it is now, has not been checked for drift. Comment {code(f'/plan {name}')}, and this command again when it "
                "has answered."
            )
        at = repo.at(place.parent)
        subject = CodifySubject(change_subject(repo, place.manifest, at), at.environment(name))
        return draft_codify(self.command, subject, facts, repo.context.now())

    def claims(self, _: Changed | Synced) -> Mapping[Claim, str | None]:
        return {}

    def lost(self, repo: Repository, moved: Moved) -> None:
        """Learn nothing: another commit on the branch is read anew."""


class CodifyJob(ChangeJob):
    """Publishes and proposes what was changed outside as code."""

    commands = (Codify,)
    kind = "codify"

    def drafter(self, repo: Repository, command: Change) -> CodifyDrafter:
        assert isinstance(command, Codify)
        return CodifyDrafter(command)
