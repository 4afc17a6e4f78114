"""Checkouts of real actions, for the runs in which they take the place of the sandbox's stand-ins.

They are not vendored, and GitHub can't be reached from everywhere: `ENVCLONE_REAL_ACTIONS` names a directory that has one at
OWNER/NAME for each action that is to run for real, at the commit that the workflows name.
"""

import os
from collections.abc import Mapping
from pathlib import Path

VARIABLE = "ENVCLONE_REAL_ACTIONS"


def real_actions() -> Mapping[str, Path]:
    """Return the checkouts by `owner/name`; none unless somebody has named their directory."""
    named = os.environ.get(VARIABLE)
    if not named:
        return {}
    return {f"{file.parent.parent.name}/{file.parent.name}": file.parent for file in Path(named).glob("*/*/action.yml")}
