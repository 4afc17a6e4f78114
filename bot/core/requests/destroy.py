"""Which environments may be destroyed, and who asked for it.

A protected environment can't be expressed as a target: whatever destroys takes a `Removable`, and there is only one way to
get one.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from bot.errors import UserError
from bot.model.environment import Manifest, directory
from bot.model.policy import Policy
from bot.names import EnvironmentName, Login

MARKER = "<!-- envclone:destroy:{name}:{by} -->"
EXPIRED_ON = "It expired on {end:%Y-%m-%d %H:%M} UTC"
"""Words of the body by which the pull request of one very expiry is found again."""
ENDED_MARKER = "<!-- envclone:ended:{name} -->"
Reason: TypeAlias = Literal["command", "expiry"]


class NotRemovable(UserError):
    """The environment is protected, or was not cloned; the message says so."""


@dataclass(frozen=True, slots=True)
class Removable:
    """A clone that may be destroyed. Made by `removable` alone."""

    manifest: Manifest

    @property
    def name(self) -> EnvironmentName:
        return self.manifest.name


def removable(name: EnvironmentName, manifest: Manifest, policy: Policy) -> Removable:
    """Return the environment in the directory `name` as one that may be destroyed. Raises `NotRemovable`."""
    if name != manifest.name:
        raise NotRemovable(
            f"`{directory(name)}` contains the manifest of `{manifest.name}`. Fix `name` in its environment.yaml first."
        )
    if name in policy.protected:
        raise NotRemovable(
            f"`{manifest.name}` is protected by the policy on the default branch, so it can't be destroyed."
        )
    if manifest.source is None:
        raise NotRemovable(
            f"`{manifest.name}` is not a clone (its manifest has no `source`), so it can't be destroyed."
        )
    return Removable(manifest)


@dataclass(frozen=True, slots=True)
class RemovalRequest:
    """Who requested that an environment be destroyed, and where. `comment` and `url` are absent when it expired."""

    reason: Reason
    by: Login
    at: datetime
    comment: int | None = None
    url: str = ""
