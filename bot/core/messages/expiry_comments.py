"""What the owner of a clone reads when its time is over, or soon will be."""

from bot.core.markdown import code, fence
from bot.core.requests.expiry import Soon, end_of
from bot.model import duration
from bot.model.environment import Manifest


def warning(one: Soon) -> str:
    """Return the comment that warns the owner. The same however late it is written, so that it is written once."""
    name, end = one.manifest.name, end_of(one.manifest)
    return (
        f"@{one.manifest.owner}: {code(name)} expires on {end:%Y-%m-%d at %H:%M} UTC, in less "
        f"than {duration.text(one.before)}. A pull request to destroy it will be opened then. To keep it longer, "
        f"comment\n\n{fence(f'/extend {name} 7d', 'text')}"
    )


def ended(manifest: Manifest, number: int, url: str, *, auto_merge: bool) -> str:
    """Return the comment that says what has become of a clone whose time is over."""
    then = "It will be merged automatically once its check passes" if auto_merge else "Merging it destroys the clone"
    return (
        f"@{manifest.owner}: {code(manifest.name)} expired on {end_of(manifest):%Y-%m-%d at %H:%M} UTC, and [#{number}]({url}) removes "
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
