"""Whether a corrected line would be accepted as it stands: it is read through the same checks as a command before anybody sees it.

Law 13: a corrected line is accepted as it stands and keeps what was said.
"""

from dataclasses import dataclass, replace

from bot.commands.grammar import Mistake, format_command, parse
from bot.commands.model import Clone, Command, Destroy, Extend, Help, List, Reset, RolloutCommand, Set, Sync
from bot.core.requests.change import Changed, draft_change
from bot.core.requests.clone import CloneRequest, Draft
from bot.core.requests.destroy import removable
from bot.core.requests.refusal import Refused, accepted, unknown_environment, unknown_purpose
from bot.core.requests.sync import draft_asking
from bot.names import Login, TemplateName
from bot.service.proposals.drafting import change_subject, draft, sync_subject
from bot.service.repository import Repository


@dataclass(frozen=True, slots=True)
class Corrections:
    """Corrects the commands of one author."""

    repo: Repository
    author: Login

    def corrected(self, mistake: Mistake) -> Mistake | None:
        """Return the mistake with a line that would be accepted, or without one; None when it is not meant for us at all."""
        meant = parse(mistake.instead) if mistake.instead else None
        if meant is not None and not isinstance(meant, Mistake):
            better = accepted(meant, self._again)
            if better is not None:
                return replace(mistake, instead=format_command(better))
        if not mistake.is_certain and not self._names_an_environment(mistake):
            return None
        return mistake.alone()

    def _again(self, command: Command) -> Refused | None:
        """Return why a command would be refused, with the better one if there is one. Raises `Transient`."""
        if isinstance(command, Help | RolloutCommand):
            return None
        if isinstance(command, List):
            return self._nothing_listed(command)
        if isinstance(command, Clone):
            drafted = draft(self.repo, CloneRequest(command, None, self.author, self.repo.context.now()))
            return None if isinstance(drafted, Draft) else drafted
        if command.name is None:
            return None
        manifest = self.repo.manifest(command.name) or self.repo.inventory().proposed.get(command.name)
        if manifest is None:
            protected = self.repo.policy().protected if isinstance(command, Destroy | Reset) else ()
            return unknown_environment(command, [name for name in self._known() if name not in protected])
        if isinstance(command, Set | Extend):
            changed = draft_change(command, change_subject(self.repo, manifest, self.repo), self.repo.context.now())
            return None if isinstance(changed, Changed) else Refused(changed.reason, getattr(changed, "instead", None))
        if isinstance(command, Sync):
            subject = sync_subject(self.repo, command, manifest, self.repo)
            synced = draft_asking(command, subject, self.repo.context.now())
            return synced if isinstance(synced, Refused) else None
        if isinstance(command, Destroy | Reset):
            removable(command.name, manifest, self.repo.policy())
        return None

    def _nothing_listed(self, command: List) -> Refused | None:
        """Return that no template has the purpose that is asked for. Raises `Unreadable`."""
        templates = (self.repo.template(TemplateName(name)) for name in self.repo.templates())
        return unknown_purpose(command, (each.declaration.purposes for each in templates))

    def _known(self) -> list[str]:
        return [*self.repo.names(), *self.repo.inventory().proposed]

    def _names_an_environment(self, mistake: Mistake) -> bool:
        known = frozenset(self._known())
        return any(word.strip(".,:;!?").lower() in known for word in mistake.words)
