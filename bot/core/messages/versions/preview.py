"""What people read, in a pull request, of the clones that try it."""

from bot.core.markdown import code
from bot.model.environment import Manifest

MARKER = "<!-- envclone:preview:{name}:{commit} -->"


def stays(manifest: Manifest, commit: str, reason: str) -> str:
    """Return the comment, with its marker, when a preview can't be brought to a commit of its pull request."""
    was = f" at {manifest.preview.commit}" if manifest.preview is not None else ""
    return (
        f"{MARKER.format(name=manifest.name, commit=commit)}\n"
        f"{code(manifest.name)} was not brought to {commit}; it stays{was}. {reason}\n\nPush again once that is fixed."
    )
