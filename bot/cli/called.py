"""How somebody calls this program again: a checkout's `.venv/bin/envclone` is mostly not among the commands that a shell finds."""

import shlex
import shutil
import sys
from pathlib import Path
from typing import Final

NAME: Final = "envclone"


def called() -> str:
    """Return what to type to run this program: its name if the shell finds it, otherwise its path from here."""
    found = Path(sys.executable).parent / NAME
    on_path = shutil.which(NAME)
    if not found.exists() or (on_path is not None and Path(on_path).samefile(found)):
        return NAME
    return shlex.quote(str(found.relative_to(Path.cwd()) if found.is_relative_to(Path.cwd()) else found))
