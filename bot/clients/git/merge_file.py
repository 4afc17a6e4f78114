"""Merge a text by lines as git does, outside of any repository."""

import subprocess
import tempfile
from pathlib import Path

from bot.clients.git.command import completed
from bot.core.rendering.merge import TextSides
from bot.errors import Unverifiable

TIMEOUT = 60
"""Seconds; files of a template are merged in milliseconds."""
MOST_CONFLICTS = 127
"""`git merge-file` exits with the number of conflicts up to this one; above is an error."""
LABELS = ("as edited by hand", "as the template rendered it", "as the template renders it now")


def merge_text(sides: TextSides, names: tuple[str, str, str] = LABELS, *, timeout: float = TIMEOUT) -> bytes:
    """Return the text with the changes of both sides, and with conflict markers where they meet. Raises `Unverifiable`."""
    with tempfile.TemporaryDirectory(prefix="envclone-merge-") as scratch:
        paths = []
        for name, data in (("ours", sides.ours), ("base", sides.base), ("theirs", sides.theirs)):
            path = Path(scratch) / name
            path.write_bytes(data)
            paths.append(str(path))
        labels = [word for label in names for word in ("-L", label)]
        try:
            arguments = ["merge-file", "-p", "--quiet", "--diff3", *labels, *paths]
            done = completed(Path(scratch), arguments, timeout=timeout)
        except subprocess.TimeoutExpired as error:
            raise Unverifiable(f"git merge-file took longer than {timeout} s.") from error
    if not 0 <= done.returncode <= MOST_CONFLICTS:
        raise Unverifiable(f"git merge-file failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
