"""Which environments may be destroyed, and who asked for it.

A protected environment can't be expressed as a target: whatever destroys takes a `Removable`, and there is only one way to
get one.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from bot.errors import UserError
from bot.model.environment import Manifest
from bot.model.policy import Policy
from bot.names import EnvironmentName, Login

MARKER = "<!-- envclone:destroy:{name}:{by} -->"
EXPIRED_ON = "It expired on {end:%Y-%m-%d %H:%M} UTC"
"""Words of the body by which the pull request of one very expiry is found again."""
ENDED_MARKER = "<!-- envclone:ended:{name} -->"
ENDS_WITH = "The clone ends with #{number}, which was {how} on {at:%Y-%m-%d %H:%M:%S} UTC"
"""The same for the end of one very pull request: one that is reopened and closed once more is another end."""
Reason: TypeAlias = Literal["command", "expiry", "pull_request", "reset"]
"""Of a reset the environment is made again when it is destroyed."""


@dataclass(frozen=True, slots=True)
class ClosedPull:
    """A pull request to which clones were bound, and when it was merged or closed."""

    number: int
    url: str
    at: datetime
    is_merged: bool

    @property
    def how(self) -> str:
        return "merged" if self.is_merged else "closed"

    @property
    def sentence(self) -> str:
        """Say that a clone ends with it, in the words by which a removal is found again."""
        return ENDS_WITH.format(number=self.number, how=self.how, at=self.at)


class NotRemovable(UserError):
    """The environment is protected, or was not cloned; the message says so."""


@dataclass(frozen=True, slots=True)
class Removable:
    """A clone that may be destroyed. Made by `removable` alone."""

    manifest: Manifest
    directory: str

    @property
    def name(self) -> EnvironmentName:
        return self.manifest.name


def removable(name: EnvironmentName, manifest: Manifest, policy: Policy) -> Removable:
    """Return the environment in the directory `name` as one that may be destroyed. Raises `NotRemovable`."""
    where = policy.roots.environment(name)
    if name != manifest.name:
        raise NotRemovable(
            f"`{where}` contains the manifest of `{manifest.name}`. Fix `name` in its environment.yaml first."
        )
    if name in policy.protected:
        raise NotRemovable(
            f"`{manifest.name}` is protected by the policy on the default branch, so it can't be destroyed."
        )
    if manifest.source is None:
        raise NotRemovable(
            f"`{manifest.name}` is not a clone (its manifest has no `source`), so it can't be destroyed."
        )
    return Removable(manifest, where)


@dataclass(frozen=True, slots=True)
class RemovalRequest:
    """Who requested that an environment be destroyed, and where. `comment` and `url` are absent when its time had come.

    `closed` is the pull request with which it ends, if that is the reason.
    """

    reason: Reason
    by: Login
    at: datetime
    comment: int | None = None
    url: str = ""
    closed: ClosedPull | None = None
