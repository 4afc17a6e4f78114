"""Print lines and branches that tests reached, for each room of bot/.

python -m tests.coverage .cache/coverage.json
"""

import json
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any


def rooms(files: Mapping[str, Mapping[str, Any]]) -> dict[str, Counter[str]]:
    """Return the counts of coverage.py's report, added up for each package; `bot` is the files at the top."""
    found: dict[str, Counter[str]] = {}
    for path, file in files.items():
        counts = {name: count for name, count in file["summary"].items() if isinstance(count, int)}
        found.setdefault(str(PurePosixPath(path).parent), Counter()).update(counts)
    return found


def table(found: Mapping[str, Counter[str]]) -> str:
    """Return the rooms with their shares, and the whole."""
    whole: Counter[str] = sum(found.values(), Counter())
    rows = [*sorted(found.items()), ("all", whole)]
    width = max(len(name) for name, _ in rows)
    head = f"{'room':{width}}  {'lines':>7}  {'branches':>8}  {'of lines':>8}"
    return "\n".join([head, *(_row(name, counts, width) for name, counts in rows)])


def _row(name: str, counts: Counter[str], width: int) -> str:
    lines = _share(counts["covered_lines"], counts["num_statements"])
    branches = _share(counts["covered_branches"], counts["num_branches"])
    return f"{name:{width}}  {lines:>7}  {branches:>8}  {counts['num_statements']:>8}"


def _share(covered: int, total: int) -> str:
    return f"{covered / total:.1%}" if total else "-"


if __name__ == "__main__":
    print(table(rooms(json.loads(Path(sys.argv[1]).read_text("utf-8"))["files"])))
