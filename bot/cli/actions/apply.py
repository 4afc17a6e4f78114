"""`envclone apply ENV` and `envclone ledger ENV`: what the apply workflow runs, also to destroy, and what it left behind."""

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.actions.account_store import known_account, store_of
from bot.cli.actions.actions_job import on_github
from bot.cli.actions.options import AsJson, Root, StoreOption, actor, say_how_in_a_comment, stoppable, write_summary
from bot.cli.actions.run_context import context_of, request_of
from bot.cli.commenting import Post, post_comment
from bot.cli.console import DOES_NOT_HOLD, edge, environment_name, say
from bot.cli.options import Environment
from bot.clients.git.checkout import Checkout
from bot.clients.ledger import LeaseLost, LedgerFile
from bot.clients.orphans.searches import SEARCHES
from bot.core.ledger.apply_result import ApplyOutcome
from bot.core.ledger.destroy_report import DestroyReport
from bot.core.messages import apply_text, destroy_receipt, ledger_text
from bot.core.messages.apply_comment import refusal
from bot.core.messages.plan_comment import STEP_SUMMARY_LIMIT
from bot.core.messages.run_report import RunVerb, ending_of
from bot.errors import Unverifiable, UserError
from bot.model.policy import Policy
from bot.names import shown
from bot.runs.apply.apply import apply as apply_environment
from bot.runs.apply.github_status import DeploymentReport, pull_request_of
from bot.runs.asked_at import asked_at
from bot.runs.context import ApplyContext
from bot.runs.destroy.destroy import destroy as destroy_environment
from bot.runs.destroy.orphans import OrphanSearch
from bot.runs.request import ApplyRequest
from bot.runs.reviewed_commit import OnGitHub, reviewed_head


def apply(  # noqa: PLR0913, PLR0917 (one parameter for each option)
    environment: Environment,
    root: Root = Path(),
    commit: Annotated[
        str,
        typer.Option("--commit", metavar="COMMIT", help="The commit that is checked out; by default, HEAD."),
    ] = "",
    head: Annotated[
        str,
        typer.Option(
            "--head",
            metavar="COMMIT",
            help="The commit that was reviewed; otherwise found from history, GitHub or the ledger.",
        ),
    ] = "",
    store: StoreOption = "",
    max_parallel: Annotated[
        int,
        typer.Option(
            "--max-parallel", metavar="NUMBER", min=1, max=16, help="How many steps may run at the same time."
        ),
    ] = 4,
    take_over: Annotated[
        str,
        typer.Option(
            "--take-over",
            envvar="TAKE_OVER",
            metavar="REASON",
            help="Take the environment over from a dead run, with the state locks that it left; say how you know that it is dead.",
        ),
    ] = "",
    asked_by: Annotated[
        str, typer.Option("--request", envvar="REQUEST", metavar="TITLE", help="In Actions: the title of the run.")
    ] = "",
    post: Post = False,
    as_json: AsJson = False,
) -> None:
    """Apply what was reviewed and merged, or destroy what was removed in the same way."""
    with edge(), stoppable():
        name = environment_name(environment)
        if post:
            post_comment(f"/resume {name}", root, name, as_json=as_json)
            return
        say_how_in_a_comment(f"/resume {name}", root, name)
        policy = Checkout(root).policy_at(commit or "HEAD")
        on = on_github(os.environ)
        if take_over and os.environ.get("GITHUB_ACTIONS"):
            # The words of comments cost a start, and hardly any run takes over.
            from bot.runs.apply.takeover import TakeoverRequest, authorize  # noqa: PLC0415

            authorize(TakeoverRequest(name, take_over, actor(os.environ), asked_by, datetime.now(UTC)), on, policy)
        checkout, opened = Checkout(root, policy.roots), store_of(store, root, name, policy)
        checkout.bring_out(name)
        reviewed = head or reviewed_head(checkout, name, opened, on)
        request = replace(
            request_of(name, root, reviewed),
            take_over=take_over,
            max_parallel=max_parallel,
            asked_at=asked_at(root, reviewed, policy.roots.environment(name)),
        )
        if commit and not request.commit.startswith(commit):
            raise UserError(f"The checkout is at {request.commit[:12]}, not at {shown(commit)}.")
        account = known_account(root, name, policy)
        context = context_of(opened, policy, account, as_json)
        if request.asked_at:
            context.log(f"Requested at {request.asked_at}")
        found = _run(request, context, on, policy)
        text = destroy_receipt.text(found) if isinstance(found, DestroyReport) else apply_text.text(found)
        say(text, lambda: found.model_dump(mode="json"), as_json)
        if not ending_of(found).is_well:
            raise typer.Exit(DOES_NOT_HOLD)


def ledger(
    environment: Environment,
    root: Root = Path(),
    store: StoreOption = "",
    as_json: AsJson = False,
) -> None:
    """Print what each step of an environment did last, and which run holds its lock."""
    with edge():
        name = environment_name(environment)
        policy = Policy() if store else Checkout(root).policy_at("HEAD")
        found = LedgerFile(store_of(store, root, name, policy), name).read()
        say(ledger_text.text(found), lambda: found.model_dump(mode="json"), as_json)


def _run(
    request: ApplyRequest, context: ApplyContext, on: OnGitHub | None, policy: Policy
) -> ApplyOutcome | DestroyReport:
    """Apply, or destroy what is gone from the checkout; tell GitHub and the step summary how it goes."""
    verb: RunVerb = "apply" if Checkout(request.root, policy.roots).environment(request.environment) else "destroy"
    deployment = None
    if on is not None:
        number = pull_request_of(on.github, on.repository, request)
        deployment = DeploymentReport(on.github, on.repository, request, context.log, number, verb)
        deployment.begin()
    try:
        found = (
            apply_environment(request, context)
            if verb == "apply"
            else destroy_environment(request, context, policy, OrphanSearch(SEARCHES))
        )
    except (UserError, Unverifiable, KeyboardInterrupt) as error:
        reason = str(error) or "The run was stopped. Run the workflow again: it resumes where this one stopped."
        was_begun = isinstance(error, LeaseLost) or not isinstance(error, UserError)
        write_summary(refusal(request.environment, reason, was_begun=was_begun))
        if deployment is not None:
            deployment.refuse(reason, was_begun=was_begun)
        raise
    ending = ending_of(found)
    write_summary(ending.summary(STEP_SUMMARY_LIMIT))
    if deployment is not None:
        deployment.end(ending)
    return found
