"""`/repair`: propose, on the branch of the environment's changes, that what changed outside is put back."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.clients.git.remote import Moved
from bot.commands.model import Repair
from bot.core.markdown import code
from bot.core.rendering.inventory import Claim
from bot.core.requests.change import Changed, Unchanged
from bot.core.requests.refusal import Refused
from bot.core.requests.sync import Synced
from bot.core.requests.versions.repair import draft_repair, not_repairable
from bot.names import EnvironmentName
from bot.service.commands.change import ChangeJob
from bot.service.commands.drafter import Change, ChangePlace
from bot.service.commands.run_end import last_run
from bot.service.repository import Repository


@dataclass(frozen=True, slots=True)
class RepairDrafter:
    """Drafts the environment as it is."""

    command: Repair
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
            return Unchanged(
                f"#{pull.number} changes {code(name)}, and its plan puts back what changed outside, too. Comment {code(f'/plan {name}')} for "
                "a fresh plan, then merge it; or close it and comment the command again."
            )
        refused = not_repairable(name, last_run(repo, name))
        return refused or draft_repair(
            place.manifest, repo.at(place.parent).environment(name), repo.context.now(), repo.roots
        )

    def claims(self, _: Changed | Synced) -> Mapping[Claim, str | None]:
        return {}

    def lost(self, repo: Repository, moved: Moved) -> None:
        """Learn nothing: another commit on the branch is read anew."""


class RepairJob(ChangeJob):
    """Publishes and proposes a repair."""

    commands = (Repair,)
    kind = "repair"

    def drafter(self, repo: Repository, command: Change) -> RepairDrafter:
        assert isinstance(command, Repair)
        return RepairDrafter(command)
