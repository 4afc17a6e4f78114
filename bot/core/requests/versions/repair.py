"""What changed outside is put back by a pull request that changes nothing but when that was asked for.

Its plan is that of the very version that was applied, so whatever the plan does is what differs. It is reviewed, merged and applied as
every other plan.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from bot.core.markdown import code
from bot.core.rendering.assemble import manifest_file
from bot.core.requests.change import Changed
from bot.core.requests.refusal import Refused
from bot.core.requests.rerun import Last
from bot.core.tree import File
from bot.model.environment import MANIFEST, Manifest
from bot.model.roots import Roots
from bot.names import EnvironmentName


def not_repairable(name: EnvironmentName, last: Last | None) -> Refused | None:
    """Return why an environment can't be put back to what was applied; None when it can, because it is on the default branch as it was."""
    resume = code(f"/resume {name}")
    if last is None:
        return Refused(f"{code(name)} was never applied, so there is nothing to put back.")
    if last.state == "in_progress":
        return Refused(f"{code(name)} is being applied. Comment the command again when that is over.")
    if last.state == "failure":
        return Refused(f"The last apply of {code(name)} failed. Comment {resume}: it goes on at the step that failed.")
    if not last.is_current:
        return Refused(
            f"The default branch has another {code(name)} than the one that was applied. Comment {resume} to apply it."
        )
    return None


def draft_repair(manifest: Manifest, files: Mapping[str, File], now: datetime, roots: Roots) -> Changed:
    """Return the environment with nothing changed but the time, which is always another one: without a difference nothing is planned."""
    at, last = now.replace(microsecond=0), manifest.repaired_at
    becomes = manifest.model_copy(update={"repaired_at": at if last is None else max(at, last + timedelta(seconds=1))})
    return Changed(becomes, {**files, MANIFEST: manifest_file(becomes, roots)})
