"""In which order environments get a new revision of their template."""

from collections.abc import Sequence
from typing import TypeAlias

from bot.model.environment import Manifest
from bot.model.policy import Policy
from bot.model.rollout import Wave
from bot.names import EnvironmentName

Waves: TypeAlias = tuple[tuple[EnvironmentName, ...], ...]


def waves(members: Sequence[Manifest], policy: Policy) -> Waves:
    """Return the environments of a rollout in waves, each in exactly one; protected ones are by themselves, last or first."""
    guarded = sorted(each.name for each in members if each.name in policy.protected)
    left = sorted((each for each in members if each.name not in policy.protected), key=lambda each: each.name)
    found: list[Sequence[EnvironmentName]] = []
    for wave in policy.rollout.waves:
        found.append([each.name for each in left if _belongs(each, wave)])
        left = [each for each in left if not _belongs(each, wave)]
    found.append([each.name for each in left])
    found = [guarded, *found] if policy.rollout.protected == "first" else [*found, guarded]
    return tuple(tuple(each) for each in found if each)


def joined(begun: Waves, late: Sequence[Manifest], policy: Policy) -> Waves:
    """Return the waves of a rollout under way, with those behind that came after its start: they follow at the end."""
    known = {name for wave in begun for name in wave}
    return (*begun, *waves([each for each in late if each.name not in known], policy))


def _belongs(manifest: Manifest, wave: Wave) -> bool:
    return manifest.name in wave.environments or manifest.purpose in wave.purposes
