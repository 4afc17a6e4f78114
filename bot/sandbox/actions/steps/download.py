"""actions/download-artifact against the sandbox: copy what other jobs of the run have uploaded."""

from __future__ import annotations

import fnmatch
import os
import shutil
from pathlib import Path

from bot.sandbox.actions.steps.toolkit import fail, inputs


def main() -> None:
    """Download one artifact by name, straight into the path, or several by pattern, a directory each."""
    given = inputs()
    kept = Path(os.environ["SANDBOX_ARTIFACTS"])
    target = Path(os.environ["GITHUB_WORKSPACE"], given["path"])
    target.mkdir(parents=True, exist_ok=True)
    if given["name"]:
        if not (kept / given["name"]).is_dir():
            fail(f"Artifact not found for name: {given['name']}")
        shutil.copytree(kept / given["name"], target, dirs_exist_ok=True)
        return
    names = sorted(entry.name for entry in kept.iterdir()) if kept.is_dir() else []
    for name in fnmatch.filter(names, given["pattern"] or "*"):
        shutil.copytree(kept / name, target / name, dirs_exist_ok=True)


if __name__ == "__main__":
    main()
