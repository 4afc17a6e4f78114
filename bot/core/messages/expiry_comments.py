"""What the owner of a clone reads when its time is over, or soon will be."""

from bot.core.markdown import code, fence
from bot.core.requests.destroy import ClosedPull
from bot.core.requests.expiry import Outlived, Soon, end_of
from bot.model import duration
from bot.model.environment import Manifest


def warning(one: Soon) -> str:
    """Return the comment that warns the owner. The same however late it is written, so that it is written once."""
    name, end = one.manifest.name, end_of(one.manifest)
    return (
        f"@{one.manifest.owner}: {code(name)} expires on {end:%Y-%m-%d at %H:%M} UTC, in less "
        f"than {duration.words(one.before)}. A pull request to destroy it will be opened then. To keep it longer, "
        f"comment\n\n{fence(f'/extend {name} 7d', 'text')}"
    )


def ended(one: Outlived, number: int, url: str, *, auto_merge: bool) -> str:
    """Return the comment that says what has become of a clone whose time is over."""
    manifest = one.manifest
    then = "It will be merged automatically once its check passes" if auto_merge else "Merging it destroys the clone"
    if (closed := one.newest.closed) is not None:
        return (
            f"@{manifest.owner}: [#{closed.number}]({closed.url}) was {closed.how}, and {code(manifest.name)} was requested only until "
            f"then, so [#{number}]({url}) removes it. {then}. To keep it until it expires, close #{number}."
        )
    return (
        f"@{manifest.owner}: {code(manifest.name)} expired on {one.newest.at:%Y-%m-%d at %H:%M} UTC, and [#{number}]({url}) removes "
        f"it. {then}. To keep it, close #{number} and comment\n\n{fence(f'/extend {manifest.name} 7d', 'text')}"
    )


def declined(one: Outlived, number: int, url: str) -> str:
    """Return the comment after the pull request that would destroy it was closed."""
    manifest, closed = one.manifest, one.newest.closed
    destroy = fence(f"/destroy {manifest.name}", "text")
    if closed is not None:
        return (
            f"@{manifest.owner}: [#{number}]({url}) was closed, so {code(manifest.name)} stays until it expires, although "
            f"[#{closed.number}]({closed.url}) was {closed.how}. To destroy it earlier, comment\n\n{destroy}"
        )
    return (
        f"@{manifest.owner}: [#{number}]({url}) was closed, so {code(manifest.name)} stays although it has expired, "
        "and no further pull request is opened automatically. Extend it, or destroy "
        f"it:\n\n{fence(f'/extend {manifest.name} 7d', 'text')}\n\n{destroy}"
    )


def refused(one: Outlived, reason: str) -> str:
    """Return the comment when the end can't be proposed."""
    manifest, closed = one.manifest, one.newest.closed
    if closed is not None:
        over = (
            f"[#{closed.number}]({closed.url}) was {closed.how}, but no pull request to destroy {code(manifest.name)}"
        )
        return f"@{manifest.owner}: {over} can be opened: {reason}"
    return (
        f"@{manifest.owner}: {code(manifest.name)} has expired, but no pull request to destroy it can be "
        f"opened: {reason}"
    )


def not_needed(manifest: Manifest, closed: ClosedPull) -> str:
    """Return the comment on the pull request of a clone that was never deployed, when it is closed with the one it was bound to."""
    return (
        f"@{manifest.owner}: [#{closed.number}]({closed.url}) was {closed.how}, and {code(manifest.name)} was requested only until "
        "then, so this pull request is closed. Reopen it if you still need the clone."
    )


def needed_again(manifest: Manifest) -> str:
    """Return the comment on the removal of a clone, when it is closed because the clone's pull request is open again."""
    return f"@{manifest.owner}: #{manifest.ends_with} is open again, so this pull request is closed and {code(manifest.name)} stays."
