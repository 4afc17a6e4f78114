"""`/repair`: propose, on the branch of the environment's changes, that what changed outside is put back; merge that when it is confirmed.

The merge is looked for before it is made: a confirmation that was killed after it finds the pull request merged, and only answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import TypeAdapter

from bot.clients.git.remote import Moved
from bot.commands.model import Repair
from bot.core.markdown import code
from bot.core.messages.versions import repaired
from bot.core.rendering.inventory import Claim
from bot.core.requests.branches import Branch
from bot.core.requests.change import Changed, Unchanged
from bot.core.requests.refusal import Refused
from bot.core.requests.sync import Synced
from bot.core.requests.versions.last_apply import not_as_applied
from bot.core.requests.versions.repair import draft_repair, unconfirmed
from bot.model.environment import Request
from bot.names import EnvironmentName
from bot.service.command_job import Accepted
from bot.service.commands.change import ChangeJob
from bot.service.commands.drafter import Change, ChangePlace
from bot.service.jobs_api import REPORTED, Ended, JobStepResult, Reported, Steps
from bot.service.planned.repairs import merged_repair, open_repair
from bot.service.planned.resets import is_reset
from bot.service.replies import reply_to
from bot.service.repository import Repository, repository_at_head
from bot.service.reruns.run_end import last_run


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
        removal = repo.pull_request(Branch("destroy", name))
        if removal is not None and removal.state == "open" and is_reset(repo, removal, name):
            return Unchanged(repaired.beside_a_reset(name, removal.number))
        pull = repo.pull_request(place.branch)
        if pull is not None and pull.state == "open":
            return Unchanged(
                f"#{pull.number} changes {code(name)}, and its plan puts back what changed outside, too. Comment {code(f'/plan {name}')} for "
                "a fresh plan, then merge it; or close it and comment the command again."
            )
        refused = not_as_applied(name, last_run(repo, name))
        return refused or draft_repair(
            place.manifest, repo.at(place.parent).environment(name), repo.context.now(), repo.roots
        )

    def claims(self, _: Changed | Synced) -> Mapping[Claim, str | None]:
        return {}

    def lost(self, repo: Repository, moved: Moved) -> None:
        """Learn nothing: another commit on the branch is read anew."""


class Confirmed(JobStepResult):
    """A repair that was merged: what is answered."""

    text: str


CONFIRMED: TypeAdapter[Confirmed | Ended] = TypeAdapter(Confirmed | Ended)


class RepairJob(ChangeJob):
    """Publishes and proposes a repair, or merges it when it is confirmed."""

    commands = (Repair,)
    kind = "repair"

    def carry_out(self, accepted: Accepted[Change], steps: Steps) -> Ended | None:
        command, request = accepted.command, accepted.request
        assert isinstance(command, Repair)
        fingerprint = command.confirm
        if fingerprint is None:
            return super().carry_out(accepted, steps)
        found = steps.run("confirm", CONFIRMED, lambda: self.confirm(request, command.name, fingerprint))
        if isinstance(found, Ended):
            return found
        text = found.text
        steps.run("report", REPORTED, lambda: Reported(comments=(reply_to(self.context, request, text),)))
        return None

    def confirm(self, request: Request, name: EnvironmentName, fingerprint: str) -> Confirmed | Ended:
        """Merge the open repair if this is its plan and somebody else asked for it. Raises `Transient`."""
        repo = repository_at_head(self.context, request.repository)
        repair = open_repair(repo, name)
        if repair is None:
            merged = merged_repair(repo, name, fingerprint)
            if merged is not None:
                return Confirmed(text=repaired.confirmed(merged))
            return self.refuse(
                request,
                f"No repair of {code(name)} is open. Comment {code(f'/repair {name}')} to have one planned first.",
            )
        refused = unconfirmed(fingerprint, request.by, repair)
        if refused is not None:
            return self.refuse(request, refused.reason)
        if not repo.github.merge(repo.name, repair.number, repair.head):
            return self.refuse(request, repaired.not_merged(repair))
        return Confirmed(text=repaired.confirmed(repair))

    def drafter(self, repo: Repository, command: Change) -> RepairDrafter:
        assert isinstance(command, Repair)
        return RepairDrafter(command)
