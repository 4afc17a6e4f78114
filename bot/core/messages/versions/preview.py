"""What people read, in a pull request, of the clones that try it."""

from bot.core.markdown import code
from bot.core.messages.versions.evidence import Evidence
from bot.model.environment import Manifest

NOT_YET = "This commit was not applied there yet."
FAILED = "Its apply failed there: comment /resume once the cause is fixed, or push again."
MARKER = "<!-- envclone:preview:{name}:{commit} -->"


def stays(manifest: Manifest, commit: str, reason: str) -> str:
    """Return the comment, with its marker, when a preview can't be brought to a commit of its pull request."""
    was = f" at {manifest.preview.commit}" if manifest.preview is not None else " as it is"
    return (
        f"{MARKER.format(name=manifest.name, commit=commit)}\n"
        f"{code(manifest.name)} was not brought to {commit}; it stays{was}. {reason}\n\nPush again once that is fixed."
    )


def applied(found: Evidence) -> str:
    """Say how the change of a pull request did on a clone."""
    certified = "certified against its source" if found.certificate else "not certified against its source"
    return f"Applied on {found.applied_at:%Y-%m-%d %H:%M} UTC, with all its hooks; {certified}."
