"""Data is made anew by a pull request that changes nothing but when that was asked for; the plan names the hooks that run for it."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.core.rendering.assemble import manifest_file
from bot.core.requests.change import Changed
from bot.core.tree import File
from bot.model.environment import MANIFEST, Manifest
from bot.model.roots import Roots


def draft_data_reset(manifest: Manifest, files: Mapping[str, File], now: datetime, roots: Roots) -> Changed:
    """Return the environment with nothing changed but the time, which is always another one: without a difference nothing is planned."""
    at, last = now.replace(microsecond=0), manifest.data_reset_at
    becomes = manifest.model_copy(
        update={"data_reset_at": at if last is None else max(at, last + timedelta(seconds=1))}
    )
    return Changed(becomes, {**files, MANIFEST: manifest_file(becomes, roots)})
