"""What people read, in a pull request, of the clones that try it."""

from collections.abc import Mapping

from bot.core.markdown import cell, code, shortened
from bot.core.messages.sync_text import LONGEST_LINE
from bot.core.messages.versions.evidence import Evidence
from bot.core.rendering.synced_values import answer
from bot.model.environment import Manifest
from bot.names import ParameterName

NOT_YET = "This commit was not applied there yet."
FAILED = "Its apply failed there: comment /resume once the cause is fixed, or push again."
MARKER = "<!-- envclone:preview:{name}:{commit} -->"


def stays(manifest: Manifest, commit: str, reason: str) -> str:
    """Return the comment, with its marker, when a preview can't be brought to a commit of its pull request."""
    return f"{_not_brought(manifest, commit)} {reason}\n\nPush again once that is fixed."


def waits(manifest: Manifest, commit: str, missing: Mapping[ParameterName, str]) -> str:
    """Return the comment, with its marker, when a commit of its pull request asks for values that a preview lacks."""
    listed = "\n".join(f"- {cell(shortened(why, LONGEST_LINE))}" for why in missing.values())
    return (
        f"{_not_brought(manifest, commit)} It needs values that you have to provide:\n\n{listed}\n\nComment {code(answer(manifest))} here, or push a "
        "default for each, or a value for its purpose."
    )


def _not_brought(manifest: Manifest, commit: str) -> str:
    was = f" at {manifest.preview.commit}" if manifest.preview is not None else " as it is"
    marker = MARKER.format(name=manifest.name, commit=commit)
    return f"{marker}\n{code(manifest.name)} was not brought to {commit}; it stays{was}."


def applied(found: Evidence) -> str:
    """Say how the change of a pull request did on a clone."""
    certified = "certified against its source" if found.certificate else "not certified against its source"
    return f"Applied on {found.applied_at:%Y-%m-%d %H:%M} UTC, with all its hooks; {certified}."
