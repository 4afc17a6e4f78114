"""What outlives a sandbox, which removes everything else at its end: the logs of one that failed, and a page to look at."""

import shutil
import subprocess
import tempfile
from datetime import datetime
from pathlib import Path

from bot.clients.git.checkout import own_checkout
from bot.core.parity.output.page import page
from bot.core.parity.output.page_origin import PageOrigin
from bot.names import EnvironmentName
from bot.runs.plan.code_parity import check_parity
from bot.sandbox.github.git.bare import BareRepository

LOGS = ("service/service.log", "actions/**/log.txt")


def keep_logs(root: Path) -> Path:
    """Copy the logs of a sandbox to a directory that stays, at the same places below it; return that directory."""
    kept = Path(tempfile.mkdtemp(prefix="envclone-logs-"))
    for log in (found for pattern in LOGS for found in root.glob(pattern)):
        place = kept / log.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(log, place)
    return kept


def keep_parity_page(bare: BareRepository, commit: str, name: EnvironmentName, now: datetime) -> Path:
    """Write the page that compares an environment of a commit with its source to a file that stays; return its path."""
    with tempfile.TemporaryDirectory(prefix="envclone-") as scratch:
        tree = Path(scratch) / "tree"
        for words in (
            ["clone", "--quiet", "--no-checkout", str(bare.path), str(tree)],
            ["-C", str(tree), "checkout", "--quiet", commit],
        ):
            subprocess.run(["git", *words], check=True, capture_output=True, timeout=120)
        found = check_parity(own_checkout(tree), name, None, now)
    place = Path(tempfile.mkdtemp(prefix="envclone-demo-")) / "parity.html"
    place.write_text(page(found.parity, found.leaks, PageOrigin(commit, now)), "utf-8")
    return place
