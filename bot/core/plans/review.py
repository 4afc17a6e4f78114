"""What was reviewed: the fingerprints of an environment's plan at one commit of a pull request.

Kept beside the Terraform state, at `reviews/<environment>/<head commit>.json`, where only the plan role may write and only
the apply role reads: no commenter can forge it, and it is never taken from a comment, an artifact or a check.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal

from pydantic import AwareDatetime, Field, ValidationError

from bot.core.plans.fingerprint import Fingerprint
from bot.core.plans.plan import Counts
from bot.errors import Unverifiable
from bot.model.base import Document
from bot.model.stored import Stored
from bot.names import EnvironmentName, ParameterName, StepName

FORMAT: Final = 1
"""Raised when the meaning of a fingerprint changes: an apply then asks for a new plan instead of comparing unlike things."""

CommitSha = Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")]


class ReviewedStep(Stored):
    """One step as it was shown. A hook has neither fingerprint nor counts: its inputs are known only when it runs.

    `is_due` says that a hook's check had found something for it to do: it runs although its inputs may be as they were.
    `mock_outputs` names the inputs that were not real, and `unread_states` the data sources of states that were not there yet. Before
    such a step is applied it is planned again with the same mock outputs, and those states unread as before, and that plan must have this
    fingerprint (`bot.core.plans.fingerprint` says why).
    """

    former_names: ClassVar[Mapping[str, str]] = {"stand_ins": "mock_outputs"}

    kind: str
    mock_outputs: tuple[ParameterName, ...] = ()
    unread_states: tuple[Annotated[str, Field(pattern=r"^[A-Za-z_][\w-]*$")], ...] = ()
    fingerprint: str | None = None
    parts: tuple[tuple[str, str], ...] = ()
    counts: Counts = Counts()
    is_due: bool = False

    @property
    def changes_anything(self) -> bool:
        """Say whether reviewers were shown that it does something."""
        return bool(self.parts) or self.is_due

    @property
    def is_preview(self) -> bool:
        """Say whether it was planned without all that it will be applied with."""
        return bool(self.mock_outputs or self.unread_states)

    @property
    def as_fingerprint(self) -> Fingerprint | None:
        """Return what a fresh plan's fingerprint is compared with; None for a hook."""
        return Fingerprint(self.fingerprint, self.parts) if self.fingerprint else None


class Review(Document):
    """The reviewed plan of `environment` at `commit`; `tree` is git's id of `envs/<name>/` there, and where it calls
    modules outside, an id of both (`code_id`).

    `key` is the random key of the fingerprints. `change` says what the pull request does to the environment.
    """

    format: Literal[1] = FORMAT
    environment: EnvironmentName
    commit: CommitSha
    tree: CommitSha
    template_revision: CommitSha
    change: Literal["create", "update", "destroy"]
    key: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", repr=False)]
    steps: dict[StepName, ReviewedStep]
    planned_at: AwareDatetime
    run_url: str = ""

    @property
    def counts(self) -> Counts:
        return sum((step.counts for step in self.steps.values()), Counts())


def review_key(environment: EnvironmentName, commit: str) -> str:
    """Return the object's key in the store."""
    return f"reviews/{environment}/{commit}.json"


def write_review(review: Review) -> bytes:
    """Return the review as it is stored."""
    return review.model_dump_json(indent=2).encode()


def read_review(data: bytes, environment: EnvironmentName, commit: str) -> Review:
    """Return the stored review, which must be that of this environment and commit. Raises `Unverifiable`."""
    try:
        review = Review.model_validate_json(data)
    except ValidationError as error:
        raise Unverifiable(
            f"The stored review of {environment} at {commit[:12]} can't be read. Run the plan again."
        ) from error
    if (review.environment, review.commit) != (environment, commit):
        raise Unverifiable(f"The stored review of {environment} at {commit[:12]} does not match. Run the plan again.")
    return review
