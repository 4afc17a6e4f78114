"""Print the changelog's section of a release, and refuse a tag that is not the version in pyproject.toml.

python .ci/release_notes.py v1.2.3 >notes.md
"""

import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent


def main(tag: str) -> int:
    """Return 0 if the tag may be released, else 1, with what to do on standard error."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    if tag != f"v{version}":
        return _refuse(f"The tag is {tag}, but pyproject.toml has version {version}. Tag the commit as v{version}.")
    notes = section((ROOT / "CHANGELOG.md").read_text("utf-8"), version)
    if not notes:
        return _refuse(f"CHANGELOG.md has no notes for {version}. Rename `## Unreleased` to `## {version}`.")
    print(notes)
    return 0


def section(changelog: str, version: str) -> str:
    """Return what stands below the heading of a version (`## 1.2.3` or `## 1.2.3 (2026-11-28)`), or an empty text."""
    for part in changelog.split("\n## ")[1:]:
        heading, _, notes = part.partition("\n")
        if heading.split()[:1] == [version]:
            return notes.strip()
    return ""


def _refuse(why: str) -> int:
    print(why, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
