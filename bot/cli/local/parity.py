"""`envclone parity`: how a clone differs from production, and why, from the code of this checkout alone."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.actions.account_store import store_of
from bot.cli.actions.actions_job import named_repository
from bot.cli.actions.options import proposed_page
from bot.cli.console import DOES_NOT_HOLD, WrongUsage, edge, environment_name, say
from bot.cli.local.directory_parity import (
    DirectoryOptions,
    FailOn,
    TheirVariableFiles,
    TheirWorkspace,
    VariableFiles,
    Workspace,
    compare,
    fail,
    shown,
)
from bot.cli.local.options import AnyRoot, AsJson, ReportFormat, checkout, checkout_around
from bot.cli.local.parity_of_all import parity_of_all
from bot.cli.options import completed
from bot.clients.git.checkout import Checkout, own_checkout
from bot.clients.git.commits import commit_of
from bot.clients.git.web_address import is_committed, last_pull_request, web_address
from bot.core.parity.certificate import sentence
from bot.core.parity.leaks import unwaived
from bot.core.parity.output.directory_page import directory_page
from bot.core.parity.output.document import document
from bot.core.parity.output.markdown import report
from bot.core.parity.output.page import page
from bot.core.parity.output.page_origin import UNKNOWN, PageOrigin
from bot.core.parity.output.text import text
from bot.core.parity.report import Parity
from bot.errors import UserError
from bot.runs.directory_parity import AskedSide, is_directory_pair
from bot.runs.plan.code_parity import Checked, check_parity
from bot.runs.plan.recertify import Recertified, certificate_by_code, kept_certificate

EITHER = (
    "Name a clone, as in `envclone parity demo-x`, or a directory; or compare all clones with `envclone parity --all`, which takes no option but "
    "`--json` and `--root`."
)


def parity(  # noqa: PLR0913, PLR0917 (one parameter for each option)
    context: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|PATH",
            help="The clone; or any directory of Terraform code, or a `.tfvars` file in one.",
            show_default=False,
            autocompletion=completed("environments"),
        ),
    ] = "",
    against: Annotated[
        str,
        typer.Option(
            "--against",
            metavar="NAME|PATH",
            help="The environment to compare with, by default the one that it was cloned from; or another directory or file.",
        ),
    ] = "",
    kind: Annotated[
        ReportFormat | None,
        typer.Option(
            "--format", metavar="FORMAT", help="text (the default), json, html or markdown.", show_default=False
        ),
    ] = None,
    fail_on: FailOn = "",
    variable_files: VariableFiles = [],  # noqa: B006 (typer copies it)
    their_variable_files: TheirVariableFiles = [],  # noqa: B006
    workspace: Workspace = "",
    their_workspace: TheirWorkspace = "",
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="PATH", help="Write the report as an HTML page to this file.", dir_okay=False),
    ] = None,
    certificate: Annotated[
        bool,
        typer.Option(
            "--certificate",
            help="Print the certificate instead: the one kept by the plan (with GITHUB_TOKEN, GITHUB_REPOSITORY and "
            "credentials that read the account's state bucket), or else one by code for this commit.",
        ),
    ] = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Compare each clone in this checkout with its source, one line each.")
    ] = False,
    root: AnyRoot = Path(),
    as_json: AsJson = False,
) -> None:
    """Show how a clone, or any directory of Terraform code, differs from another, and why."""
    with edge():
        kind = ReportFormat.JSON if as_json else kind or ReportFormat.TEXT
        asked = DirectoryOptions(
            AskedSide(name, tuple(variable_files), workspace),
            AskedSide(against, tuple(their_variable_files), their_workspace),
            fail_on,
        )
        if everything or not (name or against or asked.are_given):
            is_page = html is not None or kind in {ReportFormat.HTML, ReportFormat.MARKDOWN}
            if name or not everything or asked.are_given or is_page or certificate or against:
                raise WrongUsage(EITHER)
            parity_of_all(own_checkout(checkout(context, root)), as_json=kind is ReportFormat.JSON)
            return
        if not name or (
            not _is_environment(root, name) and (asked.are_given or is_directory_pair(root, name, against))
        ):
            _directories(root, asked, kind, html)
            return
        if asked.are_given:
            raise WrongUsage(
                f"{name} is an environment, whose purpose says what must match: leave out `--fail-on`, `--var-file` and "
                "`--workspace`, or name directories."
            )
        there = own_checkout(checkout(context, root))
        on = named_repository(os.environ)
        if certificate and on is not None:
            store = store_of("", there.root, environment_name(name), there.policy())
            _say_kept(kept_certificate(there, environment_name(name), on, store, datetime.now(UTC)), name, as_json)
            return
        source = environment_name(against) if against else None
        checked = check_parity(there, environment_name(name), source, datetime.now(UTC))
        if certificate and checked.holds:
            issued = certificate_by_code(there, checked.parity, checked.leaks, datetime.now(UTC))
            say(sentence(issued), lambda: {"holds": True, "because": [], **issued.model_dump(mode="json")}, as_json)
            return
        if certificate:
            typer.echo(f"`{name}` has no certificate, because parity does not hold:\n", err=as_json)
        is_page = html is not None or kind is ReportFormat.HTML
        origin = _origin(there, checked.parity, datetime.now(UTC)) if is_page else UNKNOWN
        if html is not None:
            _write(html, page(checked.parity, checked.leaks, origin))
        _say_checked(checked, kind, html, origin)
        if not checked.holds:
            raise typer.Exit(DOES_NOT_HOLD)


def _is_environment(root: Path, name: str) -> bool:
    around = checkout_around(root)
    return around is not None and name in own_checkout(around).directories("environments")


def _origin(there: Checkout, parity: Parity, now: datetime) -> PageOrigin:
    """Return what the page says of the code that was compared; no commit where the work tree has something else."""
    directories = (there.roots.environment(parity.against), there.roots.environment(parity.environment))
    if not is_committed(there.root, *directories):
        return PageOrigin(at=now)
    commit, address = commit_of(there.root), web_address(there.root)
    files = f"{address}/blob/{commit}" if address else ""
    return PageOrigin(commit, now, files, _pull(there, address, directories[1]), directories)


def _pull(there: Checkout, address: str, directory: str) -> str:
    """Return the page of the pull request that this job is about, or else of the last one that changed the clone, as far as it is known."""
    if proposed := proposed_page(os.environ):
        return proposed
    number = last_pull_request(there.root, directory) if address else None
    return f"{address}/pull/{number}" if number else ""


def _say_checked(checked: Checked, kind: ReportFormat, html: Path | None, origin: PageOrigin) -> None:
    match kind:
        case ReportFormat.HTML:
            said = page(checked.parity, checked.leaks, origin)
        case ReportFormat.MARKDOWN:
            said = report(checked.parity)
        case ReportFormat.TEXT | ReportFormat.JSON:
            said = text(checked.parity, unwaived(checked.leaks)) + (f"\nWrote {html}." if html else "")
    say(said, lambda: document(checked.parity, checked.leaks), kind is ReportFormat.JSON)


def _directories(root: Path, asked: DirectoryOptions, kind: ReportFormat, html: Path | None) -> None:
    found = compare(root, asked)
    if html is not None:
        _write(html, directory_page(found))
    shown(found, kind)
    fail(found, asked.fail_on)


def _write(path: Path, content: str) -> None:
    try:
        path.write_text(content, "utf-8")
    except OSError as error:
        raise UserError(
            f"{path} could not be written: {error.strerror}. Choose a file in an existing directory."
        ) from error


def _say_kept(kept: Recertified | None, name: str, as_json: bool) -> None:
    """Print a certificate that is kept on GitHub; leave with 1 when there is none or it holds no longer."""
    if kept is None:
        raise UserError(f"`{name}` has no certificate: no plan has found parity with its source yet.")
    lines = [sentence(kept.certificate), *(f"No longer valid: {reason}." for reason in kept.lapsed)]
    data = {"holds": not kept.lapsed, "because": list(kept.lapsed), **kept.certificate.model_dump(mode="json")}
    say("\n".join(lines), lambda: data, as_json)
    if kept.lapsed:
        raise typer.Exit(DOES_NOT_HOLD)
