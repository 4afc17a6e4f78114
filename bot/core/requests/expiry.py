"""Expiry: which clones are to be warned about and which have outlived their time.

Nothing here remembers: what was said is found on GitHub by hidden markers, one for each warning of each expiry. So a lost
database, a clock that was wrong, or two replicas make no second warning, and what was missed is made good at the next look.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.requests.destroy import EXPIRED_ON, MARKER
from bot.model import duration
from bot.model.environment import Manifest
from bot.model.policy import Policy
from bot.names import EnvironmentName, Login


@dataclass(frozen=True, slots=True)
class Soon:
    """A clone whose owner is to be warned: it expires in less than `before`."""

    manifest: Manifest
    before: timedelta


@dataclass(frozen=True, slots=True)
class Due:
    """Clones by what their time asks for. One that has long to live is in neither."""

    soon: tuple[Soon, ...]
    expired: tuple[Manifest, ...]

    @property
    def names(self) -> tuple[EnvironmentName, ...]:
        return tuple(sorted([one.manifest.name for one in self.soon] + [one.name for one in self.expired]))


def due(manifests: Iterable[Manifest], now: datetime, policy: Policy) -> Due:
    """Split live clones into those to warn about, each with the last warning that has come, and those to destroy."""
    soon, expired = [], []
    for manifest in manifests:
        end = manifest.expires_at
        # What has no source was not cloned, whatever its manifest says, and is never destroyed.
        if end is None or manifest.source is None or manifest.name in policy.protected:
            continue
        come = [before for before in policy.expiry.warn if now >= end - before]
        if now >= end:
            expired.append(manifest)
        elif come:
            soon.append(Soon(manifest, min(come)))
    return Due(tuple(soon), tuple(expired))


def marker(manifest: Manifest, what: str) -> str:
    """Return the hidden text of what is said once about this expiry; a clone that was extended has another."""
    return f"<!-- envclone:expiry:{manifest.name}:{end_of(manifest):%Y-%m-%dT%H:%M:%SZ}:{what} -->"


def warned(before: timedelta) -> str:
    """Return the word for one warning in a marker."""
    return f"warn-{duration.text(before)}"


def is_end(manifest: Manifest, author: str, us: Login, body: str) -> bool:
    """Say whether a pull request is ours, and was opened because a time had come; never one that a person asked for."""
    return author == us and MARKER.format(name=manifest.name, by="expiry") in body


def is_end_of(manifest: Manifest, author: str, us: Login, body: str) -> bool:
    """Say whether a pull request is ours, and was opened because this very expiry had come."""
    return is_end(manifest, author, us, body) and EXPIRED_ON.format(end=end_of(manifest)) in body


def end_of(manifest: Manifest) -> datetime:
    """Return when a clone that expires does."""
    assert manifest.expires_at is not None
    return manifest.expires_at
