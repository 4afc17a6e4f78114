"""From the comment to the pull request, as whoever asked waits for it: through GitHub's delivery, the web process and the worker.

Against git's own quickest way in the same run: a partial clone with a sparse checkout, commit and push, which opens no pull request.
"""

import tempfile
import time
from pathlib import Path
from statistics import median

from tests.bench.monorepo import WAYS, by_git, grow
from tests.support.needs import allowed
from tests.support.serving import Serving, serving
from tests.support.small_monorepo import REPOSITORY

SIZES = (10, 1_000)
LATER = 5


def measure() -> list[tuple[str, float, str]]:
    """Return rows of (what, ratio to the baseline, baseline)."""
    with allowed({"e2e"}):
        return [row for size in SIZES for row in _measure(size)]


def _measure(size: int) -> list[tuple[str, float, str]]:
    way = [*WAYS][-1]
    with tempfile.TemporaryDirectory() as scratch, serving(Path(scratch)) as service:
        service.server.add_user("admin", REPOSITORY, "admin")
        grow(service.server, size)
        base = by_git(service.server, Path(scratch) / "work", *WAYS[way])
        first = _waited(service, 0)
        later = median(_waited(service, number) for number in range(1, 1 + LATER))
        service.kill()
        service.start()
        anew = _waited(service, 1 + LATER)
    waits = {"first clone": first, "later ones": later, "first after a restart": anew}
    return [
        (f"{which} among {size:,} environments: {took:.2f} s", took / base.seconds, f"{way} ({base})")
        for which, took in waits.items()
    ]


def _waited(service: Serving, number: int) -> float:
    """Ask for a clone; return how long its pull request takes, to a twentieth of a second, and wait until nothing more is done for it."""
    branch, began = f"envclone/new-{number}", time.perf_counter()
    comment = service.comment(f"/clone production as new-{number} for demo")
    service.until(
        lambda: any(each.pull is not None and each.pull.head_ref == branch for each in service.server.pulls(REPOSITORY))
    )
    took = time.perf_counter() - began
    service.until(lambda: service.replies(comment) and _is_answered(service, comment))
    return took


def _is_answered(service: Serving, comment: int) -> bool:
    return any(each.content == "rocket" for each in service.server.reactions(comment))
