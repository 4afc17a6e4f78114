"""What an apply did, as data: what people are told, what `--json` prints, what the check and the deployment say."""

from typing import Literal

from pydantic import AwareDatetime

from bot.core.graph import StepState
from bot.model.base import Document
from bot.model.pipeline import Json
from bot.names import EnvironmentName, StepName

URL = "url"
"""The output whose value is where the environment answers."""


class StepResult(Document):
    """What became of one step. `reason` says why it was skipped, did not start, or failed; it holds no secret.

    `outputs` are those that may be shown, `hidden` the names of the others.
    """

    name: StepName
    kind: str
    state: Literal["succeeded", "skipped", "failed", "blocked"]
    reason: str = ""
    evidence: str = ""
    attempts: int = 0
    started_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None = None
    outputs: dict[str, Json] = {}
    hidden: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        """Say whether what needs this step may begin."""
        return self.state in {"succeeded", "skipped"}

    @property
    def seconds(self) -> float:
        if self.started_at is None or self.ended_at is None:
            return 0.0
        return (self.ended_at - self.started_at).total_seconds()


class ApplyOutcome(Document):
    """What became of all steps, in their order. `diagram` is the graph as Mermaid text."""

    environment: EnvironmentName
    head: str
    commit: str
    tree: str
    by: str
    run_url: str
    started_at: AwareDatetime
    ended_at: AwareDatetime
    steps: tuple[StepResult, ...]
    diagram: str

    @property
    def has_succeeded(self) -> bool:
        return all(step.is_done for step in self.steps)

    @property
    def failed(self) -> tuple[StepResult, ...]:
        return tuple(step for step in self.steps if step.state == "failed")

    @property
    def seconds(self) -> float:
        return (self.ended_at - self.started_at).total_seconds()

    @property
    def url(self) -> str | None:
        """Return where the environment answers: the output named `url` of the last step that has one."""
        found = [step.outputs[URL] for step in self.steps if URL in step.outputs]
        texts = [each for each in found if isinstance(each, str) and each.startswith(("https://", "http://"))]
        return texts[-1] if texts else None

    @property
    def states(self) -> dict[StepName, StepState]:
        return {step.name: step.state for step in self.steps}
