"""What the sandbox needs of a machine beside the service's own packages, looked for before anything is started."""

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from bot.errors import UserError

_MODULES = ("moto", "werkzeug")
"""Of the extra `sandbox`; a server in a process of its own imports them, so that the sandbox itself would start without."""


def check_needs(programs: Path = Path(sys.executable).parent) -> None:
    """Raise `UserError` with one line for what is missing and what to type; `programs` is where pip puts those of packages."""
    lacking = list(_lacking(programs))
    if lacking:
        raise UserError(
            f"The sandbox needs {' and '.join(lacking)}, which {'is' if len(lacking) == 1 else 'are'} not installed: "
            "`pip install 'envclone[sandbox]'`."
        )
    if shutil.which("git") is None:
        raise UserError(
            "`git` is not on PATH, and the sandbox's GitHub keeps its repositories with it: install git 2.31 or newer."
        )


def _lacking(programs: Path) -> Iterator[str]:
    yield from (name for name in _MODULES if importlib.util.find_spec(name) is None)
    if not os.access(programs / "act", os.X_OK):
        yield "act"
