"""What drafts a change, and where it goes: the part that each command which changes an environment has of its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from bot.clients.git.remote import Moved
from bot.commands.model import Codify, Extend, Promote, Repair, Reset, Rollback, Set, Sync
from bot.core.rendering.inventory import Claim
from bot.core.requests.branches import Branch
from bot.core.requests.change import Changed, Unchanged
from bot.core.requests.commit_trailers import AsIn
from bot.core.requests.refusal import Refused
from bot.core.requests.sync import Synced
from bot.model.environment import Manifest
from bot.names import EnvironmentName
from bot.service.repository import Repository

Change: TypeAlias = Set | Extend | Sync | Promote | Rollback | Repair | Codify | Reset


@dataclass(frozen=True, slots=True)
class ChangePlace:
    """Where a change goes: on top of `parent`, to the branch that is now at `was` (None: absent)."""

    branch: Branch
    manifest: Manifest
    parent: str
    was: str | None
    base: str


class Drafter(Protocol):
    """Drafts what goes on a change's branch."""

    @property
    def command(self) -> Change:
        """What was asked for."""

    @property
    def changes(self) -> EnvironmentName:
        """The environment that is to be another one."""

    @property
    def as_in(self) -> AsIn | None:
        """What the drafted environment follows, if it follows one."""

    def draft(self, repo: Repository, place: ChangePlace) -> Changed | Synced | Unchanged | Refused:
        """Return the environment as it would be. Raises `UserError`."""

    def claims(self, drafted: Changed | Synced) -> Mapping[Claim, str | None]:
        """Return the values that it is to hold alone from now on, with the commits that hold them in vain."""

    def lost(self, repo: Repository, moved: Moved) -> None:
        """Learn from a lost race; `repo` is fresh."""
