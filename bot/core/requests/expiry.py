"""Expiry: which clones are to be warned about, which have outlived their time, and what is said.

Nothing here remembers: what was said is found on GitHub by hidden markers, one for each warning of each expiry. So a lost
database, a clock that was wrong, or two replicas make no second warning, and what was missed is made good at the next look.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.core.markdown import code, fence
from bot.core.requests.destroy import MARKER
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
    return f"<!-- envclone:expiry:{manifest.name}:{_end(manifest):%Y-%m-%dT%H:%M:%SZ}:{what} -->"


def warned(before: timedelta) -> str:
    """Return the word for one warning in a marker."""
    return f"warn-{duration.text(before)}"


def warning(one: Soon) -> str:
    """Return the comment that warns the owner. The same however late it is written, so that it is written once."""
    name, end = one.manifest.name, _end(one.manifest)
    return (
        f"@{one.manifest.owner}: {code(name)} expires on {end:%Y-%m-%d at %H:%M} UTC, in less "
        f"than {duration.text(one.before)}. A pull request to destroy it will be opened then. To keep it longer, "
        f"comment\n\n{fence(f'/extend {name} 7d', 'text')}"
    )


def ended(manifest: Manifest, number: int, url: str, *, auto_merge: bool) -> str:
    """Return the comment that says what has become of a clone whose time is over."""
    then = "It will be merged automatically once its check passes" if auto_merge else "Merging it destroys the clone"
    return (
        f"@{manifest.owner}: {code(manifest.name)} expired on {_end(manifest):%Y-%m-%d at %H:%M} UTC, and [#{number}]({url}) removes "
        f"it. {then}. To keep it, close #{number} and comment\n\n{fence(f'/extend {manifest.name} 7d', 'text')}"
    )


def declined(manifest: Manifest, number: int, url: str) -> str:
    """Return the comment after the pull request that would destroy it was closed."""
    return (
        f"@{manifest.owner}: [#{number}]({url}) was closed, so {code(manifest.name)} stays although it has expired, "
        "and no further pull request is opened automatically. Extend it, or destroy "
        f"it:\n\n{fence(f'/extend {manifest.name} 7d', 'text')}\n\n{fence(f'/destroy {manifest.name}', 'text')}"
    )


def refused(manifest: Manifest, reason: str) -> str:
    """Return the comment when the end can't be proposed."""
    return (
        f"@{manifest.owner}: {code(manifest.name)} has expired, but no pull request to destroy it can be "
        f"opened: {reason}"
    )


def is_end(manifest: Manifest, author: str, us: Login, body: str) -> bool:
    """Say whether a pull request is ours, and was opened because a time had come; never one that a person asked for."""
    return author == us and MARKER.format(name=manifest.name, by="expiry") in body


def is_end_of(manifest: Manifest, author: str, us: Login, body: str) -> bool:
    """Say whether a pull request is ours, and was opened because this very expiry had come."""
    return is_end(manifest, author, us, body) and f"It expired on {_end(manifest):%Y-%m-%d %H:%M} UTC" in body


def _end(manifest: Manifest) -> datetime:
    assert manifest.expires_at is not None
    return manifest.expires_at
