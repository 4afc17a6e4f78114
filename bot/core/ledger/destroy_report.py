"""The record of a destroy, as it lies beside the state: what was destroyed, what refused, what stays on purpose, and what a search still found."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AliasChoices, AwareDatetime, Field

from bot.core.ledger.apply_result import StepResult
from bot.core.ledger.ledger import Gone, Retained
from bot.model.base import Document
from bot.names import EnvironmentName, StepName

CommitSha = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]


class OrphansFound(Document):
    """A search of the account for what bears the environment's tag. `problem` says why it could not be made.

    `places` are regions, or a project or subscription.
    `unsearched` are the clouds where something was destroyed and nobody can search.
    """

    tag: str
    places: Annotated[
        tuple[str, ...], Field(validation_alias=AliasChoices("places", "regions"))  # its name in receipts of before
    ] = ()
    found: tuple[str, ...] = ()
    problem: str = ""
    unsearched: tuple[str, ...] = ()


class DestroyReport(Document):
    """What became of an environment that was to be destroyed, step by step in the order in which they were taken back.

    `gone` is by step, over all runs. `orphans` is absent as long as a step is left.
    """

    environment: EnvironmentName
    head: CommitSha
    commit: CommitSha
    by: str
    run_url: str
    started_at: AwareDatetime
    ended_at: AwareDatetime
    steps: tuple[StepResult, ...]
    gone: dict[StepName, Gone]
    orphans: Annotated[
        OrphansFound | None,
        Field(validation_alias=AliasChoices("orphans", "sweep")),  # its name in receipts that were written before
    ] = None
    diagram: str

    @property
    def destroyed(self) -> Sequence[str]:
        return [f"{step}/{address}" for step, gone in self.gone.items() for address in gone.destroyed]

    @property
    def remains(self) -> Sequence[Retained]:
        return [each for gone in self.gone.values() for each in gone.remains]

    @property
    def failed(self) -> Sequence[StepResult]:
        return [step for step in self.steps if step.state == "failed"]

    @property
    def is_undone(self) -> bool:
        """Say whether every step was taken back."""
        return all(step.is_done for step in self.steps)

    @property
    def is_clean(self) -> bool:
        """Say whether nothing is left that should not be, and that was looked for wherever it can be."""
        return self.is_undone and self.orphans is not None and not self.orphans.found and not self.orphans.problem


def receipt_key(environment: EnvironmentName, head: str) -> str:
    """Return where the receipt lies beside the state."""
    return f"receipts/{environment}/{head}.json"
