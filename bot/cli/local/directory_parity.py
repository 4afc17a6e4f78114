"""`envclone parity` of two directories: options that only they have, the formats of the report, and the exit code for CI."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, get_args

import typer

from bot.cli.console import DOES_NOT_HOLD, NOT_CHECKED, WrongUsage, say, stop
from bot.cli.local.options import ReportFormat
from bot.core.parity.directories.report import DirectoryParity
from bot.core.parity.output.directory_document import directory_document
from bot.core.parity.output.directory_markdown import directory_markdown
from bot.core.parity.output.directory_page import directory_page
from bot.core.parity.output.directory_text import directory_text
from bot.model.template import Aspect
from bot.runs.directory_parity import AskedSide, compare_directories

FAILURES = ("any", "missing", "extra", "changed", "same-state", "unread", *get_args(Aspect))
"""What `--fail-on` takes; `changed` and `any` are about what differs in more than name, account and address."""

VariableFiles = Annotated[
    list[Path],
    typer.Option(
        "--var-file", metavar="PATH", help="A file of values for the first directory's variables, as for Terraform."
    ),
]
TheirVariableFiles = Annotated[
    list[Path],
    typer.Option("--against-var-file", metavar="PATH", help="The same for the directory that it is compared with."),
]
Workspace = Annotated[
    str, typer.Option("--workspace", metavar="NAME", help="The value of `terraform.workspace` in the first directory.")
]
TheirWorkspace = Annotated[
    str,
    typer.Option("--against-workspace", metavar="NAME", help="The same for the directory that it is compared with."),
]
FailOn = Annotated[
    str,
    typer.Option(
        "--fail-on",
        metavar="WHAT",
        help=f"Exit with 1 on these differences of two directories, separated by commas: {', '.join(FAILURES)}.",
    ),
]


@dataclass(frozen=True, slots=True)
class DirectoryOptions:
    """What was given for two directories beside their names."""

    ours: AskedSide
    theirs: AskedSide
    fail_on: str

    @property
    def are_given(self) -> bool:
        """Say whether anything was given that only directories take."""
        sides = (self.ours, self.theirs)
        return bool(self.fail_on) or any(side.variable_files or side.workspace for side in sides)


def compare(root: Path, asked: DirectoryOptions) -> DirectoryParity:
    """Return the comparison that was asked for. Raises `WrongUsage`, `Unverifiable`."""
    demands(asked.fail_on)
    if not asked.ours.text:
        raise WrongUsage(
            "The first directory has no name. Say which one is compared: `envclone parity infra/staging --against infra/production`."
        )
    if not asked.theirs.text:
        if not asked.ours.variable_files and not asked.ours.workspace:
            raise WrongUsage(
                f"Say what to compare {asked.ours.text} with: `envclone parity {asked.ours.text} --against infra/production`."
            )
        theirs = AskedSide(asked.ours.text, asked.theirs.variable_files, asked.theirs.workspace)
        return compare_directories(root, asked.ours, theirs)
    return compare_directories(root, asked.ours, asked.theirs)


def shown(parity: DirectoryParity, kind: ReportFormat) -> None:
    """Print the comparison in a format."""
    written = {
        ReportFormat.TEXT: directory_text,
        ReportFormat.HTML: directory_page,
        ReportFormat.MARKDOWN: directory_markdown,
    }
    say(written.get(kind, directory_text)(parity), lambda: directory_document(parity), kind is ReportFormat.JSON)


def fail(parity: DirectoryParity, fail_on: str) -> None:
    """Leave with 1 when there is something that was asked to fail on, and with 2 when code that may hold it was not read."""
    names = demands(fail_on)
    found = failing(parity, names)
    if found:
        listed = ", ".join(f"{name} ({count})" for name, count in found.items())
        typer.echo(f"Fails on: {listed}.", err=True)
        raise typer.Exit(DOES_NOT_HOLD)
    unread = [note.place for note in parity.notes if note.is_unread]
    if names and unread:
        stop(f"Not checked: {', '.join(unread)} could not be read; the report says why.", NOT_CHECKED)


def failing(parity: DirectoryParity, names: Sequence[str]) -> Mapping[str, int]:
    """Return how much there is of each of these."""
    told = [each.difference for each in parity.telling]
    counts = {
        "any": len(told),
        "same-state": len(parity.alarms),
        "unread": len(parity.notes),
        **{kind: sum(each.kind == kind for each in told) for kind in ("missing", "extra", "changed")},
    }
    by_aspect = {
        name: sum(each.difference.aspect == name for each in parity.differences) for name in names if name not in counts
    }
    return {name: count for name in names if (count := {**counts, **by_aspect}[name])}


def demands(text: str) -> Sequence[str]:
    """Return what `--fail-on` says. Raises `WrongUsage` with what it may say."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in FAILURES:
            raise WrongUsage(f"`--fail-on` doesn't know `{name}`. Choose from {', '.join(FAILURES)}.")
    return names
