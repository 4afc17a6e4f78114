"""Start of the command line in processor time, against `terraform version` and `git --version`."""

import resource
import subprocess
import sys

from bot.cli.commands import COMMANDS

LINES = ("--help", *(f"{command.name} --help" for command in COMMANDS), "verify", "list")
"""The help of a command is printed after all that the command imports."""

BASELINES = ("terraform version", "git --version")


def measure(repeat: int = 3) -> list[tuple[str, float, str]]:
    """Return rows of (what, ratio to the baseline, baseline)."""
    base = {line: processor_time(line.split(), repeat) for line in BASELINES}
    ours = {line: processor_time([sys.executable, "-m", "bot.cli.app", *line.split()], repeat) for line in LINES}
    return [
        (f"envclone {line} ({seconds:.2f} s)", seconds / base[name], f"{name} ({base[name]:.3f} s)")
        for line, seconds in ours.items()
        for name in BASELINES
    ]


def processor_time(command: list[str], repeat: int) -> float:
    """Return the least processor time of some runs: what else the machine does only adds to it."""
    found = []
    for _ in range(repeat):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True, timeout=600)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(found)
