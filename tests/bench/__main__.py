"""`make bench`: every benchmark, each as a ratio to a named baseline measured in the same run. No test asserts a time."""

import importlib
import sys

BENCHES = (
    "start",
    "clone_calls",
    "render",
    "monorepo",
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
    for name in sys.argv[1:] or BENCHES:
        print(f"{name}: {(importlib.import_module(f'tests.bench.{name}').__doc__ or '').strip()}")
        for what, ratio, baseline in importlib.import_module(f"tests.bench.{name}").measure():
            print(f"  {ratio:10.2f} × {baseline:28} {what}")


if __name__ == "__main__":
    main()
