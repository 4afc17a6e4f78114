"""`envclone plan ENV`: what the plan workflow runs for each environment, with the read-only role."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.actions.account_store import account_store
from bot.cli.actions.actions_job import proposed_commit
from bot.cli.actions.options import AsJson, run_url, say_how_in_a_comment, write_summary
from bot.cli.actions.run_context import terraform_of
from bot.cli.commenting import Post, post_comment
from bot.cli.console import DOES_NOT_HOLD, NOT_CHECKED, edge, environment_name, say, width
from bot.cli.masked import process_secrets
from bot.cli.options import Environment
from bot.clients.git.checkout import Checkout
from bot.clients.git.commits import commit_of, file_at
from bot.core.parity.by_plan.snapshot import SourceSnapshot, read_snapshot
from bot.core.plans.environment_plan import ChangeKind
from bot.core.rendering.assemble import read_manifest
from bot.core.requests.accounts import account_of
from bot.core.tree import Tree
from bot.errors import Unreadable, Unverifiable, UserError
from bot.model.account import PolicyAccount
from bot.model.environment import MANIFEST
from bot.model.policy import Policy
from bot.names import EnvironmentName, TemplateName
from bot.runs.asked_at import asked_at
from bot.runs.clock_check import check_clock
from bot.runs.plan.context import PlanContext
from bot.runs.plan.parity import ParityBase
from bot.runs.plan.plan import Planned, PlanOutcome
from bot.runs.plan.plan import plan as plan_environment
from bot.runs.plan.plan_destroy import plan_destroy
from bot.runs.plan.report import Report, Unplanned, masked, report, write_report
from bot.runs.plan.request import PlanRequest


def plan(  # noqa: PLR0913, PLR0917 (one parameter for each option)
    environment: Environment,
    root: Annotated[
        Path, typer.Option("--root", metavar="PATH", help="The checkout of the change.", file_okay=False, exists=True)
    ] = Path(),
    base: Annotated[
        str, typer.Option("--base", metavar="COMMIT", help="Commit before the change; its policy applies.")
    ] = "",
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="PATH",
            help="Directory for plan.md, plan.json, parity.json and report.json, which `envclone post` posts.",
        ),
    ] = None,
    production: Annotated[
        Path | None,
        typer.Option(
            "--production",
            metavar="PATH",
            help="The snapshot of the source environment, from `envclone snapshot`. It is deleted once it is read.",
            dir_okay=False,
        ),
    ] = None,
    post: Post = False,
    as_json: AsJson = False,
) -> None:
    """Plan an environment's stacks and hooks, compare it with its source, keep the review, and report."""
    with edge():
        name = environment_name(environment)
        if post:
            post_comment(f"/plan {name}", root, name, as_json=as_json)
            return
        say_how_in_a_comment(f"/plan {name}", root, name)
        event = _event(os.environ)
        before = base or event.base
        roots = Checkout(root).policy_at(before).roots
        request = PlanRequest(name, commit_of(root), _change(Checkout(root, roots), before, name), run_url(os.environ))
        if event.head and event.head != request.commit:
            raise Unverifiable(f"The checkout is at {request.commit}, but the pull request's head is {event.head}.")
        if requested := asked_at(root, request.commit, roots.environment(name)):
            typer.echo(f"Requested at {requested}", err=True)
        # Before anything of the pull request runs: its code could read files, and this one is about another account.
        snapshot = _taken(production)
        outcome, code = _outcome(request, root, ParityBase(before, snapshot), as_json)
        said = masked(report(request, outcome), process_secrets())
        if as_json:
            say("", lambda: said.data, as_json)
        _tell(request, said, output, to_terminal=not as_json)
        if code:
            raise typer.Exit(code)


def _taken(path: Path | None) -> SourceSnapshot | None:
    """Return the snapshot, and leave none behind. A job without one (the source's account is not in the policy) has no file."""
    if path is None or not path.exists():
        return None
    try:
        return read_snapshot(path.read_bytes())
    finally:
        path.unlink()


def _outcome(
    request: PlanRequest, root: Path, against: ParityBase, as_json: bool
) -> tuple[PlanOutcome | Unplanned, int]:
    """Return the outcome and the exit code; that nothing could be planned is reported like any other outcome."""
    try:
        context = _context(request, root, against, as_json)
        context.checkout.bring_out(request.environment)
        destroys = request.change == "destroy"
        outcome = plan_destroy(request, context, against.commit) if destroys else plan_environment(request, context)
    except (Unreadable, Unverifiable) as error:
        return Unplanned(str(error)), NOT_CHECKED
    except UserError as error:
        return Unplanned(str(error)), DOES_NOT_HOLD
    return outcome, 0 if isinstance(outcome, Planned) and outcome.holds else DOES_NOT_HOLD


def _context(request: PlanRequest, root: Path, against: ParityBase, as_json: bool) -> PlanContext:
    base = against.commit
    policy = Checkout(root).policy_at(base)
    checkout = Checkout(root, policy.roots)
    account = _account(checkout, request, base, policy)
    store = account_store(account)
    # Waivers end by the clock.
    check_clock(store)

    def base_template(name: TemplateName) -> Tree:
        return checkout.template_at(name, f"{base}:{policy.roots.template(name)}") or {}

    return PlanContext(
        checkout=checkout,
        policy=policy,
        base_template=base_template,
        terraform=terraform_of(policy, account),
        store=store,
        now=lambda: datetime.now(UTC),
        log=partial(typer.echo, err=as_json),
        against=against,
        proposed=proposed_commit(os.environ),
    )


def _account(checkout: Checkout, request: PlanRequest, base: str, policy: Policy) -> PolicyAccount:
    name = request.environment
    files = checkout.environment(name) or checkout.environment_at(name, base) or {}
    return account_of(read_manifest(files, policy.roots.environment(name)), policy)


def _change(checkout: Checkout, base: str, name: EnvironmentName) -> ChangeKind:
    if name not in checkout.directories("environments"):
        return "destroy"
    manifest = f"{checkout.roots.environment(name)}/{MANIFEST}"
    return "create" if file_at(checkout.root, base, manifest) is None else "update"


def _tell(request: PlanRequest, said: Report, output: Path | None, *, to_terminal: bool) -> None:
    if to_terminal:
        typer.echo(said.check.title)
    if output is not None:
        write_report(output, request, said)
    write_summary(said.step_summary)
    if to_terminal and output is None and not os.environ.get("GITHUB_STEP_SUMMARY"):
        from bot.cli.terminal import plain  # noqa: PLC0415 (in a workflow nothing is printed)

        typer.echo(f"\n{plain(said.complete, width())}")


@dataclass(frozen=True, slots=True)
class _Event:
    """The pull request that started the workflow; empty outside of Actions.

    `base` is the base branch as it is now, not as it was at the event: a run that is started again weeks later has today's policy.
    """

    base: str = "HEAD"
    head: str = ""


def _event(environment: Mapping[str, str]) -> _Event:
    path = environment.get("GITHUB_EVENT_PATH")
    if not path:
        return _Event()
    try:
        pull = json.loads(Path(path).read_text("utf-8"))["pull_request"]
        return _Event(f"origin/{pull['base']['ref']}", str(pull["head"]["sha"]))
    except (OSError, ValueError, KeyError, TypeError):
        raise Unverifiable("The workflow's event names no pull request.") from None
