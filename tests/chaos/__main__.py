"""`make chaos`: environments are proposed, applied and destroyed while everything is killed and fails, and nothing is lost or doubled.

Each part leads the same lives twice, under trouble and in peace. What is there at the end must be the same. A seed repeats a run.
"""

import argparse
import random
import shutil
import signal
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.chaos.deployments import deployments
from tests.chaos.found import Run
from tests.chaos.proposals import proposals

PARTS = {"proposals": proposals, "deployments": deployments}


def main() -> int:
    """Lead lives under trouble for some minutes; exit with 1 when anything is lost or doubled."""
    parser = argparse.ArgumentParser(prog="make chaos ARGS=…", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long there is trouble, in all (default: 10)")
    parser.add_argument(
        "--seed", type=int, default=random.SystemRandom().randrange(2**32), help="repeats a run's lives and troubles"
    )
    parser.add_argument("--only", choices=PARTS, help="one part of it")
    parser.add_argument(
        "--replicas", type=int, default=1, help="of the service; with two or more on PostgreSQL (default: 1)"
    )
    parser.add_argument("--kills", type=int, default=12, help="of one act of a deployment, at most (default: 12)")
    given = parser.parse_args()
    parts = [given.only] if given.only else [*PARTS]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # and end what was started
    print(f"seed {given.seed}", flush=True)
    kept = Path(tempfile.mkdtemp(prefix="envclone-chaos-"))
    is_well = True
    for part in parts:
        counted: Counter[str] = Counter()
        (kept / part).mkdir()
        run = Run(given.seed, given.minutes * 60 / len(parts), given.replicas, given.kills)
        try:
            found = PARTS[part](kept / part, run, counted)
        finally:
            print("; ".join(f"{count} {what}" for what, count in sorted(counted.items())), flush=True)
        print(found.text(), flush=True)
        is_well = is_well and not found.lost and not found.doubled
    if not is_well:
        print(f"Logs and data are in {kept}.")
        return 1
    shutil.rmtree(kept)
    return 0


if __name__ == "__main__":
    sys.exit(main())
