"""Expiry: which clones are to be warned about and which have outlived their time, or the pull request that they were bound to.

Nothing here remembers: what was said is found on GitHub by hidden markers, one for each warning of each expiry. So a lost
database, a clock that was wrong, or two replicas make no second warning, and what was missed is made good at the next look.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.requests.destroy import EXPIRED_ON, MARKER, ClosedPull, Reason
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
class End:
    """A moment from which a clone is to go: it has expired, or `closed` was merged or closed."""

    at: datetime
    closed: ClosedPull | None = None

    @property
    def reason(self) -> Reason:
        return "expiry" if self.closed is None else "pull_request"

    @property
    def words(self) -> str:
        """The words of a removal's body by which it is this end's."""
        return EXPIRED_ON.format(end=self.at) if self.closed is None else self.closed.sentence


@dataclass(frozen=True, slots=True)
class Outlived:
    """A clone that is to go, by one end or both, oldest first. The newest one is said; a removal for any of them will do."""

    manifest: Manifest
    ends: tuple[End, ...]

    @property
    def newest(self) -> End:
        return self.ends[-1]


@dataclass(frozen=True, slots=True)
class Due:
    """Clones by what their time asks for. One that has long to live is in neither."""

    soon: tuple[Soon, ...]
    ended: tuple[Outlived, ...]

    @property
    def names(self) -> tuple[EnvironmentName, ...]:
        return tuple(sorted([one.manifest.name for one in self.soon] + [one.manifest.name for one in self.ended]))


def due(manifests: Iterable[Manifest], now: datetime, policy: Policy, closed: Mapping[int, ClosedPull]) -> Due:
    """Split live clones into those to warn about, each with the last warning that has come, and those to destroy.

    `closed` are the pull requests that clones are bound to and that were merged or closed, by their numbers.
    """
    soon, ended = [], []
    for manifest in manifests:
        # What has no source was not cloned, whatever its manifest says, and is never destroyed.
        if manifest.source is None or manifest.name in policy.protected:
            continue
        expires = manifest.expires_at
        come = [before for before in policy.expiry.warn if expires is not None and now >= expires - before]
        if ends := _ends(manifest, now, closed):
            ended.append(Outlived(manifest, ends))
        elif come:
            soon.append(Soon(manifest, min(come)))
    return Due(tuple(soon), tuple(ended))


def _ends(manifest: Manifest, now: datetime, closed: Mapping[int, ClosedPull]) -> tuple[End, ...]:
    expires, pull = manifest.expires_at, closed.get(manifest.ends_with) if manifest.ends_with is not None else None
    ends = [End(expires)] if expires is not None and now >= expires else []
    ends += [End(pull.at, pull)] if pull is not None else []
    return tuple(sorted(ends, key=lambda end: end.at))


def marker(manifest: Manifest, what: str, at: datetime) -> str:
    """Return the hidden text of what is said once about the end `at` this moment; a clone that was extended has another."""
    return f"<!-- envclone:expiry:{manifest.name}:{at:%Y-%m-%dT%H:%M:%SZ}:{what} -->"


def warned(before: timedelta) -> str:
    """Return the word for one warning in a marker."""
    return f"warn-{duration.text(before)}"


def is_automatic(manifest: Manifest, author: str, us: Login, body: str, reason: Reason) -> bool:
    """Say whether a pull request is ours, and was opened for this reason; never one that a person asked for."""
    return author == us and MARKER.format(name=manifest.name, by=reason) in body


def is_end_of(manifest: Manifest, end: End, author: str, us: Login, body: str) -> bool:
    """Say whether a pull request is ours, and was opened because this very end had come."""
    return is_automatic(manifest, author, us, body, end.reason) and end.words in body


def end_of(manifest: Manifest) -> datetime:
    """Return when a clone that expires does."""
    assert manifest.expires_at is not None
    return manifest.expires_at
