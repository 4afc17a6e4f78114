"""`make bench`: every benchmark, each as a ratio to a named baseline measured in the same run. No test asserts a time."""

import importlib
import sys
from pathlib import Path

BENCHES = (
    "start",
    "clone_calls",
    "render",
    "monorepo",
    "jobs",
    "served",
    "at_once",
    "checkout",
    "stack",
    "parity",
    "parity_plan",
    "rollout",
    "webhook",
)


def main() -> None:
    """Run the benchmarks named on the command line, or all."""
    known = sorted(each.stem for each in Path(__file__).parent.glob("[!_]*.py"))
    if unknown := [name for name in sys.argv[1:] if name not in known]:
        sys.exit(f"There is no benchmark called {' or '.join(unknown)}. Choose from {', '.join(known)}.")
    for name in sys.argv[1:] or BENCHES:
        print(f"{name}: {(importlib.import_module(f'tests.bench.{name}').__doc__ or '').strip()}")
        for what, ratio, baseline in importlib.import_module(f"tests.bench.{name}").measure():
            print(f"  {ratio:10.2f} × {baseline:28} {what}")


if __name__ == "__main__":
    main()
