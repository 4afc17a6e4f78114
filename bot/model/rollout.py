"""How a changed template or module reaches its environments, as the policy says: in waves, and how much risk needs no person."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, field_validator

from bot.errors import InvalidInput
from bot.model.base import Document
from bot.model.duration import Duration
from bot.model.risk import Risk
from bot.names import EnvironmentName, PurposeName


class Wave(Document):
    """Environments that get a new revision together: those of the named purposes, and those that are named themselves."""

    purposes: Annotated[tuple[PurposeName, ...], Field(description="All environments of these purposes.")] = ()
    environments: Annotated[tuple[EnvironmentName, ...], Field(description="And these environments.")] = ()


class RolloutPolicy(Document):
    """Whether and how a merged change of a template, or of a module beside the environments, is brought to them. Off unless it is turned on."""

    enabled: Annotated[
        bool,
        Field(
            description="Whether a merge that changes a template, or a module beside the environments, starts a rollout to them."
        ),
    ] = False
    waves: Annotated[
        tuple[Wave, ...],
        Field(description="The first waves, in this order; environments that are in none of them make one more."),
    ] = ()
    protected: Annotated[
        Literal["last", "first"],
        Field(description="Whether the protected environments are the last wave or the first."),
    ] = "last"
    pull_requests: Annotated[
        Literal["environment", "wave"],
        Field(
            description="Whether each environment gets a pull request, or all of a wave one. With `wave`, these get one of their own all the "
            "same: protected environments, and those that can't be synced without a person or whose plan failed."
        ),
    ] = "environment"
    at_once: Annotated[
        int, Field(ge=1, le=100, description="How many of its pull requests may wait for a plan, a merge or an apply.")
    ] = 20
    plan_first: Annotated[
        Literal["wave", "all"],
        Field(
            description="Which environments are proposed and planned before any is merged, so that the issue says what would happen to them: those of "
            "a wave, or all. With `all`, `at_once` bounds how many are planned or applied at once."
        ),
    ] = "wave"
    failure_tolerance: Annotated[
        int, Field(ge=0, description="How many environments may fail before nothing more is proposed or merged.")
    ] = 0
    pause: Annotated[
        Duration | None, Field(description="How long after a wave the next one begins; at once if not set.")
    ] = None
    modules: Annotated[
        Literal["waves", "together"],
        Field(
            description="How environments get a merged change of a module beside them, once rollouts are enabled: `waves` applies them wave by wave, "
            "`together` all at once when it is merged. An environment whose own directory is changed by the same merge is applied at once."
        ),
    ] = "waves"
    merge: Annotated[
        tuple[Risk, ...],
        Field(
            description="The risks with which a pull request is merged automatically, once its check has passed and if nobody else "
            "has touched it. Protected environments are always merged by people."
        ),
    ] = (Risk.NONE,)

    @property
    def holds_modules(self) -> bool:
        """Whether what a merge changes only by a module is applied by a rollout, and not by the merge."""
        return self.enabled and self.modules == "waves"

    @property
    def wait(self) -> timedelta:
        """How long after a wave the next one begins."""
        return self.pause or timedelta()

    @field_validator("merge", mode="after")
    @classmethod
    def _bounded(cls, given: tuple[Risk, ...]) -> tuple[Risk, ...]:
        if {Risk.DESTROY, Risk.UNKNOWN} & set(given):
            raise InvalidInput("`merge` may name `none`, `in_place` and `replace`; the rest is for people to merge")
        return given
