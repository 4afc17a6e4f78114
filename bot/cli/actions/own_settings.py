"""The settings of a service that lives for one job of Actions."""

from collections.abc import Mapping
from pathlib import Path

from bot.settings import PREFIX, Settings, read

_OURS = f"{PREFIX}GITHUB_"
_SIGNED = f"{PREFIX}DISPATCH_SECRETS"


def own_settings(environment: Mapping[str, str], scratch: Path) -> Settings:
    """Return who we are to GitHub, whose signatures count, and nothing else of what the service could be told. Raises `UserError`."""
    # What nobody has set is an empty text in a workflow.
    found = {key: value for key, value in environment.items() if value and (key.startswith(_OURS) or key == _SIGNED)}
    if api := environment.get("GITHUB_API_URL"):
        found.setdefault(f"{_OURS}API_URL", api)
    return read({**found, f"{PREFIX}DATA_DIR": str(scratch)})
