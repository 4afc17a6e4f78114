"""actions/upload-artifact against the sandbox: copy files beside the run and record them with its GitHub."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from bot.sandbox.actions.steps.requests import ask
from bot.sandbox.actions.steps.toolkit import fail, hand_on, inputs


def main() -> None:
    """Upload the files of the inputs' paths, named from where all of them begin."""
    given = inputs()
    workspace = Path(os.environ["GITHUB_WORKSPACE"])
    files = [file for line in given["path"].splitlines() if line.strip() for file in _files(workspace / line.strip())]
    if not files:
        if given["if-no-files-found"] == "error":
            fail(f"No files were found with the provided path: {given['path']}")
        print(f"::warning::No files were found with the provided path: {given['path']}. No artifacts will be uploaded.")
        return
    target = Path(os.environ["SANDBOX_ARTIFACTS"], given["name"])
    if target.exists():
        fail(f"an artifact with the name {given['name']} already exists on the workflow run")
    start = Path(os.path.commonpath([file.parent for file in files]))
    for file in files:
        copy = target / file.relative_to(start)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
    kept = ask(f"{os.environ['SANDBOX_SERVICE']}/artifacts", {"name": given["name"]})
    hand_on("GITHUB_OUTPUT", {"artifact-id": str(kept["id"])})
    print(f"Uploaded {len(files)} file(s) as {given['name']}")


def _files(path: Path) -> list[Path]:
    """Return the file, or those below the directory; hidden ones are left out, as the real action does unless told otherwise."""
    found = sorted(path.rglob("*")) if path.is_dir() else [path]
    return [file for file in found if file.is_file() and not _is_hidden(file, path.parent)]


def _is_hidden(file: Path, above: Path) -> bool:
    return any(part.startswith(".") for part in file.relative_to(above).parts)


if __name__ == "__main__":
    main()
