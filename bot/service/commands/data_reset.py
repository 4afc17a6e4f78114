"""`/reset --data`: propose that the hooks which fill a clone with data are undone and run anew, and nothing else.

It is a change of the manifest, as a repair is: the time at which somebody asked for it. Hooks that ran before that are undone first.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.clients.git.remote import Moved
from bot.commands.model import Reset
from bot.core.markdown import code
from bot.core.messages.versions import made_again
from bot.core.rendering.assemble import read_hooks
from bot.core.rendering.inventory import Claim
from bot.core.requests.change import Changed, Unchanged
from bot.core.requests.destroy import removable
from bot.core.requests.refusal import Refused
from bot.core.requests.sync import Synced
from bot.core.requests.versions.data_reset import draft_data_reset
from bot.hooks import verbs
from bot.names import EnvironmentName
from bot.service.commands.change import ChangeJob
from bot.service.commands.drafter import Change, ChangePlace
from bot.service.repository import Repository


@dataclass(frozen=True, slots=True)
class DataResetDrafter:
    """Drafts the environment as it is, with its data made anew."""

    command: Reset
    as_in: None = None

    @property
    def changes(self) -> EnvironmentName:
        return self.command.name

    def draft(self, repo: Repository, place: ChangePlace) -> Changed | Unchanged | Refused:
        name, files = self.changes, repo.at(place.parent).environment(self.changes)
        removable(name, place.manifest, repo.policy())  # what may not be lost may not be made anew either
        hooks = read_hooks(files, repo.roots.environment(name)).hooks
        data = [each for each, hook in hooks.items() if verbs.makes_data(hook)]
        if place.branch.kind == "clone":
            return Refused(f"{code(name)} is only proposed, so it has no data yet. Merge its pull request.")
        if not data:
            return Refused(made_again.no_data(name))
        return draft_data_reset(place.manifest, files, repo.context.now(), repo.roots)

    def claims(self, _: Changed | Synced) -> Mapping[Claim, str | None]:
        return {}

    def lost(self, repo: Repository, moved: Moved) -> None:
        """Learn nothing: another commit on the branch is read anew."""


class DataResetJob(ChangeJob):
    """Proposes that data is made anew. It carries out what `bot.service.commands.destroy` hands on, so it has no command of its own."""

    commands = ()
    kind = "reset"

    def drafter(self, repo: Repository, command: Change) -> DataResetDrafter:
        assert isinstance(command, Reset)
        return DataResetDrafter(command)
